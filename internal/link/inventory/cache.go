package inventory

import (
	"context"
	"sync"
	"time"
)

// cache remembers answers for a while. Who asks for the same at once shares one call; an answer past its time to live
// is still given while a new one is fetched, until it is older than keep.
type cache[V any] struct {
	now       func() time.Time
	ttl, keep time.Duration
	timeout   time.Duration // of one fetch, which goes on though the asker has left
	most      int           // answers that are kept: the oldest go

	mu      sync.Mutex
	entries map[string]cacheEntry[V]
	flying  map[string]*inFlight[V]
	running sync.WaitGroup
}

type cacheEntry[V any] struct {
	value V
	at    time.Time
	err   error // of the last try to renew it
}

type inFlight[V any] struct {
	done  chan struct{}
	value V
	err   error
}

func newCache[V any](now func() time.Time, ttl, keep, timeout time.Duration, most int) *cache[V] {
	return &cache[V]{
		now: now, ttl: ttl, keep: keep, timeout: timeout, most: most,
		entries: map[string]cacheEntry[V]{}, flying: map[string]*inFlight[V]{},
	}
}

// get returns the answer for key. An answer that is past its time comes with the error of the last try to renew it.
func (c *cache[V]) get(ctx context.Context, key string, fetch func(context.Context) (V, error)) (value V, err error) {
	c.mu.Lock()
	h, ok := c.entries[key]
	age := c.now().Sub(h.at)
	if ok && age < c.ttl {
		c.mu.Unlock()
		return h.value, nil
	}
	f := c.fetch(ctx, key, fetch)
	c.mu.Unlock()
	if ok && age < c.keep {
		return h.value, h.err
	}
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		return value, ctx.Err()
	}
}

// latest returns the newest answer for key that can be had while ctx lasts, and when it was read. Where an older one is
// known it waits no longer than patience for a newer one, which goes on being fetched.
func (c *cache[V]) latest(ctx context.Context, key string, patience time.Duration, fetch func(context.Context) (V, error)) (value V, at time.Time, err error) {
	c.mu.Lock()
	h, known := c.entries[key]
	age := c.now().Sub(h.at)
	known = known && age < c.keep
	if known && age < c.ttl || known && patience <= 0 {
		c.mu.Unlock()
		return h.value, h.at, nil
	}
	f := c.fetch(ctx, key, fetch)
	c.mu.Unlock()
	if known {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	select {
	case <-f.done:
		return f.value, c.now(), f.err
	case <-ctx.Done():
	}
	if known {
		return h.value, h.at, nil
	}
	return value, at, ctx.Err()
}

// peek returns what is remembered for key and no older than age. It asks nobody.
func (c *cache[V]) peek(key string, age time.Duration) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, ok := c.entries[key]
	if !ok || c.now().Sub(h.at) >= age {
		return value, false
	}
	return h.value, true
}

// fetch joins the call that is under way for key, or begins one. The caller holds the lock.
func (c *cache[V]) fetch(ctx context.Context, key string, fetch func(context.Context) (V, error)) *inFlight[V] {
	if f, ok := c.flying[key]; ok {
		return f
	}
	f := &inFlight[V]{done: make(chan struct{})}
	c.flying[key] = f
	c.running.Go(func() {
		// The answer is worth having for the next one who asks, so it doesn't end with this asker.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.timeout)
		defer cancel()
		f.value, f.err = fetch(ctx)
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.flying, key)
		c.remember(key, f)
		close(f.done)
	})
	return f
}

func (c *cache[V]) remember(key string, f *inFlight[V]) {
	if f.err != nil {
		if h, ok := c.entries[key]; ok {
			h.err = f.err
			c.entries[key] = h
		}
		return
	}
	c.entries[key] = cacheEntry[V]{value: f.value, at: c.now()}
	if len(c.entries) > c.most {
		c.forgetOldest()
	}
}

func (c *cache[V]) forgetOldest() {
	oldest, at := "", c.now().Add(time.Hour)
	for key, h := range c.entries {
		if h.at.Before(at) {
			oldest, at = key, h.at
		}
	}
	delete(c.entries, oldest)
}

// wait returns when no call is under way. Nobody may ask meanwhile.
func (c *cache[V]) wait() { c.running.Wait() }
