// Package monitor looks at every connection again and again, tells of problems and resolves what it told, and asks for
// rotations that are due.
package monitor

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// Options are what a Monitor needs. Zero durations and counts mean the defaults named beside them.
type Options struct {
	Checker  HealthChecker
	Store    Store
	Poster   notify.Poster
	Channel  string
	Command  string   // the slash command, "/remote-cluster"
	Queues   []string // the platforms: each has a queue of its own, so that a slow one keeps no other waiting
	Owner    string   // names this process
	Now      func() time.Time
	Log      *slog.Logger
	WaitIdle func(context.Context) error // returns when no card of a request waits to be shown; nil: at once

	Every         time.Duration // between two checks of one connection: 15 min
	Tick          time.Duration // between two looks at what is due: 10 s
	ExpiresWithin time.Duration // a key that ends sooner is a problem: 14 days
	MaxPerTick    int           // checks of one tick and platform: 5, or as many as all its connections need within half of Every
	Parallel      int           // checks of one platform at the same time: 8

	Rotations KeyRotations      // nil: people ask for all of them
	Endings   ConnectionEndings // nil: likewise
	Reviews   ConnectionReviews // nil: nobody is asked whether connections are still needed

	// OnCheck is called after every check with CheckOK, CheckProblem or CheckUnread. It must not block.
	OnCheck func(outcome string)
	// OnStatusChange is called when the status of a connection has changed. It must not stay long.
	OnStatusChange func(ctx context.Context, m link.ManagedConnection)
}

// What a check comes to.
const (
	CheckOK      = "healthy"
	CheckProblem = "problems"
	CheckUnread  = "failed" // nothing could be found out
)

const (
	checkTimeout   = time.Minute
	checkLease     = 2 * checkTimeout
	giveBackWithin = 2 * time.Second
	ticksPerTurn   = 30 // all connections of a platform are checked within that many ticks
)

// Monitor checks managed connections and tells of their problems: one message a problem, or one for all that share a
// cause, drawn again as it changes and resolved when it ends. It is quiet otherwise.
type Monitor struct{ o Options }

// New returns a monitor; it checks nothing before Run.
func New(o Options) *Monitor {
	o.Every = cmp.Or(o.Every, 15*time.Minute)
	o.Tick = cmp.Or(o.Tick, 10*time.Second)
	o.ExpiresWithin = cmp.Or(o.ExpiresWithin, 14*cards.Day)
	o.MaxPerTick = cmp.Or(o.MaxPerTick, 5)
	o.Parallel = cmp.Or(o.Parallel, 8)
	if o.OnCheck == nil {
		o.OnCheck = func(string) {}
	}
	if o.OnStatusChange == nil {
		o.OnStatusChange = func(context.Context, link.ManagedConnection) {}
	}
	if o.WaitIdle == nil {
		o.WaitIdle = func(context.Context) error { return nil }
	}
	return &Monitor{o: o}
}

// Run checks and tells until ctx ends.
func (m *Monitor) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	failing := notify.Together{Recurring: notify.Recurring{Log: m.o.Log, What: "monitoring connections", Now: m.o.Now}}
	for _, queue := range m.o.Queues {
		report := failing.Loop()
		wg.Go(func() { m.repeat(ctx, report, func(ctx context.Context) error { return checkQueue(ctx, m, queue) }) })
	}
	m.repeat(ctx, failing.Loop(), m.Announce)
	return nil
}

func (m *Monitor) repeat(ctx context.Context, report func(context.Context, error), do func(context.Context) error) {
	tick := time.NewTicker(m.o.Tick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			report(ctx, do(ctx))
		}
	}
}

// CheckDue makes the checks of one tick, and tells what they found.
func (m *Monitor) CheckDue(ctx context.Context) error {
	var errs []error
	for _, queue := range m.o.Queues {
		errs = append(errs, checkQueue(ctx, m, queue))
	}
	return errors.Join(append(errs, m.Announce(ctx))...)
}

// Record takes what somebody's look at a connection found for a check, so that everything that shows the connection shows
// the same, and returns how it is. Of one that is not managed nothing is remembered.
func (m *Monitor) Record(ctx context.Context, x diagnose.HealthReport) (Status, error) {
	found, err := x.Checkup(m.o.ExpiresWithin)
	if err != nil {
		return Status{Problems: problemsOf(x.Diagnosis)}, nil //nolint:nilerr // that nothing could be found out is in the diagnosis
	}
	s := Status{CheckedAt: x.At, Local: found.Local, Remote: found.Remote, Expires: found.Expires}
	if x.Managed == nil {
		s.Problems = statusOf(m, link.ManagedConnection{}, found, StatusRecord{}).Problems
		return s, nil
	}
	s.Managed = *x.Managed
	s.Problems = statusOf(m, s.Managed, found, StatusRecord{}).Problems
	c, ok, err := m.o.Store.ClaimCheck(ctx, x.Name.Local.Platform, inventory.RecordKey(x.Name), checkLease)
	if err != nil || !ok || c.Record == nil || c.Record.Request != x.Managed.Record.Request { // it has changed meanwhile
		return s, err
	}
	next := m.o.Every
	if !x.Managed.Until.IsZero() {
		next = min(next, endingSoon) // when its end is, the check tells
	}
	return s, finishCheck(ctx, m, c, *x.Managed, next, found)
}
