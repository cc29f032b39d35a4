package changetest

import (
	"context"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

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
