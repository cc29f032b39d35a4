package handlerstest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// Outbox remembers requests, for tests: change.Requests and Outbox in one.
type Outbox struct {
	mu        sync.Mutex
	Requests  map[string]*change.Request
	dedup     map[string]string
	Down      error
	Holds     string // who tells, forever; empty: nobody
	notifiers map[string]notifier
	Records   []change.StoredRecord
	Kept      changetest.Records // the records as they are read
}

type notifier struct {
	owner string
	until time.Time
}

func NewOutbox() *Outbox {
	b := &Outbox{Requests: map[string]*change.Request{}, dedup: map[string]string{}, notifiers: map[string]notifier{}}
	b.Kept = changetest.Records{Index: inventory.IndexRecord, All: func() ([]change.StoredRecord, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		return slices.Clone(b.Records), b.Down
	}}
	return b
}

func (b *Outbox) Create(_ context.Context, r *change.Request, submission string, _ change.Entry) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.Down != nil {
		return "", b.Down
	}
	if id, ok := b.dedup[submission]; ok && submission != "" {
		return id, nil
	}
	for _, other := range b.Requests {
		if other.Proposal.Subject() == r.Proposal.Subject() && !other.State.Final() {
			return "", &change.LockedError{Target: r.Proposal.Subject(), RequestID: other.ID}
		}
	}
	b.Requests[r.ID] = Clone(r)
	if submission != "" {
		b.dedup[submission] = r.ID
	}
	return r.ID, nil
}

func (b *Outbox) CanCreate(_ context.Context, r *change.Request) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, other := range b.Requests {
		if other.ID != r.Parent && other.Proposal.Subject() == r.Proposal.Subject() && !other.State.Final() {
			return &change.LockedError{Target: r.Proposal.Subject(), RequestID: other.ID}
		}
	}
	return b.Down
}

func (b *Outbox) Submitted(_ context.Context, submission string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dedup[submission], b.Down
}

func (b *Outbox) WaitDurable(context.Context) error { return b.Down }

func (b *Outbox) Get(_ context.Context, id string) (*change.Request, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.Down != nil {
		return nil, b.Down
	}
	r, ok := b.Requests[id]
	if !ok {
		return nil, fmt.Errorf("request %s: %w", id, change.ErrNotFound)
	}
	return Clone(r), nil
}

func (b *Outbox) Transition(_ context.Context, m change.Transition) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.Down != nil {
		return b.Down
	}
	r := b.Requests[m.ID]
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

func (b *Outbox) Due(context.Context, time.Time, int) ([]string, error) { return nil, nil }

func (b *Outbox) Overdue(context.Context, time.Time, int) ([]string, error) { return nil, nil }

func (b *Outbox) ReviewsDue(context.Context, time.Time, int) ([]string, error) { return nil, nil }

func (b *Outbox) Unannounced(_ context.Context, limit int) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(b.Requests)) {
		if r := b.Requests[id]; r.Announced < r.Version && len(ids) < limit {
			ids = append(ids, id)
		}
	}
	return ids, b.Down
}

func (b *Outbox) ClaimNotification(_ context.Context, id, owner string, lease time.Duration) (*change.Request, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.Requests[id]
	switch {
	case b.Down != nil:
		return nil, false, b.Down
	case !ok:
		return nil, false, change.ErrNotFound
	case r.Announced >= r.Version, b.Holds != "" && b.Holds != owner:
		return nil, false, nil
	}
	if has := b.notifiers[id]; has.owner != owner && time.Now().Before(has.until) {
		return nil, false, nil
	}
	b.notifiers[id] = notifier{owner, time.Now().Add(lease)}
	return Clone(r), true, nil
}

func (b *Outbox) NoteMessage(_ context.Context, id, owner, slot string, m change.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.Down != nil {
		return b.Down
	}
	if has := b.notifiers[id]; has.owner != owner || !time.Now().Before(has.until) {
		return change.ErrFenced
	}
	r := b.Requests[id]
	r.Messages = maps.Clone(r.Messages)
	if r.Messages == nil {
		r.Messages = map[string]change.Message{}
	}
	r.Messages[slot] = m
	return nil
}

func (b *Outbox) Announced(_ context.Context, id string, version int64, owner string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if has := b.notifiers[id]; has.owner != owner || !time.Now().Before(has.until) {
		return change.ErrFenced
	}
	delete(b.notifiers, id)
	r := b.Requests[id]
	r.Announced = max(r.Announced, version)
	return b.Down
}

// Edit changes a request as a worker would, and counts its version up.
func (b *Outbox) Edit(id string, f func(*change.Request)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(b.Requests[id])
	b.Requests[id].Version++
}

func (b *Outbox) Put(r *change.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Requests[r.ID] = r
}

func (b *Outbox) SetDown(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Down = err
}

func (b *Outbox) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.Requests)
}

func Clone(r *change.Request) *change.Request {
	c := *r
	c.Decisions = slices.Clone(r.Decisions)
	c.Journal = slices.Clone(r.Journal)
	c.Messages = maps.Clone(r.Messages)
	return &c
}

func (b *Outbox) list(wanted func(*change.Request) bool) []*change.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []*change.Request
	for _, id := range slices.Sorted(maps.Keys(b.Requests)) {
		if r := b.Requests[id]; wanted(r) {
			all = append(all, Clone(r))
		}
	}
	return all
}

func (b *Outbox) PendingRequests(_ context.Context, limit int) ([]*change.Request, error) {
	all := b.list(func(r *change.Request) bool { return r.State == change.Pending })
	return all[:min(len(all), limit)], nil
}

func (b *Outbox) Reviews(_ context.Context, limit int) ([]*change.Request, error) {
	all := b.list(func(r *change.Request) bool { return r.Review().Open() })
	return all[:min(len(all), limit)], nil
}

func (b *Outbox) Mine(_ context.Context, user string, _ int) ([]*change.Request, error) {
	return b.list(func(r *change.Request) bool { return r.Requester.User == user }), nil
}

func (b *Outbox) Recent(_ context.Context, limit int) ([]*change.Request, error) {
	all := b.list(func(*change.Request) bool { return true })
	return all[:min(len(all), limit)], nil
}

// Keep remembers what a request leaves, as if it had been applied.
func (b *Outbox) Keep(r *change.Request, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Records = append(b.Records, r.StoredRecords(at)...)
}

// WantAnnounced fails the test unless the latest version of a request was announced.
func (b *Outbox) WantAnnounced(t *testing.T, id string) {
	t.Helper()
	r, err := b.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if r.Announced != r.Version {
		t.Errorf("version %d was announced, it is at %d", r.Announced, r.Version)
	}
}
