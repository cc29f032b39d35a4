package change

import (
	"context"
	"errors"
	"strings"
	"time"
)

// GlassPolicy is a Policy under which somebody may approve a request alone, in an emergency, which others review afterwards.
// Under any other, nobody may.
type GlassPolicy interface {
	// MayBreakGlass returns under which terms by may approve r alone now; a *NotAllowedError says why not.
	MayBreakGlass(ctx context.Context, r *Request, by Actor) (Glass, error)
	// MayReview returns nil if by may review what somebody approved alone, else a *NotAllowedError that says why not.
	MayReview(ctx context.Context, r *Request, by Actor) error
	// Reviewers are those who may now.
	Reviewers(ctx context.Context, r *Request) ([]string, error)
}

// Glass are the terms of a rule under which somebody approves alone.
type Glass struct {
	Rule      string
	Policy    string        // names the rules as they are, see Evaluation.Policy
	Within    time.Duration // it has to be reviewed
	Reviewers []string      // who can; none where that is not known just now
}

// emergencies are approvals by one person alone, and their reviews.
type emergencies struct{ *decisions }

// glass is the policy, if it knows emergencies.
func (s emergencies) glass() (GlassPolicy, error) {
	policy, ok := s.o.Policy.(GlassPolicy)
	if !ok {
		return nil, &NotAllowedError{Why: "the policy lets nobody approve alone"}
	}
	return policy, nil
}

// CanBreakGlass says beforehand what BreakGlass would, and under which terms.
func (s emergencies) CanBreakGlass(ctx context.Context, r *Request, by Actor) (Glass, error) {
	policy, err := s.glass()
	if err != nil {
		return Glass{}, err
	}
	if _, ok := r.State.Next(Approve); !ok {
		return Glass{}, &StateError{Event: Approve, Now: r}
	}
	return policy.MayBreakGlass(ctx, r, by)
}

// BreakGlass approves a request alone and at once, in an emergency. A review of it stays open until somebody else has looked.
// Errors as of Approve.
func (s emergencies) BreakGlass(ctx context.Context, p DecisionInput) (*Request, error) {
	policy, err := s.glass()
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(p.Reason) == "" {
		return nil, &NotAllowedError{Why: "say why it can't wait: it stands in the audit, and is reviewed"}
	}
	return s.decide(ctx, p, Approve, DecisionBreakGlass, func(r *Request, m *Transition) error {
		glass, err := policy.MayBreakGlass(ctx, r, p.By)
		if err != nil {
			return err
		}
		d := &m.Decisions[len(m.Decisions)-1]
		d.To, d.Policy, d.Due = glass.Reviewers, glass.Policy, d.At.Add(glass.Within)
		if !r.Review().Open() {
			m.Review = &d.Due
		}
		m.Entry.Rule = glass.Rule
		return nil
	})
}

// CanReview says beforehand what ReviewGlass would.
func (s emergencies) CanReview(ctx context.Context, r *Request, by Actor) error {
	policy, err := s.glass()
	if err != nil {
		return err
	}
	switch v := r.Review(); {
	case v == nil:
		return &NotAllowedError{Why: "nobody has approved this alone"}
	case !v.Open():
		return &NotAllowedError{Why: "this has been reviewed already"}
	}
	return policy.MayReview(ctx, r, by)
}

// ReviewInput is what somebody says of a request that was approved alone.
type ReviewInput struct {
	DecisionInput
	Right bool
}

// ReviewGlass records what somebody says of a request that was approved alone: that it was right, or not, with a sentence.
// Errors: *NotAllowedError, ErrNotFound, ErrUnavailable.
func (s emergencies) ReviewGlass(ctx context.Context, p ReviewInput) (*Request, error) {
	kind := DecisionReviewRight
	if !p.Right {
		kind = DecisionReviewWrong
		if strings.TrimSpace(p.Reason) == "" {
			return nil, &NotAllowedError{Why: "say what was not right"}
		}
	}
	return s.decide(ctx, p.DecisionInput, "", kind, func(r *Request, m *Transition) error {
		if r.Review() != nil && !r.Review().Open() && alreadyDecided(r, kind, p.DecisionInput) {
			return errAlreadyDecided
		}
		m.Review = &time.Time{}
		return s.CanReview(ctx, r, p.By)
	})
}

// RemindReviews records of each review that is overdue, at most limit of them, that it is told of: what shows requests to
// people tells them. It returns how many it recorded.
func (s emergencies) RemindReviews(ctx context.Context, limit int) (int, error) {
	policy, err := s.glass()
	if err != nil {
		return 0, nil //nolint:nilerr // under such a policy there is nothing to review
	}
	ids, err := s.requests.ReviewsDue(ctx, s.o.Now(), limit)
	if err != nil {
		return 0, err
	}
	n := 0
	var errs []error
	for _, id := range ids {
		_, err := s.decide(ctx, DecisionInput{ID: id}, "", DecisionReviewOverdue, func(r *Request, m *Transition) error {
			v := r.Review()
			if !v.Open() || s.o.Now().Before(v.next()) {
				return errNotDue
			}
			m.Review = &v.Due
			who, err := policy.Reviewers(ctx, r)
			if err != nil {
				who = v.Reviewers // the channel is told, and those who were asked before
			}
			m.Decisions[len(m.Decisions)-1].To = who
			return nil
		})
		recorded, err := due(err)
		if recorded {
			n++
		}
		errs = append(errs, err)
	}
	return n, errors.Join(errs...)
}
