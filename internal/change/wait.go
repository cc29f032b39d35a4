package change

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Wait is what a step asks of people in the middle of the work, where the bot can do nothing: such as editing files on nodes.
// The request waits for it without a worker. At the end of its time the work is undone, or is stuck if it was its undoing.
type Wait struct {
	Step    string    `json:"step"`
	Undo    bool      `json:"undo,omitempty"` // it is the undoing that waits
	Ask     string    `json:"ask"`            // which of the step's questions this is
	Say     string    `json:"say"`            // what is to be done, in plain words
	Command string    `json:"command,omitempty"`
	HasKey  bool      `json:"has_key,omitempty"` // a key is shown, once, to the person who does it
	Until   time.Time `json:"until"`
	Taken   *Taken    `json:"taken,omitempty"`
	Answer  Answer    `json:"answer,omitempty"`
}

// Taken says who was shown the key.
type Taken struct {
	By    string    `json:"by"`
	At    time.Time `json:"at"`
	Shown bool      `json:"shown,omitempty"` // Slack has said so; without that, nobody knows
}

// Answer is what became of a Wait.
type Answer string

// The answers.
const (
	AnswerNone  Answer = ""      // nobody has said anything yet
	AnswerDone  Answer = "done"  // a person says that it is done
	AnswerRenew Answer = "renew" // another key is wanted
	AnswerNever Answer = "never" // its time has run out
)

// showing is how long it may take to show a key. After that, one of which nobody knows whether it was shown is of no use.
const showing = 15 * time.Second

// Lost reports whether the key may have been shown or not, and nobody knows.
func (w Wait) Lost(now time.Time) bool {
	return w.Taken != nil && !w.Taken.Shown && now.After(w.Taken.At.Add(showing))
}

// PersonNeededError is returned by a step that can't go on before a person has done something. It is called again once that
// person has said so, see AnswerTo, or once the time has run out; then this error is the reason why the step failed.
type PersonNeededError struct {
	Ask, Say, Command string // as in Wait
	HasKey            bool
	For               time.Duration // how long that may take
}

func (e *PersonNeededError) Error() string { return "waiting for a person: " + e.Say }

// Wait is what is asked now, where was is what was asked last.
func (e *PersonNeededError) Wait(step string, undo bool, was Wait, now time.Time) Wait {
	w := Wait{Step: step, Undo: undo, Ask: e.Ask, Say: e.Say, Command: e.Command, HasKey: e.HasKey, Until: now.Add(e.For)}
	if was.Step != step || was.Undo != undo || was.Ask != e.Ask {
		return w
	}
	w.Until = was.Until // asking again gives no more time
	if was.Answer != AnswerRenew {
		w.Taken = was.Taken
	}
	return w
}

type answerKey struct{}

// WithAnswers returns a context in which a step finds what became of the question that it asked last.
func WithAnswers(ctx context.Context, w Wait) context.Context {
	return context.WithValue(ctx, answerKey{}, w)
}

// AnswerTo returns what people have said to a step's question.
func AnswerTo(ctx context.Context, ask string) Answer {
	w, ok := ctx.Value(answerKey{}).(Wait)
	if !ok || w.Ask != ask {
		return AnswerNone
	}
	return w.Answer
}

// KeyTaken reports whether somebody may have seen the key of the question that a step asked last.
func KeyTaken(ctx context.Context) bool {
	w, ok := ctx.Value(answerKey{}).(Wait)
	return ok && w.Taken != nil
}

// WaitPolicy is a Policy that says who does what the bot can't do itself. Under any other, who may approve may.
type WaitPolicy interface {
	// MayHelp returns nil if by may, else a *NotAllowedError that says why not.
	MayHelp(ctx context.Context, r *Request, by Actor) error
}

// mayHelp returns nil if p was said about what r waits for now, by who may.
func (s *Service) mayHelp(ctx context.Context, r *Request, p DecisionInput) error {
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
func (s *Service) TakeKey(ctx context.Context, p DecisionInput) (*Request, error) {
	return s.decide(ctx, p, "", DecisionKeyTaken, func(r *Request, m *Transition) error {
		if err := s.mayHelp(ctx, r, p); err != nil {
			return err
		}
		if t := r.Wait.Taken; t != nil || !r.Wait.HasKey {
			return &NotAllowedError{Why: "the key was shown already, and is shown once only: who needs it again asks for a new one"}
		}
		m.waits(r, func(w *Wait) { w.Taken = &Taken{By: p.By.User, At: s.o.Now()} })
		return nil
	})
}

// KeyShown records that who took the key has seen it.
func (s *Service) KeyShown(ctx context.Context, id string, by Actor) (*Request, error) {
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
func (s *Service) RenewKey(ctx context.Context, p DecisionInput) (*Request, error) {
	return s.goOn(ctx, p, DecisionRenew, AnswerRenew, func(r *Request) error {
		if !r.Wait.HasKey || r.Wait.Taken == nil {
			return &NotAllowedError{Why: "nobody has been shown the key yet"}
		}
		return s.mayHelp(ctx, r, p)
	})
}

// HandDone says that what r waits for is done. The step looks for itself.
func (s *Service) HandDone(ctx context.Context, p DecisionInput) (*Request, error) {
	return s.goOn(ctx, p, DecisionHandDone, AnswerDone, func(r *Request) error {
		if err := s.mayHelp(ctx, r, p); err != nil {
			return err
		}
		if r.Wait.HasKey && r.Wait.Taken == nil {
			return &NotAllowedError{Why: "nobody has been shown the key yet, so it can't be in place"}
		}
		return nil
	})
}

// goOn lets the work that waits go on with an answer.
func (s *Service) goOn(ctx context.Context, p DecisionInput, kind DecisionKind, answer Answer, guard func(*Request) error) (*Request, error) {
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
func (s *Service) CheckWaits(ctx context.Context, limit int) error {
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

func (s *Service) checkWait(ctx context.Context, id string) error {
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
		_, err = s.goOn(ctx, DecisionInput{ID: id, Reason: "nobody knows whether the key was shown"}, DecisionRenew, AnswerRenew, lost)
	}
	return err
}
