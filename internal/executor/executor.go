package executor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Registry builds steps, by the action of a planned one (see change.PlannedStep), from its arguments alone. It calls
// nobody. Arguments that can't be read are an error.
type Registry map[string]func(args json.RawMessage) (change.Step, error)

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

// Executor works on approved requests until it is stopped.
type Executor struct {
	queue        Queue
	waker        Waker
	plans        map[change.Kind]change.Planner
	steps        Registry
	o            Options
	connectivity *connectivity
}

// New returns an executor of planned steps, which steps builds. It asks planners for one thing only: whether a plan is
// still the same before its first step. It refuses options that can't be kept.
func New(queue Queue, waker Waker, planners map[change.Kind]change.Planner, steps Registry, o Options) (*Executor, error) {
	setDefaults(&o)
	switch {
	case o.Now == nil:
		return nil, errors.New("executor: no clock is given")
	case o.Backoff == nil:
		return nil, errors.New("executor: no back-off is given")
	case o.Renew >= o.Lease:
		return nil, fmt.Errorf("executor: renewing every %v is too late for a lease of %v", o.Renew, o.Lease)
	}
	return &Executor{queue: queue, waker: waker, plans: planners, steps: steps, o: o, connectivity: &connectivity{log: o.Log, scrub: o.Scrub}}, nil
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

// Run works until ctx ends. Then no step begins any more; one that is running may finish within Drain, and the
// claims are given back. It returns nil once all workers have ended.
func (e *Executor) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for i := range e.o.Workers {
		wg.Go(func() { e.worker(ctx, e.workerName(i+1)) })
	}
	wg.Go(func() { e.takeOver(ctx) })
	wg.Wait()
	return nil
}

func (e *Executor) workerName(n int) string { return fmt.Sprintf("%s-%d", e.o.Name, n) }

// takeOver looks for requests whose workers fell silent, and works on them beside what all workers have in hands: full queues
// must not make them wait.
func (e *Executor) takeOver(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	free := make(chan string, e.o.Workers)
	for i := range e.o.Workers {
		free <- e.workerName(e.o.Workers + i + 1)
	}
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			return
		case name := <-free:
			asked := e.o.Now()
			claimed, err := e.claim(ctx, name, e.queue.TakeOver)
			if err != nil {
				free <- name
				pause := e.o.Renew / 2
				if !errors.Is(err, change.ErrNoWork) {
					pause = e.o.Renew
				}
				_ = sleep(ctx, nil, pause) // the loop sees for itself whether ctx ended
				continue
			}
			wg.Go(func() {
				if err := e.work(ctx, claimed, asked); err != nil {
					_ = sleep(ctx, nil, e.o.Renew/2)
				}
				free <- name
			})
		}
	}
}

const (
	// idle is the longest sleep without a look at the queue, in case a wake-up was lost.
	idle = 15 * time.Second
	// A wake-up sooner than brief that comes to nothing is suspicious; after a few of them the worker slows down,
	// so that a waker gone wrong can't make it spin.
	spinThreshold = 20 * time.Millisecond
	spinPause     = 250 * time.Millisecond
)

func (e *Executor) worker(ctx context.Context, name string) {
	failures, short := 0, 0
	for ctx.Err() == nil {
		asked := e.o.Now()
		claimed, err := e.claim(ctx, name, e.queue.Claim)
		switch {
		case err == nil:
			short = 0
			err = e.work(ctx, claimed, asked)
		case errors.Is(err, change.ErrNoWork):
			err = e.wait(ctx, &short)
		}
		if err == nil || ctx.Err() != nil {
			failures = 0
			continue
		}
		failures++
		// Not longer than between two renewals: whoever sleeps long after an outage takes over late.
		_ = sleep(ctx, nil, min(e.o.Backoff(failures), e.o.Renew/2)) // the loop sees for itself whether ctx ended
	}
}

// claim is not cut short by a stop: the queue would have handed a request out that nobody knows of, and it
// would lie there until its lease ends.
func (e *Executor) claim(ctx context.Context, worker string, how func(context.Context, string, time.Duration) (Claimed, error)) (Claimed, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.o.Lease)
	defer cancel()
	claimed, err := how(ctx, worker, e.o.Lease)
	e.connectivity.report(ctx, err)
	return claimed, err
}

func (e *Executor) wait(ctx context.Context, short *int) error {
	since := e.o.Now()
	err := e.waker.Wait(ctx, idle)
	if ctx.Err() == nil {
		e.connectivity.report(ctx, err)
	}
	if err != nil {
		return err
	}
	if e.o.Now().Sub(since) >= spinThreshold {
		*short = 0
		return nil
	}
	if *short++; *short > 3 {
		_ = sleep(ctx, nil, spinPause) // the caller's loop sees for itself whether ctx ended
	}
	return nil
}

// connectivity says once that the queue is away and once that it is back, however many calls meet it in between.
type connectivity struct {
	log   *slog.Logger
	scrub func(string) string
	mu    sync.Mutex
	lost  bool
}

func (c *connectivity) report(ctx context.Context, err error) {
	lost := err != nil && !definitive(err)
	c.mu.Lock()
	before := c.lost
	c.lost = lost
	c.mu.Unlock()
	switch {
	case lost && !before:
		c.log.WarnContext(ctx, "the queue is away", "error", c.scrub(err.Error()))
	case before && !lost:
		c.log.InfoContext(ctx, "the queue is back")
	}
}

// definitive reports whether err is an answer of the queue: asking again would not change it.
func definitive(err error) bool {
	for _, answer := range []error{
		change.ErrNoWork, change.ErrFenced, change.ErrConflict, change.ErrNotFound, change.ErrNewer,
	} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}
