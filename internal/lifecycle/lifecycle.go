// Package lifecycle is the one contract of everything that runs for as long as the program does: how it is started, when it is
// ready, and when it has stopped.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Part is something that runs for as long as the program does.
type Part struct {
	Name string
	// Run works until ctx ends. It calls ready once it works, as often as it likes. It returns nil once nothing of it runs any
	// more, and an error only if it can't go on. It may be run again after that.
	Run func(ctx context.Context, ready func()) error
}

// Loop is a part that is ready as soon as it runs.
func Loop(name string, run func(context.Context) error) Part {
	return Part{Name: name, Run: func(ctx context.Context, ready func()) error {
		ready()
		return run(ctx)
	}}
}

// Group is some parts that run side by side. The first that can't go on ends the others.
type Group struct {
	stop    context.CancelFunc
	ready   chan struct{}
	stopped chan struct{}
	errs    []error // read once stopped is closed
}

// Start starts the parts. They run until ctx ends or Stop is called.
func Start(ctx context.Context, parts ...Part) *Group {
	ctx, stop := context.WithCancel(ctx)
	g := &Group{stop: stop, ready: make(chan struct{}), stopped: make(chan struct{}), errs: make([]error, len(parts))}
	var running sync.WaitGroup
	var unready atomic.Int64
	unready.Store(int64(len(parts)))
	for i, p := range parts {
		ready := sync.OnceFunc(func() {
			if unready.Add(-1) == 0 {
				close(g.ready)
			}
		})
		running.Go(func() {
			defer stop()
			err := p.Run(ctx, ready)
			switch {
			case err != nil && (!errors.Is(err, context.Canceled) || ctx.Err() == nil):
				g.errs[i] = fmt.Errorf("%s: %w", p.Name, err)
			case ctx.Err() == nil:
				g.errs[i] = fmt.Errorf("%s ended by itself", p.Name)
			}
		})
	}
	go func() {
		running.Wait()
		close(g.stopped)
	}()
	return g
}

// Ready is closed once all parts have been ready; never, if one could not become so.
func (g *Group) Ready() <-chan struct{} { return g.ready }

// Stop tells the parts to end. It may be called at any time and any number of times.
func (g *Group) Stop() { g.stop() }

// Wait returns once nothing runs any more: nil, if all ended because they were told to.
func (g *Group) Wait() error {
	<-g.stopped
	return errors.Join(g.errs...)
}
