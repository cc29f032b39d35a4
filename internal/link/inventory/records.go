package inventory

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// Registry keeps what applied changes leave; a store is one.
type Registry interface {
	// Records returns the records of those keys that exist.
	Records(ctx context.Context, keys ...string) ([]change.StoredRecord, error)
	// RecordsBy returns records that have a facet, at most limit; 0: all.
	RecordsBy(ctx context.Context, facet string, limit int) ([]change.StoredRecord, error)
	// RecordRequests returns the request that wrote each record, by key. The same request never writes another record
	// under the same key.
	RecordRequests(ctx context.Context) (map[string]string, error)
	CountRecords(ctx context.Context) (int, error)
}

// What records of connections are found by, each followed by a deployment or a user.
const (
	facetLocal  = "local "
	facetRemote = "remote "
	facetUser   = "user " // who asked for it at first, and who changed it last
)

// IndexRecord says where a store files a record: connections are checked in a queue for each local platform.
func IndexRecord(k change.StoredRecord) change.RecordIndex {
	n, err := ParseRecordKey(k.Key)
	if err != nil {
		return change.RecordIndex{Aside: true} // of a remote cluster's authorities
	}
	filed := change.RecordIndex{Queue: n.Local.Platform}
	if m, ok := ReadManaged(k); ok {
		filed.Facets = []string{facetLocal + m.Local.String(), facetRemote + m.Remote.String(), facetUser + m.Maker(), facetUser + k.By.User}
		slices.Sort(filed.Facets)
		filed.Facets = slices.Compact(filed.Facets)
	}
	return filed
}

// RecordKey is the key of a connection's record.
func RecordKey(n link.Name) string { return link.Target(n.Local, n.Alias) }

// ParseRecordKey reads what RecordKey writes.
func ParseRecordKey(key string) (link.Name, error) {
	name, ok := strings.CutPrefix(key, link.TargetPrefix)
	if !ok {
		return link.Name{}, fmt.Errorf("%q is not the key of a connection", key)
	}
	return link.ParseName(name)
}

// ReadManaged reads a record; false where a later version of the bot wrote one that this one can't read.
func ReadManaged(k change.StoredRecord) (link.ManagedConnection, bool) {
	var m link.ManagedConnection
	if json.Unmarshal(k.Value, &m) != nil || m.Alias == "" || k.Key != link.Target(m.Local, m.Alias) {
		return link.ManagedConnection{}, false
	}
	m.Record = k
	m.Record.Value = nil // m has it
	return m, true
}

func readAll(kept []change.StoredRecord) map[link.Name]link.ManagedConnection {
	all := make(map[link.Name]link.ManagedConnection, len(kept))
	for _, k := range kept {
		if m, ok := ReadManaged(k); ok {
			all[m.Name()] = m
		}
	}
	return all
}

func managedBy(ctx context.Context, r Registry, facet string, limit int) (map[link.Name]link.ManagedConnection, error) {
	found, err := r.RecordsBy(ctx, facet, limit)
	if err != nil {
		return nil, ErrUnmanaged(err)
	}
	return readAll(found), nil
}

// ManagedOn are the managed connections with one of the deployments on either side.
func ManagedOn(ctx context.Context, r Registry, sides ...elastic.Ref) (map[link.Name]link.ManagedConnection, error) {
	all := map[link.Name]link.ManagedConnection{}
	for _, ref := range sides {
		for _, facet := range []string{facetLocal, facetRemote} {
			some, err := managedBy(ctx, r, facet+ref.String(), 0)
			if err != nil {
				return nil, err
			}
			maps.Copy(all, some)
		}
	}
	return all, nil
}

// ErrUnmanaged says that it is not known which connections the bot manages.
func ErrUnmanaged(err error) error {
	return fmt.Errorf("reading which connections are managed: %w", err)
}

// records reads what is managed. It keeps what it has read: a record that the same request wrote is the same.
type records struct {
	Registry Registry

	mu   sync.Mutex
	kept map[string]link.ManagedConnection // by key; without an alias: it can't be read
}

func newRecords(r Registry) *records {
	return &records{Registry: r, kept: map[string]link.ManagedConnection{}}
}

// at reads those of the names that are managed.
func (r *records) at(ctx context.Context, names ...link.Name) (map[link.Name]link.ManagedConnection, error) {
	keys := make([]string, len(names))
	for i, n := range names {
		keys[i] = RecordKey(n)
	}
	found, err := r.Registry.Records(ctx, keys...)
	if err != nil {
		return nil, ErrUnmanaged(err)
	}
	return readAll(found), nil
}

// all reads every one. What has changed since the last time is read anew, and nothing else.
func (r *records) all(ctx context.Context) (map[link.Name]link.ManagedConnection, error) {
	requests, err := r.Registry.RecordRequests(ctx)
	if err != nil {
		return nil, ErrUnmanaged(err)
	}
	found, err := r.Registry.Records(ctx, r.changed(requests)...)
	if err != nil {
		return nil, ErrUnmanaged(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range found {
		m, _ := ReadManaged(k)
		m.Record.Request = k.Request
		r.kept[k.Key] = m
	}
	all := make(map[link.Name]link.ManagedConnection, len(requests))
	for key := range requests {
		if m := r.kept[key]; m.Alias != "" {
			all[m.Name()] = m
		}
	}
	return all, nil
}

// changed are the keys of records to read, and forgets those that are gone.
func (r *records) changed(requests map[string]string) (keys []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, request := range requests {
		if m, ok := r.kept[key]; !ok || m.Record.Request != request {
			keys = append(keys, key)
		}
	}
	maps.DeleteFunc(r.kept, func(key string, _ link.ManagedConnection) bool { _, ok := requests[key]; return !ok })
	return keys
}
