package change

import (
	"errors"
	"fmt"
	"strings"
)

// Errors that a caller tells apart with errors.Is.
var (
	ErrNotFound    = errors.New("no such request")
	ErrConflict    = errors.New("the request has moved on")
	ErrFenced      = errors.New("the claim is no longer ours")
	ErrNoWork      = errors.New("nothing to do")
	ErrUnavailable = errors.New("the store can't be reached") // nothing is known about what was written
	ErrFull        = errors.New("the store takes no more writes")
	ErrUnreadable  = errors.New("what is stored of the request can't be read")
	ErrNewer       = errors.New("the request was written by a newer version of the bot")
)

// LockedError says that another request holds the target.
type LockedError struct {
	Target     string
	RequestID  string // that request's id
	OwnRequest bool   // who asked for this asked for that one too
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s is held by request %s", e.Target, e.RequestID)
}

// QuotaError says that somebody, or a channel, has as many open requests as may be.
type QuotaError struct {
	Most    int
	Channel string // empty: it is the person's
}

func (e *QuotaError) Error() string {
	if e.Channel != "" {
		return fmt.Sprintf("channel %s has %d open requests", e.Channel, e.Most)
	}
	return fmt.Sprintf("the requester has %d open requests", e.Most)
}

// StaleError says that a button or card is out of date. Now is how the request stands.
type StaleError struct{ Now *Request }

func (e *StaleError) Error() string {
	return fmt.Sprintf("request %s has changed and is now %s", e.Now.ID, e.Now.State)
}

// StateError says that an event can't happen in the request's state, because somebody was first.
type StateError struct {
	Event Event
	Now   *Request
}

func (e *StateError) Error() string {
	return fmt.Sprintf("request %s is %s: %s can't happen", e.Now.ID, e.Now.State, e.Event)
}

// NotAllowedError says that the policy does not let this person do this.
type NotAllowedError struct {
	Why   string
	Trait string // of the change, which would have to be another; empty: it is not about one
}

func (e *NotAllowedError) Error() string { return e.Why }

// Problem is what is wrong with one field of an input.
type Problem struct {
	Field string
	Say   string // a sentence for the person who filled it in, without a capital
	Named bool   // it begins with somebody's name, which stays as it is written
}

// InvalidError holds every problem of an input at once.
type InvalidError struct{ Problems []Problem }

func (e *InvalidError) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(p.Field + ": " + p.Say)
	}
	return b.String()
}

// Check returns e if it holds a problem, else nil.
func (e *InvalidError) Check() error {
	if len(e.Problems) == 0 {
		return nil
	}
	return e
}

// Add writes a problem down. What begins with a verb of format begins with a name.
func (e *InvalidError) Add(field, format string, args ...any) {
	e.Problems = append(e.Problems, Problem{Field: field, Say: fmt.Sprintf(format, args...), Named: strings.HasPrefix(format, "%")})
}
