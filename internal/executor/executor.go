package executor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

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
	// A wake-up sooner than spinThreshold that comes to nothing is suspicious; after a few of them the worker slows down,
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
		// Not longer than between two renewals: anyone who sleeps long after an outage takes over late.
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
