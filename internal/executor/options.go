package executor

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Options are what an Executor needs beside its queue. Now and Backoff have to be given; what else is zero gets
// the default named here.
type Options struct {
	Name    string // of this process, in claims and in the audit: "worker"
	Workers int    // how many requests are worked on at once, and as many more that were taken over: 2

	Lease       time.Duration // how long a claim lasts without renewal, and so a take-over after a crash: 3 s
	Renew       time.Duration // how often it is renewed: a quarter of that
	StepTimeout time.Duration // how long a step is tried again, unless it is change.Patient: 90 s
	Drain       time.Duration // how long a running step may go on after stop: 20 s

	Backoff func(attempt int) time.Duration // the pause after a failed attempt, counted from 1; see Exponential
	Now     func() time.Time                // with a monotonic reading, as time.Now gives it
	Log     *slog.Logger                    // discards

	// Weigh asks the policy before the first step whether the approvals are still enough. Nothing: it is not asked.
	Weigh func(context.Context, *change.Request) (change.Evaluation, error)

	Changed func(id string)     // called after every journal line and move, so that cards follow; must not block
	Scrub   func(string) string // takes secrets out of the text of errors
	Explain func(error) string  // an error in plain words; by default what Explain returns

	// Span hears that a part of the work on a request begins, and what it returns, how that ended: for traces. The
	// context that it returns is that of the part. Nothing by default.
	Span func(ctx context.Context, r *change.Request, name string) (context.Context, func(error))
}

func setDefaults(o *Options) {
	orDefault(&o.Name, "worker")
	orDefault(&o.Workers, 2)
	orDefault(&o.Lease, 3*time.Second)
	orDefault(&o.Renew, o.Lease/4)
	orDefault(&o.StepTimeout, 90*time.Second)
	orDefault(&o.Drain, 20*time.Second)
	orDefault(&o.Log, slog.New(slog.DiscardHandler))
	if o.Changed == nil {
		o.Changed = func(string) {}
	}
	if o.Scrub == nil {
		o.Scrub = func(s string) string { return s }
	}
	if o.Explain == nil {
		o.Explain = Explain
	}
	if o.Span == nil {
		o.Span = func(ctx context.Context, _ *change.Request, _ string) (context.Context, func(error)) {
			return ctx, func(error) {}
		}
	}
}

func orDefault[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}

// Explain returns what an error says to people: the sentence of a *change.ExplainedError, the problems of a
// *change.InvalidError, or that it was not expected. Anything else in an error is for the log.
func Explain(err error) string {
	if e, ok := errors.AsType[*change.ExplainedError](err); ok {
		return e.Say
	}
	if e, ok := errors.AsType[*change.InvalidError](err); ok {
		return e.Error()
	}
	if e, ok := errors.AsType[*change.PersonNeededError](err); ok {
		return "It was not done in time: " + e.Say
	}
	return "an unexpected error"
}
