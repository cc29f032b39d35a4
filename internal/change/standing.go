package change

import (
	"context"
	"errors"
	"slices"
)

// Approval is what people approved, kept with the record that it led to, so that the same can be done again under it.
type Approval struct {
	Request   string              `json:"request"`   // that they approved
	By        string              `json:"by"`        // who asked for it
	Approvers []string            `json:"approvers"` // whose approvals were in force
	Policy    string              `json:"policy"`    // the rules that they were weighed by, see Evaluation.Policy
	Traits    map[string][]string `json:"traits"`    // of what they approved
	Substance string              `json:"substance"` // likewise, see Proposal.Substance
}

// StandingApproval is an approval from before that a request of the bot is to run under.
type StandingApproval struct {
	Approval
	Attempt int `json:"attempt,omitempty"` // how many came to nothing before this one
}

// StandingPolicy is a Policy that lets a request run under an approval from before. Under any other, people are asked.
type StandingPolicy interface {
	// Stands says how r stands with its standing approval: enough, or a *NotAllowedError says why not.
	Stands(ctx context.Context, r *Request) (Evaluation, error)
}

// approval is what people approved as r; nil where nothing can be done under it again.
func (r *Request) approval() *Approval {
	if r.Proposal.Substance == "" {
		return nil
	}
	if r.UnderStanding() {
		return &r.StandingApproval.Approval
	}
	a := Approval{Request: r.ID, By: r.Requester.User, Traits: r.Proposal.Traits, Substance: r.Proposal.Substance}
	for _, d := range r.Approvals() {
		a.Approvers = append(a.Approvers, d.By.User)
	}
	for _, d := range slices.Backward(r.Decisions) {
		if d.Policy != "" && d.Digest == r.Proposal.Digest {
			a.Policy = d.Policy
			return &a
		}
	}
	return nil
}

// UnderStanding reports whether r is to run, or has run, under an approval from before: nobody is asked.
func (r *Request) UnderStanding() bool {
	return r.StandingApproval != nil && r.Last(DecisionStandsNot) == nil && r.Last(Unapproved) == nil && r.Last(DecisionDrift) == nil
}

var errNotStanding = errors.New("it is not to run under a standing approval")

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
		return m.standsNot("the policy knows no standing approvals")
	}
	verdict, err := policy.Stands(ctx, r)
	if refused, ok := errors.AsType[*NotAllowedError](err); ok {
		return m.standsNot(refused.Why)
	}
	if err != nil {
		return err // who belongs to a group is not known just now: it is asked again
	}
	m.begins(verdict)
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
func (m *Transition) begins(v Evaluation) {
	m.NotBefore = v.NotBefore
	if !v.NotAfter.IsZero() {
		m.Deadline = v.NotAfter // a change that nobody began within its window is not begun after it
	}
}
