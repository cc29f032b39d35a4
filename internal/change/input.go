package change

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	// InputLeadTime is how long before the work may begin something is handed in at the earliest: kept for an hour only,
	// it would be gone by the time a later change window opens.
	InputLeadTime = 30 * time.Minute
	// inputGrace is how long nobody is asked for it after somebody has done something: the form may be open.
	inputGrace = 5 * time.Minute
)

// InputPolicy is a Policy that says who may hand in what a proposal needs. Under any other, who may approve may.
type InputPolicy interface {
	// MaySubmit returns nil if by may, else a *NotAllowedError that says why not.
	MaySubmit(ctx context.Context, r *Request, by Actor) error
}

// inputs are what people hand in for a request.
type inputs struct{ *decisions }

// CanSubmitInput returns nil if by may hand in what r needs now. Errors: *StateError, *NotAllowedError, and what the policy
// meets.
func (s inputs) CanSubmitInput(ctx context.Context, r *Request, by Actor) error {
	if r.State != Pending && r.State != Approved {
		return &StateError{Event: Approve, Now: r}
	}
	if r.Proposal.RequiredInput == "" {
		return &NotAllowedError{Why: "this request requires no input"}
	}
	custody := s.o.Policy.Eligible
	if c, ok := s.o.Policy.(InputPolicy); ok {
		custody = c.MaySubmit
	}
	if err := custody(ctx, r, by); err != nil {
		return err
	}
	begins := r.NotBefore
	if r.State == Pending {
		verdict, err := s.o.Policy.Evaluate(ctx, r)
		if err != nil {
			return err
		}
		begins = verdict.NotBefore
	}
	if from := begins.Add(-InputLeadTime); from.After(s.o.Now()) {
		const clock = "Mon 2 Jan 15:04 MST"
		return &NotAllowedError{Why: fmt.Sprintf("the change starts no earlier than %s, and %s is kept for only an hour: provide it from %s on",
			begins.UTC().Format(clock), r.Proposal.RequiredInput, from.UTC().Format(clock))}
	}
	return nil
}

// SubmitInput records that what the proposal needs was handed in; the caller has put it where the step finds it. It moves
// the request when nothing else is missing. It may be said again, which starts its time anew. Errors as of Approve.
func (s inputs) SubmitInput(ctx context.Context, p DecisionInput) (*Request, error) {
	return s.decide(ctx, p, "", DecisionInputSubmitted, func(r *Request, m *Transition) error {
		if err := s.CanSubmitInput(ctx, r, p.By); err != nil || r.State == Approved {
			return err
		}
		return s.settle(ctx, r, m)
	})
}

// needsInputFor reports whether r awaits what it needs, or will by the time that the verdict lets the work begin.
func needsInputFor(r *Request, v Evaluation, now time.Time) bool {
	if v.NotBefore.After(now) {
		now = v.NotBefore
	}
	return r.NeedsInput(now)
}

// RequestInput records that those who may hand in what r needs are asked for it: once nothing else is missing and the work
// could begin soon. As of Remind, the record is what makes it happen once. It reports whether it was due.
func (s inputs) RequestInput(ctx context.Context, r *Request) (bool, error) {
	if r.Proposal.RequiredInput == "" {
		return false, nil
	}
	_, err := s.decide(ctx, DecisionInput{ID: r.ID}, "", DecisionInputRequested, func(r *Request, m *Transition) error {
		if r.State != Pending {
			return errNotDue
		}
		verdict, err := s.o.Policy.Evaluate(ctx, r)
		if err != nil {
			return err
		}
		who := verdict.Submitters[:min(len(verdict.Submitters), RemindedAtOnce)]
		if len(who) == 0 || !inputRequestDue(r, verdict, s.o.Now()) {
			return errNotDue
		}
		m.Decisions[len(m.Decisions)-1].To = who
		m.Entry.Detail = strings.Join(who, " ")
		return nil
	})
	return due(err)
}

// inputRequestDue reports whether it is time to ask for what r needs, and nobody has been asked since it is.
func inputRequestDue(r *Request, v Evaluation, now time.Time) bool {
	if !v.Enough || !r.NeedsInput(now) {
		return false
	}
	since := v.NotBefore.Add(-InputLeadTime)
	for _, d := range r.Decisions {
		if by := d.At.Add(inputGrace); d.By.User != "" && by.After(since) {
			since = by
		}
	}
	last := r.Last(DecisionInputRequested)
	return !now.Before(since) && (last == nil || last.At.Before(since))
}

// due is what came of something that the clock does: an error that says that it was not due, or no more, is none.
func due(err error) (bool, error) {
	var state *StateError
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, errNotDue), errors.Is(err, ErrNotFound), errors.As(err, &state):
		return false, nil
	}
	return false, err
}
