package changetest

import (
	"cmp"
	"context"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Records reads records as a store does, from whatever All returns.
type Records struct {
	All   func() ([]change.StoredRecord, error)
	Index func(change.StoredRecord) change.RecordIndex // nil: they have no facets
}

// Records returns those of the keys that exist, in their order.
func (r Records) Records(_ context.Context, keys ...string) ([]change.StoredRecord, error) {
	all, err := r.All()
	var found []change.StoredRecord
	for _, key := range keys {
		if i := slices.IndexFunc(all, func(k change.StoredRecord) bool { return k.Key == key }); i >= 0 {
			found = append(found, all[i])
		}
	}
	return found, err
}

// RecordsBy returns those that have the facet, by key; limit 0 means all.
func (r Records) RecordsBy(_ context.Context, facet string, limit int) ([]change.StoredRecord, error) {
	all, err := r.All()
	var found []change.StoredRecord
	for _, k := range all {
		if r.Index != nil && slices.Contains(r.Index(k).Facets, facet) {
			found = append(found, k)
		}
	}
	slices.SortFunc(found, func(a, b change.StoredRecord) int { return cmp.Compare(a.Key, b.Key) })
	if limit > 0 {
		found = found[:min(limit, len(found))]
	}
	return found, err
}

// RecordRequests returns the request that wrote each record, by its key.
func (r Records) RecordRequests(context.Context) (map[string]string, error) {
	all, err := r.All()
	requests := map[string]string{}
	for _, k := range all {
		if r.Index == nil || !r.Index(k).Aside {
			requests[k.Key] = k.Request
		}
	}
	return requests, err
}

// CountRecords counts them.
func (r Records) CountRecords(ctx context.Context) (int, error) {
	all, err := r.RecordRequests(ctx)
	return len(all), err
}
