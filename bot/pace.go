package bot

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// pace keeps calls below Slack's rates and waits where Slack asked for it. Rates are per method and workspace;
// posts are limited per channel (Slack's docs: "Rate limits").
type pace struct {
	now    func() time.Time
	shared map[string]*rate.Limiter // by method
	every  map[string]rule          // per channel, by method

	mu       sync.Mutex
	channels map[spot]*rate.Limiter
	held     map[spot]time.Time // until when Slack wants no such call
}

type spot struct{ method, channel string }

type rule struct {
	every rate.Limit
	burst int
}

// maxSpots bounds what is remembered. A channel that is forgotten starts with a fresh burst, no more.
const maxSpots = 4096

func newPace(o MessengerOptions) *pace {
	perMinute := func(n int) rate.Limit { return rate.Limit(float64(n) / 60) }
	return &pace{
		now: o.Now,
		shared: map[string]*rate.Limiter{
			"chat.update":           rate.NewLimiter(perMinute(o.UpdatesPerMinute), 10), // Tier 3, 50+ a minute
			"chat.delete":           rate.NewLimiter(perMinute(45), 10),                 // Tier 3
			"conversations.open":    rate.NewLimiter(perMinute(45), 10),                 // Tier 3
			"conversations.history": rate.NewLimiter(perMinute(45), 5),                  // Tier 3
			"conversations.replies": rate.NewLimiter(perMinute(45), 5),                  // Tier 3
			"usergroups.users.list": rate.NewLimiter(perMinute(18), 5),                  // Tier 2, 20+ a minute
			"views.publish":         rate.NewLimiter(perMinute(90), 30),                 // Tier 4, 100+ a minute
			"users.info":            rate.NewLimiter(perMinute(90), 50),                 // Tier 4, 100+ a minute
		},
		every: map[string]rule{
			"chat.postMessage": {rate.Every(o.PostEvery), 1}, // 1 a second and channel
			"chat.update":      {rate.Every(time.Second), 2},
		},
		channels: make(map[spot]*rate.Limiter),
		held:     make(map[spot]time.Time),
	}
}

// place is what a limit of Slack's holds for: a channel for posts, the whole workspace for other methods.
func place(method, channel string) spot {
	if method != "chat.postMessage" {
		channel = ""
	}
	return spot{method, channel}
}

// hold remembers Slack's wish not to be called before d has passed. Of several wishes the longest counts.
func (p *pace) hold(method, channel string, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.held) >= maxSpots {
		clear(p.held)
	}
	at := place(method, channel)
	if until := p.now().Add(d); until.After(p.held[at]) {
		p.held[at] = until
	}
}

// wait returns when a call may be made. If ctx ends before that it fails at once, with an *Error of Kind
// Limited, so that nobody waits for nothing.
func (p *pace) wait(ctx context.Context, method, channel string) error {
	at := place(method, channel)
	if err := tooLong(ctx, method, p.rest(at)); err != nil {
		return err
	}
	for _, limiter := range p.limiters(method, channel) {
		if err := limiter.Wait(ctx); err != nil {
			return notNow(ctx, method, untilFree(limiter), err)
		}
	}
	return p.waitHeld(ctx, at) // last: Slack may have asked for patience in the meantime
}

func untilFree(limiter *rate.Limiter) time.Duration {
	r := limiter.Reserve()
	defer r.Cancel() // only asked
	return r.Delay()
}

// apart is between two calls that waited for the same hold to end: time enough for the first to hear that Slack
// wants more patience, before the others have asked for it, too.
const apart = 500 * time.Millisecond

// waitHeld returns when Slack no longer holds that spot. Those who waited pass one after the other.
func (p *pace) waitHeld(ctx context.Context, at spot) error {
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
			return notNow(ctx, at.method, rest, ctx.Err())
		}
	}
}

// pass lets a caller through a hold that has ended, and makes the next one wait if this one did; otherwise it says
// how long the hold lasts.
func (p *pace) pass(at spot, waited bool) (rest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	switch rest = p.held[at].Sub(now); {
	case rest > 0:
	case waited:
		p.held[at] = now.Add(apart)
	default:
		delete(p.held, at)
	}
	return rest
}

func (p *pace) rest(at spot) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held[at].Sub(p.now())
}

// tooLong refuses to wait longer than ctx lasts.
func tooLong(ctx context.Context, method string, rest time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < rest {
		return notNow(ctx, method, rest, errors.New("slack asked for patience"))
	}
	return nil
}

func (p *pace) limiters(method, channel string) []*rate.Limiter {
	var found []*rate.Limiter
	if r, ok := p.every[method]; ok && channel != "" {
		p.mu.Lock()
		at := spot{method, channel}
		limiter, ok := p.channels[at]
		if !ok {
			if len(p.channels) >= maxSpots {
				clear(p.channels)
			}
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

// notNow is a call that was not made.
func notNow(ctx context.Context, method string, rest time.Duration, err error) *Error {
	if ctx.Err() != nil {
		return &Error{Method: method, Kind: Unavailable, Err: ctx.Err()}
	}
	return &Error{Method: method, Kind: Limited, RetryAfter: rest, Err: err}
}
