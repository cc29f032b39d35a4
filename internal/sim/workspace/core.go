package workspace

import (
	"cmp"
	"fmt"
	"math"
	"sync"
	"time"
)

// core is what all of a workspace shares: its options, one lock, a clock, fresh ids, and the announcement of each change.
type core struct {
	opts Options
	done chan struct{} // closed when the workspace is
	base string        // where it listens

	mu      sync.Mutex
	seq     int           // goes up with every change
	changed chan struct{} // closed at the next change
	counter int
	lastTS  time.Time
	app     App
	limits  limiter
}

// SetApp changes the app's settings, such as its request URLs once it listens.
func (c *core) SetApp(set func(*App)) { c.change(func() { set(&c.app) }) }

// App returns the app's settings.
func (c *core) App() App {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.app
}

// change runs f under the lock and announces it.
func (c *core) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	c.touch()
}

// public is the base of the addresses that the workspace hands out.
func (c *core) public() string { return cmp.Or(c.opts.PublicURL, c.base) }

// touch announces a change; the lock is held.
func (c *core) touch() {
	c.seq++
	close(c.changed)
	c.changed = make(chan struct{})
}

// newID returns a fresh id; the lock is held.
func (c *core) newID(prefix string) string {
	if c.opts.NewID != nil {
		return c.opts.NewID(prefix)
	}
	c.counter++
	return fmt.Sprintf("%s%010d", prefix, c.counter)
}

// newTS returns a timestamp such as 1767225600.000100, above all earlier ones; the lock is held.
func (c *core) newTS() string {
	at := c.opts.Now().Truncate(time.Microsecond)
	if !at.After(c.lastTS) {
		at = c.lastTS.Add(time.Microsecond)
	}
	c.lastTS = at
	return fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000)
}

// limiter counts calls as Slack's docs describe ("Web API: rate limits"): so many per method and minute, and
// about one message a second for each channel. It runs by the workspace's clock.
type limiter struct {
	scale float64
	used  map[string][]time.Time
}

// take counts a call and returns 0, or the whole seconds to wait without counting it.
func (l *limiter) take(key string, allowed int, window time.Duration, now time.Time) (wait int) {
	if l.scale == 0 || allowed == 0 {
		return 0
	}
	if l.used == nil {
		l.used = map[string][]time.Time{}
	}
	most := max(1, int(float64(allowed)*l.scale))
	recent := l.used[key]
	for len(recent) > 0 && now.Sub(recent[0]) >= window {
		recent = recent[1:]
	}
	if len(recent) >= most {
		l.used[key] = recent
		left := window - now.Sub(recent[len(recent)-most])
		return max(1, int(math.Ceil(left.Seconds())))
	}
	l.used[key] = append(recent, now)
	return 0
}
