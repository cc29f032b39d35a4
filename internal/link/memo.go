package link

import (
	"context"
	"sync"
	"time"
)

// memo remembers answers for a while. Who asks for the same at once shares one call; an answer past its time to live
// is still given while a new one is fetched, until it is older than keep.
type memo[V any] struct {
	now       func() time.Time
	ttl, keep time.Duration
	timeout   time.Duration // of one fetch, which goes on though the asker has left

	mu      sync.Mutex
	held    map[string]held[V]
	flying  map[string]*flight[V]
	running sync.WaitGroup
}

type held[V any] struct {
	value V
	at    time.Time
	err   error // of the last try to renew it
}

type flight[V any] struct {
	done  chan struct{}
	value V
	err   error
}

// memoSize bounds the memory of what people type.
const memoSize = 1000

func newMemo[V any](now func() time.Time, ttl, keep, timeout time.Duration) *memo[V] {
	return &memo[V]{
		now: now, ttl: ttl, keep: keep, timeout: timeout,
		held: map[string]held[V]{}, flying: map[string]*flight[V]{},
	}
}

// get returns the answer for key. An answer that is past its time comes with the error of the last try to renew it.
func (m *memo[V]) get(ctx context.Context, key string, fetch func(context.Context) (V, error)) (value V, err error) {
	m.mu.Lock()
	h, ok := m.held[key]
	age := m.now().Sub(h.at)
	if ok && age < m.ttl {
		m.mu.Unlock()
		return h.value, nil
	}
	f := m.fly(ctx, key, fetch)
	m.mu.Unlock()
	if ok && age < m.keep {
		return h.value, h.err
	}
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		return value, ctx.Err()
	}
}

// peek returns what is remembered for key and no older than age. It asks nobody.
func (m *memo[V]) peek(key string, age time.Duration) (value V, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h, ok := m.held[key]
	if !ok || m.now().Sub(h.at) >= age {
		return value, false
	}
	return h.value, true
}

// fly joins the call that is under way for key, or begins one. The caller holds the lock.
func (m *memo[V]) fly(ctx context.Context, key string, fetch func(context.Context) (V, error)) *flight[V] {
	if f, ok := m.flying[key]; ok {
		return f
	}
	f := &flight[V]{done: make(chan struct{})}
	m.flying[key] = f
	m.running.Go(func() {
		// The answer is worth having for the next one who asks, so it doesn't end with this asker.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.timeout)
		defer cancel()
		f.value, f.err = fetch(ctx)
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.flying, key)
		m.remember(key, f)
		close(f.done)
	})
	return f
}

func (m *memo[V]) remember(key string, f *flight[V]) {
	if f.err != nil {
		if h, ok := m.held[key]; ok {
			h.err = f.err
			m.held[key] = h
		}
		return
	}
	if len(m.held) >= memoSize {
		clear(m.held)
	}
	m.held[key] = held[V]{value: f.value, at: m.now()}
}

// wait returns when no call is under way. Nobody may ask meanwhile.
func (m *memo[V]) wait() { m.running.Wait() }
