package executortest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
)

// Mem is a queue in memory. It passes RunQueue, so tests may trust it to behave as the real one.
type Mem struct {
	now func() time.Time

	mu    sync.Mutex
	held  map[string]*held
	open  map[string]*held // those of held that are not final
	audit []change.Entry
	woken chan struct{} // closed and replaced when something becomes ready
	puts  int64
}

// held is a request and what the queue remembers of it.
type held struct {
	request  *change.Request
	approved int64     // order of approval
	lease    time.Time // end of the present lease; zero: nobody holds it
	worker   string    // who claimed it last

	call      int64 // the last call that was noted under the present claim
	callUntil time.Time
}

var (
	_ executor.Queue = (*Mem)(nil)
	_ executor.Waker = (*Mem)(nil)
)

// NewMem returns an empty queue whose leases go by now. Wait sleeps on timers, so now has to keep pace with them:
// time.Now, as a rule inside a synctest bubble.
func NewMem(now func() time.Time) *Mem {
	return &Mem{now: now, held: map[string]*held{}, open: map[string]*held{}, woken: make(chan struct{})}
}

// Put stores a copy of an approved request; it is handed out after those that were put before it.
func (m *Mem) Put(_ context.Context, r *change.Request) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.State != change.Approved {
		return fmt.Errorf("putting request %s: it is %s, not approved", r.ID, r.State)
	}
	if _, ok := m.held[r.ID]; ok {
		return fmt.Errorf("putting request %s: it is there already", r.ID)
	}
	m.puts++
	m.held[r.ID] = &held{request: clone(r), approved: m.puts}
	m.open[r.ID] = m.held[r.ID]
	m.wake()
	return nil
}

// Get returns a copy of a request.
func (m *Mem) Get(_ context.Context, id string) (*change.Request, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h, ok := m.held[id]
	if !ok {
		return nil, change.ErrNotFound
	}
	return clone(h.request), nil
}

// Move makes a move of the service: by a person or the clock.
func (m *Mem) Move(_ context.Context, mv change.Transition) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	h, ok := m.held[mv.ID]
	if !ok {
		return change.ErrNotFound
	}
	if h.request.Version != mv.Version || h.request.State != mv.From {
		return change.ErrConflict
	}
	return m.move(h, mv)
}

// Lag notes how a request stands, and returns what puts it back to that: see Fixture.
func (m *Mem) Lag(_ context.Context, id string) (failOver func() error, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h, ok := m.held[id]
	if !ok {
		return nil, change.ErrNotFound
	}
	was := *h
	was.request = clone(h.request)
	return func() error {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.held[id], m.open[id] = &was, &was
		return nil
	}, nil
}

// Audit returns the entries in the order in which they were written.
func (m *Mem) Audit() []change.Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.audit)
}

// Claim implements executor.Queue.
func (m *Mem) Claim(_ context.Context, worker string, lease time.Duration) (executor.Claimed, error) {
	return m.claim(worker, lease, func(*held) bool { return true })
}

// TakeOver implements executor.Queue.
func (m *Mem) TakeOver(_ context.Context, worker string, lease time.Duration) (executor.Claimed, error) {
	return m.claim(worker, lease, func(h *held) bool { return h.request.State.Working() })
}

func (m *Mem) claim(worker string, lease time.Duration, wanted func(*held) bool) (executor.Claimed, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.next(wanted)
	if h == nil {
		return executor.Claimed{}, change.ErrNoWork
	}
	taken := !h.lease.IsZero()
	r := h.request
	r.Epoch++
	h.worker, h.call = worker, 0
	h.lease = m.now().Add(lease)
	if r.State == change.Approved {
		r.State = change.Applying
		r.Version++
		m.write(r, change.Entry{
			At: m.now(), Request: r.ID, What: string(change.Start), From: change.Approved, To: change.Applying,
			Worker: worker, Target: r.Proposal.Subject(), Digest: r.Proposal.Digest,
		})
	}
	return executor.Claimed{
		Claim:     change.Claim{ID: r.ID, Epoch: r.Epoch, Worker: worker},
		Request:   clone(r),
		TakenOver: taken,
		InFlight:  max(h.callUntil.Sub(m.now()), 0),
	}, nil
}

// next returns what should be worked on next, or nil: work that was begun before work that was not.
func (m *Mem) next(wanted func(*held) bool) *held {
	var ready []*held
	for _, h := range m.open {
		if m.ready(h) && wanted(h) {
			ready = append(ready, h)
		}
	}
	if len(ready) == 0 {
		return nil
	}
	return slices.MinFunc(ready, func(a, b *held) int {
		if a.request.State.Working() != b.request.State.Working() {
			if a.request.State.Working() {
				return -1
			}
			return 1
		}
		return cmp.Or(a.lease.Compare(b.lease), cmp.Compare(a.approved, b.approved))
	})
}

func (m *Mem) ready(h *held) bool {
	if h.request.State == change.Approved {
		return !m.locked(h)
	}
	return h.request.State.Working() && !m.now().Before(h.lease)
}

// locked reports whether a request that has begun writes what h would write.
func (m *Mem) locked(h *held) bool {
	for _, other := range m.open {
		for _, target := range other.request.Proposal.Locked() {
			if other != h && other.request.State.Locks() && slices.Contains(h.request.Proposal.Locked(), target) {
				return true
			}
		}
	}
	return false
}

// BeginCall implements executor.Queue.
func (m *Mem) BeginCall(_ context.Context, c change.Claim, n int64, lasts time.Duration) error {
	return m.under(c, func(h *held) error {
		h.call, h.callUntil = n, m.now().Add(lasts)
		return nil
	})
}

// EndCalls implements executor.Queue.
func (m *Mem) EndCalls(_ context.Context, c change.Claim, n int64) error {
	return m.under(c, func(h *held) error {
		if h.call == n {
			h.callUntil = time.Time{}
		}
		return nil
	})
}

// Extend implements executor.Queue.
func (m *Mem) Extend(_ context.Context, c change.Claim, lease time.Duration) error {
	return m.under(c, func(h *held) error {
		h.lease = m.now().Add(lease)
		return nil
	})
}

// Record implements executor.Queue.
func (m *Mem) Record(_ context.Context, c change.Claim, line change.StepRecord, entry change.Entry) error {
	return m.under(c, func(h *held) error {
		line.Evidence = maps.Clone(line.Evidence)
		if line.Leftover != nil {
			left := *line.Leftover
			line.Leftover = &left
		}
		if at := h.request.Record(line.Step); at != nil {
			*at = line
		} else {
			h.request.Journal = append(h.request.Journal, line)
		}
		slices.SortStableFunc(h.request.Journal, func(a, b change.StepRecord) int { return cmp.Compare(a.Order, b.Order) })
		h.request.Version++
		m.write(h.request, entry)
		return nil
	})
}

// Advance implements executor.Queue.
func (m *Mem) Advance(_ context.Context, c change.Claim, mv change.Transition) error {
	return m.under(c, func(h *held) error {
		if h.request.State != mv.From {
			return change.ErrConflict
		}
		return m.move(h, mv)
	})
}

// Release implements executor.Queue.
func (m *Mem) Release(_ context.Context, c change.Claim) error {
	return m.under(c, func(h *held) error {
		h.lease = time.Time{}
		m.wake()
		return nil
	})
}

// under runs do if c still holds its request. Each part matters: the epoch fences off a worker that was overtaken,
// the lease one that is about to be, the worker's name one whose claim the queue has lost: see Lag.
func (m *Mem) under(c change.Claim, do func(*held) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	h, ok := m.held[c.ID]
	if !ok || h.request.Epoch != c.Epoch || h.worker != c.Worker || !m.now().Before(h.lease) {
		return change.ErrFenced
	}
	return do(h)
}

func (m *Mem) move(h *held, mv change.Transition) error {
	r := h.request
	if to, ok := r.State.Next(mv.Event); mv.Event != "" && (!ok || to != mv.To) {
		return change.ErrConflict
	}
	from := r.State
	r.Version++
	if mv.Event != "" {
		r.State = mv.To
	}
	if mv.Decisions != nil {
		r.Decisions = slices.Clone(mv.Decisions)
	}
	if mv.Proposal != nil {
		was := r.Proposal
		r.Previous, r.Proposal, r.ApprovalsSince = &was, *mv.Proposal, r.Version
	}
	if mv.Outcome != nil {
		r.Outcome = *mv.Outcome
		r.Outcome.Leftovers = slices.Clone(mv.Outcome.Leftovers)
	}
	if mv.Wait != nil {
		r.Wait = *mv.Wait
	}
	if !mv.Deadline.IsZero() {
		r.Deadline = mv.Deadline
	}
	if !r.State.Working() {
		h.lease = time.Time{} // the claim is over
	}
	if r.State.Final() {
		delete(m.open, r.ID)
	}
	if mv.Event == change.Approve {
		m.puts++
		h.approved = m.puts
	}
	entry := mv.Entry
	entry.From, entry.To = from, r.State
	m.write(r, entry)
	if m.ready(h) || !r.State.Working() {
		m.wake()
	}
	return nil
}

func (m *Mem) write(r *change.Request, e change.Entry) {
	e.Version = r.Version
	m.audit = append(m.audit, e)
}

func (m *Mem) wake() {
	close(m.woken)
	m.woken = make(chan struct{})
}

// Wait implements executor.Waker.
func (m *Mem) Wait(ctx context.Context, limit time.Duration) error {
	m.mu.Lock()
	woken := m.woken
	for _, h := range m.open {
		switch {
		case m.ready(h):
			limit = 0
		case h.request.State.Working():
			limit = min(limit, h.lease.Sub(m.now()))
		}
	}
	m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if limit <= 0 {
		return nil
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-woken:
	case <-timer.C:
	}
	return nil
}

func clone(r *change.Request) *change.Request {
	c := *r
	c.Decisions = slices.Clone(r.Decisions)
	c.Messages = maps.Clone(r.Messages)
	c.Outcome.Leftovers = slices.Clone(r.Outcome.Leftovers)
	if r.Previous != nil {
		was := *r.Previous
		c.Previous = &was
	}
	c.Journal = slices.Clone(r.Journal)
	for i := range c.Journal {
		line := &c.Journal[i]
		line.Evidence = maps.Clone(line.Evidence)
		if line.Leftover != nil {
			left := *line.Leftover
			line.Leftover = &left
		}
	}
	return &c
}
