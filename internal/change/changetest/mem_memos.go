package changetest

import (
	"context"
	"maps"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// keep remembers and forgets. The caller holds the lock.
func (m *Mem) keep(all []change.Kept) {
	for _, k := range all {
		if len(k.Value) == 0 {
			delete(m.memos, k.Key)
		} else {
			m.memos[k.Key] = k
		}
	}
}

// Memos returns everything that is remembered, by key.
func (m *Mem) Memos(context.Context) ([]change.Kept, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []change.Kept
	for _, key := range slices.Sorted(maps.Keys(m.memos)) {
		all = append(all, m.memos[key])
	}
	return all, nil
}
