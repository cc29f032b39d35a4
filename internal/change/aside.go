package change

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Operator is who acts on the command line.
const Operator = "operator"

// Aside is a request that was put aside because it could not be read, as far as it can be told.
type Aside struct {
	ID         string
	Since      time.Time          // another one each time; zero: it is not put aside any more
	State      State              // as it is stored: it may be no state
	Target     string             // what it locks; empty: that can't be told either
	Requesters []string           // who asked, by each place that says so; none: nobody can tell
	Request    *Request           // nil: it can't be read
	Messages   map[string]Message // by slot, as far as they can be read
	End        *AsideEnd          // how it was taken up last; nil: it never was
}

// AsideEnd is how a request that was put aside was taken up.
type AsideEnd struct {
	Resolved bool      `json:"resolved"` // else it was requeued
	By       Actor     `json:"by"`
	At       time.Time `json:"at"`
	Reason   string    `json:"reason"`
}

// AsideDecision is what somebody decides about a request that was put aside.
type AsideDecision struct {
	ID      string
	Since   time.Time // it was decided on as put aside then; zero: as it is now
	Resolve bool      // it ends and its locks are released; else it continues where it stopped
	By      Actor
	Reason  string
}

// AsideStore keeps the requests that were put aside.
type AsideStore interface {
	// Aside returns how a request stands that is, or was, put aside.
	Aside(ctx context.Context, id string) (Aside, error)
	// TakeUp requeues or resolves it and writes the audit entry with it. ErrConflict: it is not put aside any more, or was
	// put aside anew; ErrUnreadable: it can't continue.
	TakeUp(ctx context.Context, d AsideDecision) error
}

// AsidePolicy says who may take up a request that was put aside.
type AsidePolicy interface {
	// MayTakeUp returns nil if by may, else a *NotAllowedError that says who may.
	MayTakeUp(ctx context.Context, a Aside, by Actor) error
	// AsideDeciders returns those who may.
	AsideDeciders(ctx context.Context, a Aside) ([]string, error)
}

// AsideOverError says that a request is not put aside any more, or was put aside anew since.
type AsideOverError struct{ Now Aside }

func (e *AsideOverError) Error() string {
	return fmt.Sprintf("request %s is not put aside any more as it was", e.Now.ID)
}

// Asides is what people can do with requests that were put aside.
type Asides struct {
	AsideStore
	AsidePolicy
	Changed func(id string) // called after one was taken up, so that its card follows at once
}

// CanTakeUp says beforehand what TakeUp would.
func (s Asides) CanTakeUp(ctx context.Context, d AsideDecision) (Aside, error) {
	a, err := s.Aside(ctx, d.ID)
	if err != nil {
		return a, err
	}
	if a.Since.IsZero() || !d.Since.IsZero() && !d.Since.Equal(a.Since) {
		return a, &AsideOverError{Now: a}
	}
	return a, s.MayTakeUp(ctx, a, d.By)
}

// TakeUp requeues or resolves a request if the policy lets d.By. It returns how it stands then.
func (s Asides) TakeUp(ctx context.Context, d AsideDecision) (Aside, error) {
	a, err := s.CanTakeUp(ctx, d)
	if err != nil {
		return a, err
	}
	if d.Resolve && strings.TrimSpace(d.Reason) == "" {
		return a, &NotAllowedError{Why: "say what was left and what was done: it is recorded in the audit"}
	}
	d.Since = a.Since
	failed := s.AsideStore.TakeUp(ctx, d)
	if a, err = s.Aside(ctx, d.ID); err != nil {
		return a, err
	}
	if failed != nil {
		if !a.Since.Equal(d.Since) {
			return a, &AsideOverError{Now: a}
		}
		return a, failed
	}
	s.Changed(d.ID)
	return a, nil
}
