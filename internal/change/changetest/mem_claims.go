package changetest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Claim implements executor.Queue.
func (m *Mem) Claim(_ context.Context, worker string, lease time.Duration) (change.Claimed, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.claim(m.next(), worker, lease)
}

// TakeOver implements executor.Queue.
func (m *Mem) TakeOver(_ context.Context, worker string, lease time.Duration) (change.Claimed, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.next()
	if k != nil && k.State == change.Approved { // nothing that was begun comes after it
		k = nil
	}
	return m.claim(k, worker, lease)
}

func (m *Mem) claim(k *kept, worker string, lease time.Duration) (change.Claimed, error) {
	if k == nil {
		return change.Claimed{}, change.ErrNoWork
	}
	from, what := k.State, string(change.Start)
	if from != change.Approved {
		what = "take_over"
		if k.released {
			what = "claim"
		}
	}
	to := from
	if from == change.Approved {
		to = change.Applying
	}
	err := m.write(k, change.Entry{
		At: m.now(), What: what, From: from, To: to, Worker: worker, Digest: k.Proposal.Digest, Rule: k.Rule,
	})
	if err != nil {
		return change.Claimed{}, err
	}
	k.State = to
	k.Epoch++
	k.worker, k.calling = worker, 0
	k.lease, k.leased, k.released = m.now().Add(lease), m.tick(), false
	r, err := clone(k.Request)
	return change.Claimed{
		Claim: change.Claim{ID: k.ID, Epoch: k.Epoch, Worker: worker}, Request: r, TakenOver: what == "take_over",
		InFlight: max(k.quiet.Sub(m.now()), 0),
	}, err
}

// next returns what a worker should take, or nil: what was begun before what was not.
func (m *Mem) next() *kept {
	now := m.now()
	lapsed := m.sorted(func(k *kept) bool { return k.State.Working() && !now.Before(k.lease) },
		func(a, b *kept) int { return cmp.Or(a.lease.Compare(b.lease), cmp.Compare(a.leased, b.leased)) })
	ready := m.sorted(func(k *kept) bool {
		return k.State == change.Approved && (k.Deadline.IsZero() || now.Before(k.Deadline)) && !now.Before(k.NotBefore) && !m.locked(k)
	}, func(a, b *kept) int { return cmp.Compare(a.approved, b.approved) })
	if all := append(lapsed, ready...); len(all) > 0 {
		return all[0]
	}
	return nil
}

// locked reports whether a request that has begun writes what k would write.
func (m *Mem) locked(k *kept) bool {
	for _, other := range m.all {
		if other != k && other.State.Locks() && overlap(other.Proposal.Locked(), k.Proposal.Locked()) {
			return true
		}
	}
	return false
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(one string) bool { return slices.Contains(b, one) })
}

// BeginCall implements executor.Queue.
func (m *Mem) BeginCall(_ context.Context, c change.Claim, n int64, lasts time.Duration) error {
	return m.under(c, func(k *kept) error {
		k.calling, k.quiet = n, m.now().Add(lasts)
		return nil
	})
}

// EndCalls implements executor.Queue.
func (m *Mem) EndCalls(_ context.Context, c change.Claim, n int64) error {
	return m.under(c, func(k *kept) error {
		if k.calling == n {
			k.quiet = time.Time{}
		}
		return nil
	})
}

// Extend implements executor.Queue.
func (m *Mem) Extend(_ context.Context, c change.Claim, lease time.Duration) error {
	return m.under(c, func(k *kept) error {
		k.lease = m.now().Add(lease)
		return nil
	})
}

// Release implements executor.Queue.
func (m *Mem) Release(_ context.Context, c change.Claim) error {
	return m.under(c, func(k *kept) error {
		k.lease, k.leased, k.released = m.now(), m.tick(), true
		m.wake()
		return nil
	})
}

// Record implements executor.Queue.
func (m *Mem) Record(_ context.Context, c change.Claim, line change.StepRecord, entry change.Entry) error {
	return m.under(c, func(k *kept) error {
		raw, err := json.Marshal(line)
		if err != nil {
			return fmt.Errorf("encoding a journal line: %w", err)
		}
		var own change.StepRecord
		if err := json.Unmarshal(raw, &own); err != nil {
			return fmt.Errorf("decoding a journal line: %w", err)
		}
		entry.From, entry.To, entry.Worker = k.State, k.State, c.Worker
		if err := m.write(k, entry); err != nil {
			return err
		}
		k.Journal = slices.DeleteFunc(k.Journal, func(r change.StepRecord) bool { return r.Step == own.Step })
		k.Journal = append(k.Journal, own)
		slices.SortFunc(k.Journal, func(a, b change.StepRecord) int {
			return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Step, b.Step))
		})
		return nil
	})
}

// Advance implements executor.Queue.
func (m *Mem) Advance(_ context.Context, c change.Claim, mv change.Transition) error {
	return m.under(c, func(k *kept) error {
		mv.ID, mv.Entry.Worker = c.ID, c.Worker
		return m.move(k, mv, true)
	})
}

// under runs write if c still gives the right to it.
func (m *Mem) under(c change.Claim, write func(*kept) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.all[c.ID]
	if !ok || k.Epoch != c.Epoch || k.worker != c.Worker || !m.now().Before(k.lease) {
		return fmt.Errorf("request %s: %w", c.ID, change.ErrFenced)
	}
	return write(k)
}

// Wait implements executor.Waker.
func (m *Mem) Wait(ctx context.Context, limit time.Duration) error {
	m.mu.Lock()
	woken, nap, work := m.woken, limit, m.next() != nil
	for _, k := range m.all {
		if k.State.Working() && !k.lease.IsZero() {
			nap = min(nap, k.lease.Sub(m.now()))
		}
		if k.State == change.Approved && m.now().Before(k.NotBefore) {
			nap = min(nap, k.NotBefore.Sub(m.now()))
		}
	}
	m.mu.Unlock()
	if work {
		return ctx.Err()
	}
	timer := time.NewTimer(max(nap, time.Millisecond))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-woken:
	case <-ctx.Done():
	}
	return ctx.Err()
}

// Lag notes how a request stands, and returns what puts it back to that: see executortest.Fixture.
func (m *Mem) Lag(_ context.Context, id string) (failOver func() error, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, err := m.find(id)
	if err != nil {
		return nil, err
	}
	was := *k
	was.Request, err = clone(k.Request)
	return func() error {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.all[id] = &was
		return nil
	}, err
}
