package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// facetRequest precedes the request that wrote a record: what Redis holds under the same key and request never changes.
const facetRequest = "request "

// index files a record; one without a value is to be deleted, and its queue counts alone.
type index func(change.StoredRecord) change.RecordIndex

// records are what changes that have ended left.
type records struct {
	*db
	documents documents
}

// Records returns the records of those keys that exist, in their order. A record is written by the move that ends a
// change, in the same script.
func (s records) Records(ctx context.Context, keys ...string) ([]change.StoredRecord, error) {
	all := make([]change.StoredRecord, 0, len(keys))
	err := s.documents.read(ctx, "reading records", keys, func(_, text string) error {
		k, err := decodeRecord(text)
		all = append(all, k)
		return err
	})
	return all, err
}

// RecordsBy returns records that have the facet, in the order of their keys, at most limit; 0: all.
func (s records) RecordsBy(ctx context.Context, facet string, limit int) ([]change.StoredRecord, error) {
	keys, err := s.documents.named(ctx, "looking for records", facet+"\n", limit)
	if err != nil {
		return nil, err
	}
	return s.Records(ctx, keys...)
}

// RecordRequests returns the request that wrote each record, by the record's key. It reads no record.
func (s records) RecordRequests(ctx context.Context) (map[string]string, error) {
	from, to := prefixRange(facetRequest)
	members, err := s.rdb.ZRangeByLex(ctx, s.keys.recordIndex(), &redis.ZRangeBy{Min: from, Max: to}).Result()
	if err != nil {
		return nil, fault("listing records", err)
	}
	all := make(map[string]string, len(members))
	for _, m := range members {
		request, key, _ := strings.Cut(strings.TrimPrefix(m, facetRequest), "\n")
		all[key] = request
	}
	return all, nil
}

// CountRecords counts them without reading one.
func (s records) CountRecords(ctx context.Context) (int, error) {
	from, to := prefixRange(facetRequest)
	n, err := s.rdb.ZLexCount(ctx, s.keys.recordIndex(), from, to).Result()
	return int(n), fault("counting records", err)
}

func decodeRecord(text string) (k change.StoredRecord, err error) {
	err = json.Unmarshal([]byte(text), &k)
	return k, err
}

// encodeRecords are the keys and arguments of the script for records: of each its key, its document (an empty one to
// delete it), and whether it is checked; and the queue of its checks.
func encodeRecords(k keys, by index, all []change.StoredRecord) (names []string, args []any, err error) {
	names = []string{k.records(), k.recordIndex(), k.checked()}
	for _, r := range all {
		filed := by(r)
		names = append(names, k.checks(filed.Queue))
		checked, facets := "1", append([]string{facetRequest + r.Request}, filed.Facets...)
		if filed.Aside {
			checked, facets = "", filed.Facets
		}
		if len(r.Value) == 0 {
			args = append(args, r.Key, "", checked)
			continue
		}
		text, err := json.Marshal(r)
		if err != nil {
			return nil, nil, fmt.Errorf("encoding %s: %w", r.Key, err)
		}
		doc, err := encodeDocument(facets, string(text))
		if err != nil {
			return nil, nil, fmt.Errorf("encoding %s: %w", r.Key, err)
		}
		args = append(args, r.Key, doc, checked)
	}
	return names, args, nil
}
