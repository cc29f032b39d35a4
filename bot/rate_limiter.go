package bot

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// rateLimiter keeps calls below Slack's rates and waits where Slack asked for it. Rates are per method and workspace;
// posts are limited per channel (Slack's docs: "Rate limits").
type rateLimiter struct {
	now    func() time.Time
	shared map[string]*rate.Limiter // by method
	every  map[string]rule          // per channel, by method

	mu       sync.Mutex
	channels map[scope]*rate.Limiter
	held     map[scope]time.Time // until when Slack accepts no such call
}

type scope struct{ method, channel string }

type rule struct {
	every rate.Limit
	burst int
}

// maxSpots bounds what is remembered.
const maxSpots = 4096

// makeRoom forgets, where all is full and at is new, what matters least: of limits the one that has rested longest, which
// starts with a fresh burst anyway; of holds the one that ends first.
func makeRoom[V any](all map[scope]V, at scope, matters func(V) float64) {
	if _, known := all[at]; known || len(all) < maxSpots {
		return
	}
	var least scope
	lowest := math.Inf(1)
	for at, v := range all {
		if m := matters(v); m < lowest {
			least, lowest = at, m
		}
	}
	delete(all, least)
}

func newRateLimiter(now func() time.Time, postEvery time.Duration, updatesPerMinute int) *rateLimiter {
	perMinute := func(n int) rate.Limit { return rate.Limit(float64(n) / 60) }
	return &rateLimiter{
		now: now,
		shared: map[string]*rate.Limiter{
			"chat.update":           rate.NewLimiter(perMinute(updatesPerMinute), 10), // Tier 3, 50+ a minute
			"chat.delete":           rate.NewLimiter(perMinute(45), 10),               // Tier 3
			"conversations.open":    rate.NewLimiter(perMinute(45), 10),               // Tier 3
			"conversations.history": rate.NewLimiter(perMinute(45), 5),                // Tier 3
			"conversations.replies": rate.NewLimiter(perMinute(45), 5),                // Tier 3
			"usergroups.users.list": rate.NewLimiter(perMinute(18), 5),                // Tier 2, 20+ a minute
			"views.publish":         rate.NewLimiter(perMinute(90), 30),               // Tier 4, 100+ a minute
			"users.info":            rate.NewLimiter(perMinute(90), 50),               // Tier 4, 100+ a minute
		},
		every: map[string]rule{
			"chat.postMessage": {rate.Every(postEvery), 1}, // 1 a second and channel
			"chat.update":      {rate.Every(time.Second), 2},
		},
		channels: make(map[scope]*rate.Limiter),
		held:     make(map[scope]time.Time),
	}
}

// place is what a limit of Slack's holds for: a channel for posts, the whole workspace for other methods.
func place(method, channel string) scope {
	if method != "chat.postMessage" {
		channel = ""
	}
	return scope{method, channel}
}

// backOff remembers Slack's wish not to be called before d has passed. Of several wishes the longest counts.
func (p *rateLimiter) backOff(method, channel string, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := place(method, channel)
	makeRoom(p.held, at, func(until time.Time) float64 { return float64(until.UnixNano()) })
	if until := p.now().Add(d); until.After(p.held[at]) {
		p.held[at] = until
	}
}

// wait returns when a call may be made. If ctx ends before that it fails at once, with an *Error of Kind
// Limited, so that nobody waits for nothing.
func (p *rateLimiter) wait(ctx context.Context, method, channel string) error {
	at := place(method, channel)
	if err := tooLong(ctx, method, p.rest(at)); err != nil {
		return err
	}
	for _, limiter := range p.limiters(method, channel) {
		if err := limiter.Wait(ctx); err != nil {
			return errDeferred(ctx, method, untilFree(limiter), err)
		}
	}
	return p.waitHeld(ctx, at) // last: Slack may have asked for patience in the meantime
}

func untilFree(limiter *rate.Limiter) time.Duration {
	r := limiter.Reserve()
	defer r.Cancel() // only asked
	return r.Delay()
}

// releaseSpacing is between two calls that waited for the same hold to end: time enough for the first to hear that Slack
// asks for more patience, before the others have asked for it, too.
const releaseSpacing = 500 * time.Millisecond

// waitHeld returns when Slack no longer holds that spot. Those who waited pass one after the other.
func (p *rateLimiter) waitHeld(ctx context.Context, at scope) error {
	for waited := false; ; waited = true {
		rest := p.pass(at, waited)
		if rest <= 0 {
			return nil
		}
		if err := tooLong(ctx, at.method, rest); err != nil {
			return err
		}
		timer := time.NewTimer(rest)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return errDeferred(ctx, at.method, rest, ctx.Err())
		}
	}
}

// pass lets a caller through a hold that has ended, and makes the next one wait if this one did; otherwise it says
// how long the hold lasts.
func (p *rateLimiter) pass(at scope, waited bool) (rest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	switch rest = p.held[at].Sub(now); {
	case rest > 0:
	case waited:
		p.held[at] = now.Add(releaseSpacing)
	default:
		delete(p.held, at)
	}
	return rest
}

func (p *rateLimiter) rest(at scope) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held[at].Sub(p.now())
}

// tooLong refuses to wait longer than ctx lasts.
func tooLong(ctx context.Context, method string, rest time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < rest {
		return errDeferred(ctx, method, rest, errors.New("slack asked for patience"))
	}
	return nil
}

func (p *rateLimiter) limiters(method, channel string) []*rate.Limiter {
	var found []*rate.Limiter
	if r, ok := p.every[method]; ok && channel != "" {
		p.mu.Lock()
		at := scope{method, channel}
		limiter, ok := p.channels[at]
		if !ok {
			makeRoom(p.channels, at, func(l *rate.Limiter) float64 { return -l.Tokens() })
			limiter = rate.NewLimiter(r.every, r.burst)
			p.channels[at] = limiter
		}
		p.mu.Unlock()
		found = append(found, limiter)
	}
	if limiter, ok := p.shared[method]; ok {
		found = append(found, limiter)
	}
	return found
}

// errDeferred is a call that was not made.
func errDeferred(ctx context.Context, method string, rest time.Duration, err error) *Error {
	if ctx.Err() != nil {
		return &Error{Method: method, Kind: Unavailable, Err: ctx.Err()}
	}
	return &Error{Method: method, Kind: Limited, RetryAfter: rest, Err: err}
}
