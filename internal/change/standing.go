package change

import (
	"context"
	"errors"
	"time"
)

// StandingPolicy is a Policy that lets a request run under an approval from before. Under any other, people are asked.
type StandingPolicy interface {
	// Stands says how r stands with its standing approval: enough, or a *NotAllowedError says why not.
	Stands(ctx context.Context, r *Request) (Evaluation, error)
}

var errNotStanding = errors.New("it can't use the connection's approval")

// Stand approves a request that waits under its standing approval, or records why that does not stand: then people are asked.
// It does nothing to any other request.
func (s *Service) Stand(ctx context.Context, r *Request) error {
	if r.State != Pending || !r.UnderStanding() {
		return nil
	}
	_, err := s.decide(ctx, DecisionInput{ID: r.ID, Reason: "approved as request " + r.StandingApproval.Request}, Approve, DecisionStands,
		func(r *Request, m *Transition) error {
			if r.State != Pending || !r.UnderStanding() {
				return errNotStanding
			}
			return s.stand(ctx, r, m)
		})
	if errors.Is(err, errNotStanding) || errors.Is(err, ErrConflict) {
		return nil
	}
	return err
}

func (s *Service) stand(ctx context.Context, r *Request, m *Transition) error {
	policy, ok := s.o.Policy.(StandingPolicy)
	if !ok {
		return m.standsNot("the policy has no standing approvals")
	}
	verdict, err := policy.Stands(ctx, r)
	if refused, ok := errors.AsType[*NotAllowedError](err); ok {
		return m.standsNot(refused.Why)
	}
	if err != nil {
		return err // who belongs to a group is not known just now: it is asked again
	}
	m.begins(r.Proposal, verdict, s.o.Now())
	m.Entry.Rule = verdict.Rule
	return nil
}

func (m *Transition) standsNot(why string) error {
	d := &m.Decisions[len(m.Decisions)-1]
	d.Kind, d.Reason = DecisionStandsNot, why
	m.Event, m.To = "", m.From
	m.Entry.What, m.Entry.Detail = string(DecisionStandsNot), why
	return nil
}

// begins says when the work of an approved request may begin.
func (m *Transition) begins(p Proposal, v Evaluation, now time.Time) {
	m.NotBefore = v.NotBefore
	if !v.NotAfter.IsZero() {
		m.Deadline = p.Deadline(v.NotAfter, now) // a change that nobody began within its window is not begun after it
	}
}
