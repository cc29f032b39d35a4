package changetest

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Unannounced implements Outbox.
func (m *Mem) Unannounced(_ context.Context, limit int) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	behind := m.sorted(func(k *kept) bool { return k.lagging != 0 },
		func(a, b *kept) int { return cmp.Compare(a.lagging, b.lagging) })
	return ids(behind, limit), nil
}

// ClaimNotification implements Outbox.
func (m *Mem) ClaimNotification(_ context.Context, id, owner string, lease time.Duration) (*change.Request, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, err := m.find(id)
	if err != nil {
		return nil, false, err
	}
	if k.Announced >= k.Version || k.notifier != "" && k.notifier != owner && m.now().Before(k.telling) {
		return nil, false, nil
	}
	k.notifier, k.telling, k.lagging = owner, m.now().Add(lease), m.tick()
	r, err := clone(k.Request)
	return r, err == nil, err
}

// NoteMessage implements Outbox.
func (m *Mem) NoteMessage(_ context.Context, id, owner, slot string, msg change.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, err := m.find(id)
	if err != nil {
		return err
	}
	if err := m.late(k, owner); err != nil {
		return err
	}
	if k.Messages == nil {
		k.Messages = map[string]change.Message{}
	}
	k.Messages[slot] = msg
	return nil
}

// late refuses a notifier whose lease has ended.
func (m *Mem) late(k *kept, owner string) error {
	if k.notifier != owner || !m.now().Before(k.telling) {
		return change.ErrFenced
	}
	return nil
}

// Announced implements Outbox.
func (m *Mem) Announced(_ context.Context, id string, version int64, owner string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, err := m.find(id)
	if err != nil {
		return err
	}
	if err := m.late(k, owner); err != nil {
		return err
	}
	k.Announced = max(k.Announced, min(version, k.Version))
	k.notifier = ""
	if k.Announced >= k.Version {
		k.lagging = 0
	}
	return nil
}

// Mine implements Lists.
func (m *Mem) Mine(_ context.Context, user string, limit int) ([]*change.Request, error) {
	return m.list(limit, func(k *kept) bool { return k.Requester.User == user }, newestFirst)
}

// Recent implements Lists.
func (m *Mem) Recent(_ context.Context, limit int) ([]*change.Request, error) {
	return m.list(limit, func(*kept) bool { return true }, newestFirst)
}

// PendingRequests implements Lists.
func (m *Mem) PendingRequests(_ context.Context, limit int) ([]*change.Request, error) {
	return m.list(limit, func(k *kept) bool { return k.State == change.Pending },
		func(a, b *kept) int { return a.Deadline.Compare(b.Deadline) })
}

// Reviews implements Lists.
func (m *Mem) Reviews(_ context.Context, limit int) ([]*change.Request, error) {
	return m.list(limit, func(k *kept) bool { return !k.review.IsZero() && k.Request.Review().Open() },
		func(a, b *kept) int { return a.review.Compare(b.review) })
}

func newestFirst(a, b *kept) int {
	return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(b.born, a.born))
}

func (m *Mem) list(limit int, wanted func(*kept) bool, order func(a, b *kept) int) ([]*change.Request, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []*change.Request
	for _, k := range m.sorted(wanted, order) {
		if len(all) >= limit {
			break
		}
		r, err := clone(k.Request)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// Holder implements Lists.
func (m *Mem) Holder(_ context.Context, target string) (id string, ok bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id, ok = m.targets[target]
	return id, ok, nil
}

// Audit implements Trail.
func (m *Mem) Audit(_ context.Context, from string, limit int) ([]change.AuditLine, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	start := 0
	if from != "" {
		var err error
		if start, err = strconv.Atoi(from); err != nil {
			return nil, err
		}
	}
	rest := m.lines[min(start, len(m.lines)):]
	return slices.Clone(rest[:min(limit, len(rest))]), nil
}

// VerifyAudit implements Trail.
func (m *Mem) VerifyAudit(context.Context) (change.AuditReport, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var v change.Verifier
	for _, l := range m.lines {
		v.Add(l)
	}
	return v.Report(int64(len(m.lines))), nil
}

// keep remembers and forgets. The caller holds the lock.
func (m *Mem) keep(all []change.StoredRecord) {
	for _, k := range all {
		if len(k.Value) == 0 {
			delete(m.memos, k.Key)
		} else {
			m.memos[k.Key] = k
		}
	}
}

// Records returns the records of those keys that exist, in their order.
func (m *Mem) Records(_ context.Context, keys ...string) ([]change.StoredRecord, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []change.StoredRecord
	for _, key := range keys {
		if k, ok := m.memos[key]; ok {
			all = append(all, k)
		}
	}
	return all, nil
}
