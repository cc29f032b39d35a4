package bot

import (
	"sync"
	"time"
)

// recent remembers the answers to what was delivered lately, so that a second delivery of the same thing gets
// the first one's answer and runs nothing. It is bounded in time and in number.
type recent struct {
	keep time.Duration
	max  int
	now  func() time.Time

	mu    sync.Mutex
	calls map[string]*call
	order []*call // oldest first
}

// call is one delivery; body is set before done is closed.
type call struct {
	key  string
	at   time.Time
	done chan struct{}
	body []byte
}

func newRecent(keep time.Duration, most int, now func() time.Time) *recent {
	return &recent{keep: keep, max: most, now: now, calls: make(map[string]*call)}
}

// enter returns the call under key, and whether it is a new one: the one who gets true must finish or forget it.
func (r *recent) enter(key string) (*call, bool) {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.prune(now)
	if c, ok := r.calls[key]; ok {
		return c, false
	}
	c := &call{key: key, at: now, done: make(chan struct{})}
	r.calls[key] = c
	r.order = append(r.order, c)
	return c, true
}

// finish gives the answer to everyone who waits for it, now or later.
func (c *call) finish(body []byte) {
	c.body = body
	close(c.done)
}

// forget makes the next delivery under c's key a new one; those that wait already get body.
func (r *recent) forget(c *call, body []byte) {
	r.mu.Lock()
	if r.calls[c.key] == c {
		delete(r.calls, c.key)
	}
	r.mu.Unlock()
	c.finish(body)
}

func (r *recent) prune(now time.Time) {
	drop := 0
	for drop < len(r.order) && (len(r.order)-drop >= r.max || now.Sub(r.order[drop].at) > r.keep) {
		old := r.order[drop]
		r.order[drop] = nil
		if r.calls[old.key] == old {
			delete(r.calls, old.key)
		}
		drop++
	}
	r.order = r.order[drop:]
}
