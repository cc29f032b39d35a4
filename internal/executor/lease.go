package executor

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// lease keeps one claim. It is lost when the queue says so, or when by our own monotonic clock it may have ended
// because no renewal came through; either way the context of the work ends with the cause change.ErrFenced.
type lease struct {
	o            *Options
	queue        Queue
	connectivity *connectivity
	claim        change.Claim
	lose         context.CancelCauseFunc
	rest         func() // stops renewing, and returns when the last renewal is over; may be called again

	mu     sync.Mutex
	end    time.Time
	expiry *time.Timer

	calls calls
}

// leased is the context of work under a lease. Its deadline is the present end of the lease as this process knows
// it, and moves with every renewal. A process that was frozen (SIGSTOP, a stalled machine) past that end may wake
// in the middle of a step before any timer has run; so whatever sends a call to another system has to compare
// ctx.Deadline() with the clock right before it sends, and send nothing once that has passed.
//
// A time-out for a single call is best set by a timer that cancels (context.WithCancelCause, time.AfterFunc):
// context.WithTimeout and http.Client.Timeout set none at all where the parent's deadline is the earlier one, and
// trust it to stay where it is.
type leased struct {
	context.Context
	lease *lease
}

// Value tells whose work the context belongs to: see Working.
func (l leased) Value(key any) any {
	switch key {
	case workingKey{}:
		return l.lease.claim
	case change.CallGateKey{}:
		return change.CallGate(l.lease.beginCall)
	}
	return l.Context.Value(key)
}

type workingKey struct{}

// Working returns the claim under which a step runs, so that its calls can name whose they are; ok is false outside
// of the executor's work.
func Working(ctx context.Context) (c change.Claim, ok bool) {
	c, ok = ctx.Value(workingKey{}).(change.Claim)
	return c, ok
}

func (l leased) Deadline() (time.Time, bool) { return l.lease.until(), true }

// acquire starts keeping c, which was asked for at asked: the queue began the lease no earlier than that.
func acquire(ctx context.Context, o *Options, q Queue, conn *connectivity, c change.Claim, asked time.Time) (context.Context, *lease) {
	l := &lease{o: o, queue: q, connectivity: conn, claim: c, end: asked.Add(o.Lease), calls: newCalls()}
	ctx, l.lose = context.WithCancelCause(ctx)
	held := leased{Context: ctx, lease: l}

	l.mu.Lock()
	l.expiry = time.AfterFunc(l.end.Sub(o.Now()), l.expire)
	l.mu.Unlock()

	keeping, stop := context.WithCancel(held)
	var keeper sync.WaitGroup
	keeper.Go(func() { l.keep(keeping) })
	keeper.Go(func() { l.tellCalls(keeping) })
	l.rest = func() {
		stop()
		keeper.Wait()
	}
	return held, l
}

// close ends everything about the lease but the claim itself.
func (l *lease) close() {
	l.lose(context.Canceled)
	l.rest()
	l.expiry.Stop()
}

func (l *lease) keep(ctx context.Context) {
	pause := l.o.Renew
	for sleep(ctx, nil, pause) == nil {
		sent := l.o.Now() // before it is sent: the queue starts the lease anew no earlier
		err := l.queue.Extend(ctx, l.claim, l.o.Lease)
		if ctx.Err() != nil {
			return
		}
		l.connectivity.report(ctx, err)
		switch {
		case err == nil:
			l.renewed(sent)
			pause = l.o.Renew
		case errors.Is(err, change.ErrFenced):
			l.lose(change.ErrFenced)
			return
		default:
			pause = l.o.Renew / 4
		}
	}
}

func (l *lease) renewed(sent time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end = sent.Add(l.o.Lease)
}

// expire runs when the lease would have ended without any renewal.
func (l *lease) expire() {
	left := l.until().Sub(l.o.Now())
	if left <= 0 {
		l.lose(change.ErrFenced)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expiry.Reset(left)
}

func (l *lease) until() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.end
}

// live reports whether the claim is surely still ours. It asks the clock, not the timers.
func (l *lease) live() bool { return l.o.Now().Before(l.until()) }
