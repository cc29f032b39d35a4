package inventory

import (
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// Records are what is remembered of what others use too.
func (l Cleanup) Records(m *link.ManagedConnection) []change.Record {
	if l.Authority == nil {
		return nil
	}
	return []change.Record{l.Authority.record(m.Remote)}
}
