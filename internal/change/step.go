package change

import (
	"context"
	"errors"
	"time"
)

// Step is one reversible change to one system, built from the arguments of a PlannedStep alone.
type Step interface {
	// Apply brings a state about, whatever it finds. had is what earlier attempts noted: a later attempt keeps
	// what the first one found, else a rollback after a crash would "restore" its own half-done work.
	Apply(ctx context.Context, had Evidence, note Note) error
	// Undo takes back whatever Apply left, even half of it. It forgives what is already gone.
	Undo(ctx context.Context, had Evidence) error
}

// StepTimeouter is a step that may be retried for longer (or shorter) than the executor's default.
type StepTimeouter interface {
	StepTimeout() time.Duration
}

// Reporter is a step that found something worth telling once it is done, such as "3 indices visible".
// A finding is for people; it never holds a secret.
type Reporter interface {
	Finding() string
}

// Evidence is what Undo needs, in words that the step chose before it acted. It is never a secret.
type Evidence map[string]string

// Note writes evidence down. A step calls it before it acts, and must not act when it returns an error. Evidence
// is added to what was noted before: a key that an earlier attempt noted keeps its value, because that attempt saw
// the target as it was before us, and a later one may see our own half-done work.
type Note func(context.Context, Evidence) error

type temporaryError struct{ error }

func (e temporaryError) Unwrap() error { return e.error }

// Temporary marks an error as worth another try. Only the executor retries.
func Temporary(err error) error {
	if err == nil {
		return nil
	}
	return temporaryError{err}
}

// IsTemporary reports whether err, or anything it wraps, was marked by Temporary.
func IsTemporary(err error) bool {
	_, ok := errors.AsType[temporaryError](err)
	return ok
}

type waitingError struct{ error }

func (e waitingError) Unwrap() error { return e.error }

// Waiting marks what is under way elsewhere and has not ended yet: worth another look, and no failed try.
func Waiting(err error) error {
	if err == nil {
		return nil
	}
	return waitingError{Temporary(err)}
}

// IsWaiting reports whether err, or anything it wraps, was marked by Waiting.
func IsWaiting(err error) bool {
	_, ok := errors.AsType[waitingError](err)
	return ok
}

// Pause is how long err, or what it wraps, asks not to be tried again for by a method After; 0: as long as one likes.
func Pause(err error) time.Duration {
	if asks, ok := errors.AsType[interface {
		error
		After() time.Duration
	}](err); ok {
		return asks.After()
	}
	return 0
}

// Leftover is something that Undo could not take back, and what a person would run to do so.
type Leftover struct {
	Step    string `json:"step"`
	What    string `json:"what"`
	Command string `json:"command,omitempty"`
	Cause   string `json:"cause,omitempty"`
}

// LeftoverError is returned by Undo when something stays behind; it names it.
type LeftoverError struct {
	Leftover Leftover
	Err      error
}

func (e *LeftoverError) Error() string {
	return "left behind: " + e.Leftover.What + ": " + e.Err.Error()
}
func (e *LeftoverError) Unwrap() error { return e.Err }

// ExplainedError carries a sentence for people beside the cause: what a failed step means and what to do.
type ExplainedError struct {
	Say string // plain words, no secret
	Err error
}

func (e *ExplainedError) Error() string { return e.Err.Error() }
func (e *ExplainedError) Unwrap() error { return e.Err }
