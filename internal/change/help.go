package change

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// WaitPolicy is a Policy that says who does what the bot can't do itself. Under any other, who may approve may.
type WaitPolicy interface {
	// MayHelp returns nil if by may, else a *NotAllowedError that says why not.
	MayHelp(ctx context.Context, r *Request, by Actor) error
}

// helping is what people do for a request that waits for them.
type helping struct{ *decisions }

// mayHelp returns nil if p was said about what r waits for now, by who may.
func (s helping) mayHelp(ctx context.Context, r *Request, p DecisionInput) error {
	if r.State != WaitingForPerson {
		return &StateError{Event: Continue, Now: r}
	}
	for _, d := range r.Decisions {
		if p.CardVersion != 0 && p.CardVersion < d.Version && d.Kind.answers() {
			return &StaleError{Now: r} // it was said about an earlier question
		}
	}
	if policy, ok := s.o.Policy.(WaitPolicy); ok {
		return policy.MayHelp(ctx, r, p.By)
	}
	return s.o.Policy.Eligible(ctx, r, p.By)
}

// answers reports whether the work goes on with the decision.
func (k DecisionKind) answers() bool {
	return k == DecisionRenew || k == DecisionHandDone || k == DecisionWaitEnded
}

// TakeKey records that a person is about to be shown the key that r waits with: the record is what makes it happen once.
func (s helping) TakeKey(ctx context.Context, p DecisionInput) (*Request, error) {
	return s.decide(ctx, p, "", DecisionKeyTaken, func(r *Request, m *Transition) error {
		if err := s.mayHelp(ctx, r, p); err != nil {
			return err
		}
		if t := r.Wait.Taken; t != nil || !r.Wait.HasKey {
			return &NotAllowedError{Why: "the key was already shown, and it is shown only once: create a new one if you need it"}
		}
		m.waits(r, func(w *Wait) { w.Taken = &Taken{By: p.By.User, At: s.o.Now()} })
		return nil
	})
}

// KeyShown records that who took the key has seen it.
func (s helping) KeyShown(ctx context.Context, id string, by Actor) (*Request, error) {
	return s.decide(ctx, DecisionInput{ID: id, By: by}, "", DecisionKeyShown, func(r *Request, m *Transition) error {
		if r.State != WaitingForPerson {
			return &StateError{Event: Continue, Now: r}
		}
		if t := r.Wait.Taken; t == nil || t.By != by.User {
			return ErrConflict
		}
		m.waits(r, func(w *Wait) { w.Taken = &Taken{By: by.User, At: w.Taken.At, Shown: true} })
		return nil
	})
}

// RenewKey has another key made in place of the one that r waits with, because that one was lost, or may have been.
func (s helping) RenewKey(ctx context.Context, p DecisionInput) (*Request, error) {
	return s.goOn(ctx, p, DecisionRenew, AnswerRenew, func(r *Request) error {
		if !r.Wait.HasKey || r.Wait.Taken == nil {
			return &NotAllowedError{Why: "the key has not been shown to anyone yet"}
		}
		return s.mayHelp(ctx, r, p)
	})
}

// HandDone says that what r waits for is done. The step looks for itself.
func (s helping) HandDone(ctx context.Context, p DecisionInput) (*Request, error) {
	return s.goOn(ctx, p, DecisionHandDone, AnswerDone, func(r *Request) error {
		if err := s.mayHelp(ctx, r, p); err != nil {
			return err
		}
		if r.Wait.HasKey && r.Wait.Taken == nil {
			return &NotAllowedError{Why: "the key has not been shown to anyone yet, so it can't be in place"}
		}
		return nil
	})
}

// goOn lets the work that waits go on with an answer.
func (s helping) goOn(ctx context.Context, p DecisionInput, kind DecisionKind, answer Answer, guard func(*Request) error) (*Request, error) {
	return s.decide(ctx, p, Continue, kind, func(r *Request, m *Transition) error {
		if err := guard(r); err != nil {
			return err
		}
		if r.Wait.Undo {
			m.Event, m.To = ContinueUndo, Undoing
		}
		m.waits(r, func(w *Wait) { w.Answer = answer })
		return nil
	})
}

// waits changes what r waits for.
func (m *Transition) waits(r *Request, change func(*Wait)) {
	w := r.Wait
	change(&w)
	m.Wait = &w
}

// longestWait is more than any time to wait.
const longestWait = 48 * time.Hour

// CheckWaits looks at waiting requests, at most limit of them. The work of those whose time has run out goes on, and finds
// that nothing was done. A key of which nobody knows whether it was shown is replaced.
func (s helping) CheckWaits(ctx context.Context, limit int) error {
	ids, err := s.requests.Overdue(ctx, s.o.Now().Add(longestWait), limit)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range ids {
		if _, err := due(s.checkWait(ctx, id)); err != nil && !errors.Is(err, ErrConflict) {
			errs = append(errs, fmt.Errorf("request %s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

func (s helping) checkWait(ctx context.Context, id string) error {
	r, err := s.requests.Get(ctx, id)
	if err != nil {
		return err
	}
	now := s.o.Now()
	over := func(r *Request) error {
		if now.Before(r.Wait.Until) {
			return errNotDue
		}
		return nil
	}
	lost := func(r *Request) error {
		if !r.Wait.Lost(now) {
			return errNotDue
		}
		return nil
	}
	switch {
	case over(r) == nil:
		_, err = s.goOn(ctx, DecisionInput{ID: id}, DecisionWaitEnded, AnswerNever, over)
	case lost(r) == nil:
		_, err = s.goOn(ctx, DecisionInput{ID: id, Reason: "it is unknown whether the key was shown"}, DecisionRenew, AnswerRenew, lost)
	}
	return err
}
