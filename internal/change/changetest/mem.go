package changetest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Mem is a store in memory. It passes RunStore and executortest.RunQueue, so tests may trust it to behave as the
// real one. It keeps final requests for ever.
type Mem struct {
	now func() time.Time

	mu      sync.Mutex
	all     map[string]*kept
	targets map[string]string // to the id of the holder
	made    map[string]submission
	lines   []change.AuditLine
	clock   int64         // goes up with every write: the order of things within a millisecond
	woken   chan struct{} // closed and replaced when there may be work
	memos   map[string]change.StoredRecord
}

// kept is a request and what the store remembers beside it.
type kept struct {
	*change.Request
	born     int64     // order of creation
	approved int64     // order of approval
	lease    time.Time // end of the worker's lease; zero: there is no claim
	worker   string    // who claimed it last
	leased   int64     // order in which the lease ended, for those given back
	released bool
	calling  int64     // the last call that was noted under the present claim
	quiet    time.Time // until then it may be carried out
	lagging  int64     // order of falling behind or of the last try; 0: shown
	notifier string
	telling  time.Time // end of the notifier's lease
	review   time.Time // by when it has to be reviewed; zero: it need not
}

type submission struct {
	id string
	at time.Time
}

var _ Store = (*Mem)(nil)

// NewMem returns an empty store that goes by now. Wait sleeps on timers: where it is used, now has to keep pace
// with them.
func NewMem(now func() time.Time) *Mem {
	return &Mem{
		now: now, all: map[string]*kept{}, targets: map[string]string{}, made: map[string]submission{},
		woken: make(chan struct{}), memos: map[string]change.StoredRecord{},
	}
}

// Create implements change.Requests.
func (m *Mem) Create(_ context.Context, r *change.Request, sub string, entry change.Entry) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.ID == "" || r.State != change.Pending {
		return "", fmt.Errorf("storing a request: %q is %s, not %s", r.ID, r.State, change.Pending)
	}
	if was, ok := m.made[sub]; ok && sub != "" && m.now().Before(was.at.Add(24*time.Hour)) {
		return was.id, nil
	}
	if err := m.free(r, ""); err != nil {
		return "", err
	}
	c, err := clone(r)
	if err != nil {
		return "", err
	}
	c.Version, c.ApprovalsSince, c.Epoch, c.Announced = 0, 1, 0, 0
	c.Decisions, c.Journal, c.Outcome, c.Previous = nil, nil, change.Outcome{}, nil
	k := &kept{Request: c, born: m.tick()}
	entry.To = change.Pending
	if err := m.write(k, entry); err != nil {
		return "", err
	}
	m.all[r.ID] = k
	if parent, ok := m.all[r.Parent]; ok {
		parent.Child = r.ID
		parent.Version++
		if parent.lagging == 0 {
			parent.lagging = m.tick()
		}
	}
	m.targets[r.Proposal.Subject()] = r.ID
	m.made[sub] = submission{id: r.ID, at: m.now()}
	return r.ID, nil
}

// CanCreate implements change.Requests.
func (m *Mem) CanCreate(_ context.Context, r *change.Request) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.free(r, r.Parent)
}

// free returns what is in the way of r, but for one request.
func (m *Mem) free(r *change.Request, but string) error {
	if by, ok := m.targets[r.Proposal.Subject()]; ok && by != but {
		return &change.LockedError{Target: r.Proposal.Subject(), RequestID: by}
	}
	if _, ok := m.all[r.ID]; ok {
		return fmt.Errorf("the id %s is taken: %w", r.ID, change.ErrConflict)
	}
	return nil
}

// Submitted implements change.Requests.
func (m *Mem) Submitted(_ context.Context, sub string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if made, ok := m.made[sub]; ok && sub != "" && m.now().Before(made.at.Add(24*time.Hour)) {
		return made.id, nil
	}
	return "", nil
}

// WaitDurable implements change.Requests: what is in memory has no copies to wait for.
func (m *Mem) WaitDurable(context.Context) error { return nil }

// Get implements change.Requests.
func (m *Mem) Get(_ context.Context, id string) (*change.Request, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, err := m.find(id)
	if err != nil {
		return nil, err
	}
	return clone(k.Request)
}

// Transition implements change.Requests.
func (m *Mem) Transition(_ context.Context, mv change.Transition) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, err := m.find(mv.ID)
	if err != nil {
		return err
	}
	if k.Version != mv.Version {
		return fmt.Errorf("moving request %s: %w", mv.ID, change.ErrConflict)
	}
	return m.move(k, mv, false)
}

// move makes one transition: a worker's or a person's.
func (m *Mem) move(k *kept, mv change.Transition, worker bool) error {
	to, ok := mv.From.Next(mv.Event)
	if mv.Event == "" {
		to, ok = mv.From, !mv.From.Final() || mv.Review != nil
	}
	if !ok || to != mv.To || k.State != mv.From {
		return fmt.Errorf("moving request %s: %w", mv.ID, change.ErrConflict)
	}
	if mv.Proposal != nil && mv.Proposal.Subject() != k.Proposal.Subject() {
		return fmt.Errorf("moving request %s: a plan computed again has another target", mv.ID)
	}
	// Through JSON, so that nobody outside keeps a hand on what is inside.
	c, err := clone(&change.Request{Decisions: mv.Decisions, Previous: mv.Proposal, Outcome: deref(mv.Outcome), Deadline: mv.Deadline, NotBefore: mv.NotBefore, Wait: deref(mv.Wait)})
	if err != nil {
		return err
	}
	entry := mv.Entry
	entry.From, entry.To = mv.From, mv.To
	if err := m.write(k, entry); err != nil {
		return err
	}
	if mv.Decisions != nil {
		k.Decisions = c.Decisions
	}
	if mv.Proposal != nil {
		was := k.Proposal
		k.Previous, k.Proposal, k.ApprovalsSince = &was, *c.Previous, k.Version
	}
	if mv.Outcome != nil {
		k.Outcome = c.Outcome
	}
	if mv.Wait != nil {
		k.Wait = c.Wait
	}
	if !mv.Deadline.IsZero() {
		k.Deadline = c.Deadline
	}
	if !mv.NotBefore.IsZero() {
		k.NotBefore = c.NotBefore
	}
	if mv.Review != nil {
		k.review = *mv.Review
	}
	if mv.From != mv.To {
		m.settle(k, mv.To, worker)
	}
	m.keep(mv.Records)
	return nil
}

// settle puts a request where its new state belongs.
func (m *Mem) settle(k *kept, to change.State, worker bool) {
	k.State = to
	switch {
	case to == change.Approved:
		k.approved = m.tick()
		m.wake()
	case to.Working() && !worker: // a person asks a worker to go on
		k.lease, k.leased, k.released = m.now(), m.tick(), true
		m.wake()
	case !to.Working():
		k.lease = time.Time{}
		m.wake() // what it had locked is free, unless it is stuck
	}
	if to.Final() {
		delete(m.targets, k.Proposal.Subject())
	}
}

// Due implements change.Requests.
func (m *Mem) Due(_ context.Context, now time.Time, limit int) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	due := m.sorted(func(k *kept) bool {
		return (k.State == change.Pending || k.State == change.Approved) && !k.Deadline.IsZero() && !now.Before(k.Deadline)
	}, func(a, b *kept) int { return a.Deadline.Compare(b.Deadline) })
	return ids(due, limit), nil
}

// ReviewsDue implements change.Requests.
func (m *Mem) ReviewsDue(_ context.Context, now time.Time, limit int) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	due := func(k *kept) bool { return !k.review.IsZero() && !k.review.After(now) }
	return ids(m.sorted(due, func(a, b *kept) int { return a.review.Compare(b.review) }), limit), nil
}

// Overdue implements change.Requests.
func (m *Mem) Overdue(_ context.Context, now time.Time, limit int) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	late := m.sorted(func(k *kept) bool { return k.State == change.WaitingForPerson && !now.Before(k.Wait.Until) },
		func(a, b *kept) int { return a.Wait.Until.Compare(b.Wait.Until) })
	return ids(late, limit), nil
}

func (m *Mem) find(id string) (*kept, error) {
	k, ok := m.all[id]
	if !ok {
		return nil, fmt.Errorf("request %s: %w", id, change.ErrNotFound)
	}
	return k, nil
}

// sorted returns the requests that are wanted, in an order; ties go by their ids.
func (m *Mem) sorted(wanted func(*kept) bool, order func(a, b *kept) int) []*kept {
	var found []*kept
	for _, k := range m.all {
		if wanted(k) {
			found = append(found, k)
		}
	}
	slices.SortFunc(found, func(a, b *kept) int { return cmp.Or(order(a, b), cmp.Compare(a.ID, b.ID)) })
	return found
}

func ids(all []*kept, limit int) []string {
	var found []string
	for _, k := range all[:min(len(all), max(limit, 0))] {
		found = append(found, k.ID)
	}
	return found
}

// write takes the request to its next version, which lags, and writes the entry behind the others.
func (m *Mem) write(k *kept, entry change.Entry) error {
	entry.Request, entry.Target, entry.Version = k.ID, k.Proposal.Subject(), k.Version+1
	prev := change.GenesisHash
	if n := len(m.lines); n > 0 {
		prev = m.lines[n-1].Hash
	}
	text, hash, err := entry.Chain(prev)
	if err != nil {
		return err
	}
	l := change.AuditLine{ID: strconv.Itoa(len(m.lines) + 1), Text: text, Hash: hash}
	if err := json.Unmarshal([]byte(text), &l.Entry); err != nil {
		return fmt.Errorf("audit entry: %w", err)
	}
	m.lines = append(m.lines, l)
	k.Version++
	if k.lagging == 0 {
		k.lagging = m.tick()
	}
	return nil
}

func (m *Mem) tick() int64 {
	m.clock++
	return m.clock
}

func (m *Mem) wake() {
	close(m.woken)
	m.woken = make(chan struct{})
}

// clone copies a request the way a store does, by writing and reading it.
func clone(r *change.Request) (*change.Request, error) {
	raw, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encoding request %s: %w", r.ID, err)
	}
	var c change.Request
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("decoding request %s: %w", r.ID, err)
	}
	c.Created, c.Deadline = c.Created.UTC().Truncate(time.Millisecond), c.Deadline.UTC().Truncate(time.Millisecond)
	c.NotBefore = c.NotBefore.UTC().Truncate(time.Millisecond)
	return &c, nil
}

func deref[T any](v *T) T {
	if v == nil {
		var zero T
		return zero
	}
	return *v
}
