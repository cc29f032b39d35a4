package handlers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// book remembers requests, for tests: change.Requests and Outbox in one.
type book struct {
	mu        sync.Mutex
	requests  map[string]*change.Request
	dedup     map[string]string
	down      error
	holds     string // who tells, for ever; empty: nobody
	notifiers map[string]notifier
	memos     []change.StoredRecord
	kept      changetest.Records // the memos as they are read
}

type notifier struct {
	owner string
	until time.Time
}

func newBook() *book {
	b := &book{requests: map[string]*change.Request{}, dedup: map[string]string{}, notifiers: map[string]notifier{}}
	b.kept = changetest.Records{Index: inventory.IndexRecord, All: func() ([]change.StoredRecord, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		return slices.Clone(b.memos), b.down
	}}
	return b
}

func (b *book) Create(_ context.Context, r *change.Request, submission string, _ change.Entry) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down != nil {
		return "", b.down
	}
	if id, ok := b.dedup[submission]; ok && submission != "" {
		return id, nil
	}
	for _, other := range b.requests {
		if other.Proposal.Subject() == r.Proposal.Subject() && !other.State.Final() {
			return "", &change.LockedError{Target: r.Proposal.Subject(), RequestID: other.ID}
		}
	}
	b.requests[r.ID] = clone(r)
	if submission != "" {
		b.dedup[submission] = r.ID
	}
	return r.ID, nil
}

func (b *book) CanCreate(_ context.Context, r *change.Request) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, other := range b.requests {
		if other.ID != r.Parent && other.Proposal.Subject() == r.Proposal.Subject() && !other.State.Final() {
			return &change.LockedError{Target: r.Proposal.Subject(), RequestID: other.ID}
		}
	}
	return b.down
}

func (b *book) Submitted(_ context.Context, submission string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dedup[submission], b.down
}

func (b *book) WaitDurable(context.Context) error { return b.down }

func (b *book) Get(_ context.Context, id string) (*change.Request, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down != nil {
		return nil, b.down
	}
	r, ok := b.requests[id]
	if !ok {
		return nil, fmt.Errorf("request %s: %w", id, change.ErrNotFound)
	}
	return clone(r), nil
}

func (b *book) Transition(_ context.Context, m change.Transition) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down != nil {
		return b.down
	}
	r := b.requests[m.ID]
	if r.Version != m.Version {
		return change.ErrConflict
	}
	r.State, r.Version = m.To, r.Version+1
	if m.Decisions != nil {
		r.Decisions = m.Decisions
	}
	if m.Wait != nil {
		r.Wait = *m.Wait
	}
	return nil
}

func (b *book) Due(context.Context, time.Time, int) ([]string, error) { return nil, nil }

func (b *book) Overdue(context.Context, time.Time, int) ([]string, error) { return nil, nil }

func (b *book) Unannounced(_ context.Context, limit int) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(b.requests)) {
		if r := b.requests[id]; r.Announced < r.Version && len(ids) < limit {
			ids = append(ids, id)
		}
	}
	return ids, b.down
}

func (b *book) ClaimNotification(_ context.Context, id, owner string, lease time.Duration) (*change.Request, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.requests[id]
	switch {
	case b.down != nil:
		return nil, false, b.down
	case !ok:
		return nil, false, change.ErrNotFound
	case r.Announced >= r.Version, b.holds != "" && b.holds != owner:
		return nil, false, nil
	}
	if has := b.notifiers[id]; has.owner != owner && time.Now().Before(has.until) {
		return nil, false, nil
	}
	b.notifiers[id] = notifier{owner, time.Now().Add(lease)}
	return clone(r), true, nil
}

func (b *book) NoteMessage(_ context.Context, id, owner, slot string, m change.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down != nil {
		return b.down
	}
	if has := b.notifiers[id]; has.owner != owner || !time.Now().Before(has.until) {
		return change.ErrFenced
	}
	r := b.requests[id]
	r.Messages = maps.Clone(r.Messages)
	if r.Messages == nil {
		r.Messages = map[string]change.Message{}
	}
	r.Messages[slot] = m
	return nil
}

func (b *book) Announced(_ context.Context, id string, version int64, owner string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if has := b.notifiers[id]; has.owner != owner || !time.Now().Before(has.until) {
		return change.ErrFenced
	}
	delete(b.notifiers, id)
	r := b.requests[id]
	r.Announced = max(r.Announced, version)
	return b.down
}

// edit changes a request as a worker would, and counts its version up.
func (b *book) edit(id string, f func(*change.Request)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(b.requests[id])
	b.requests[id].Version++
}

func (b *book) put(r *change.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests[r.ID] = r
}

func (b *book) setDown(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = err
}

func (b *book) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.requests)
}

func clone(r *change.Request) *change.Request {
	c := *r
	c.Decisions = slices.Clone(r.Decisions)
	c.Journal = slices.Clone(r.Journal)
	c.Messages = maps.Clone(r.Messages)
	return &c
}

func (b *book) list(wanted func(*change.Request) bool) []*change.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []*change.Request
	for _, id := range slices.Sorted(maps.Keys(b.requests)) {
		if r := b.requests[id]; wanted(r) {
			all = append(all, clone(r))
		}
	}
	return all
}

func (b *book) PendingRequests(_ context.Context, limit int) ([]*change.Request, error) {
	all := b.list(func(r *change.Request) bool { return r.State == change.Pending })
	return all[:min(len(all), limit)], nil
}

func (b *book) Mine(_ context.Context, user string, _ int) ([]*change.Request, error) {
	return b.list(func(r *change.Request) bool { return r.Requester.User == user }), nil
}

func (b *book) Recent(_ context.Context, limit int) ([]*change.Request, error) {
	all := b.list(func(*change.Request) bool { return true })
	return all[:min(len(all), limit)], nil
}

// keep remembers what a request leaves, as if it had been applied.
func (b *book) keep(r *change.Request, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.memos = append(b.memos, r.StoredRecords(at)...)
}
