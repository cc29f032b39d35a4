package executor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// sendWithin is how long after it was noted a call may be sent. Anyone who was frozen for longer sends nothing, so that the
// note covers the whole of the call's own time, counted from when it was sent.
const sendWithin = time.Second

// calls are those of a job that change something. Each is noted in the queue before it is sent: a worker that takes over
// waits until the time of the last one is up, and no longer.
type calls struct {
	quiet chan struct{} // has a token once no call is under way

	mu    sync.Mutex
	last  int64     // number of the last
	open  int       // how many are under way
	doubt time.Time // until when one that ended without an answer may be carried out
}

func newCalls() calls { return calls{quiet: make(chan struct{}, 1)} }

// beginCall is a change.CallGate.
func (l *lease) beginCall(ctx context.Context, timeout time.Duration) (change.CallSlot, error) {
	c := &l.calls
	c.mu.Lock()
	c.last++
	c.open++
	n := c.last
	c.mu.Unlock()
	asked := l.o.Now()
	err := l.queue.BeginCall(ctx, l.claim, n, sendWithin+timeout)
	if ctx.Err() == nil {
		l.connectivity.report(ctx, err)
	}
	if err != nil {
		l.endCall(time.Time{})
		if errors.Is(err, change.ErrFenced) {
			l.lose(change.ErrFenced)
		}
		return change.CallSlot{}, fmt.Errorf("noting a call before it is sent: %w", err)
	}
	var once sync.Once
	return change.CallSlot{SendBy: asked.Add(sendWithin), Ended: func(certain bool) {
		once.Do(func() {
			if certain {
				l.endCall(time.Time{})
			} else {
				l.endCall(asked.Add(sendWithin + timeout))
			}
		})
	}}, nil
}

func (l *lease) endCall(doubt time.Time) {
	c := &l.calls
	c.mu.Lock()
	c.open--
	if doubt.After(c.doubt) {
		c.doubt = doubt
	}
	quiet := c.open == 0 && !l.o.Now().Before(c.doubt)
	c.mu.Unlock()
	if quiet {
		select {
		case c.quiet <- struct{}{}:
		default:
		}
	}
}

// quietIn returns how long a call that ended without an answer may still be carried out.
func (l *lease) quietIn() time.Duration {
	l.calls.mu.Lock()
	defer l.calls.mu.Unlock()
	return l.calls.doubt.Sub(l.o.Now())
}

// tellCalls tells the queue, whenever it is so, that no call is under way any more.
func (l *lease) tellCalls(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.calls.quiet:
			l.endCalls(ctx)
		}
	}
}

// endCalls tells the queue if no call is under way any more. Should that fail, a worker that takes over waits in vain.
func (l *lease) endCalls(ctx context.Context) {
	c := &l.calls
	c.mu.Lock()
	n, quiet := c.last, c.open == 0 && !l.o.Now().Before(c.doubt)
	c.mu.Unlock()
	if quiet && n > 0 {
		_ = l.queue.EndCalls(ctx, l.claim, n)
	}
}
