package notify

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Recurring logs what fails again and again: at once, then less and less often, and once when it works again. It belongs
// to one loop.
type Recurring struct {
	Log  *slog.Logger
	What string // is done in the loop, such as "sweeping"
	Now  func() time.Time

	failures int
	pause    time.Duration
	next     time.Time
}

// How long it is silent after the first time, and at most.
const (
	firstSilence   = 30 * time.Second
	longestSilence = 30 * time.Minute
)

// Report takes how one turn of the loop ended. What fails because ctx ended is no failure.
func (r *Recurring) Report(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
	case err == nil && r.failures > 0:
		r.Log.InfoContext(ctx, "works again", "what", r.What, "failures", r.failures)
		r.failures, r.pause, r.next = 0, 0, time.Time{}
	case err != nil:
		r.failures++
		now := r.Now()
		if now.Before(r.next) {
			return
		}
		r.pause = min(max(firstSilence, 2*r.pause), longestSilence)
		r.next = now.Add(r.pause)
		r.Log.WarnContext(ctx, "failing", "what", r.What, "failures", r.failures, "silent_for", r.pause.String(), "error", err)
	}
}

// Together logs as one what several loops do: it works again once none of them fails any more.
type Together struct {
	Recurring

	mu      sync.Mutex
	loops   int
	failing map[int]bool
}

// Loop returns what one more of the loops reports its turns to.
func (t *Together) Loop() func(context.Context, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	loop := t.loops
	t.loops++
	return func(ctx context.Context, err error) {
		t.mu.Lock()
		defer t.mu.Unlock()
		if err != nil {
			if t.failing == nil {
				t.failing = map[int]bool{}
			}
			t.failing[loop] = true
		} else if delete(t.failing, loop); len(t.failing) > 0 {
			return
		}
		t.Report(ctx, err)
	}
}
