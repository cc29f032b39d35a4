package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Memos returns what applied changes left to remember, by key. It is written by the move that ends a change, in the
// same script.
func (s *Store) Memos(ctx context.Context) ([]change.Kept, error) {
	got, err := s.rdb.HGetAll(ctx, s.keys.memos()).Result()
	if err != nil {
		return nil, fault("reading what is remembered", err)
	}
	all := make([]change.Kept, 0, len(got))
	for key, text := range got {
		var k change.Kept
		if err := json.Unmarshal([]byte(text), &k); err != nil {
			return nil, fmt.Errorf("reading what is remembered: %s: %w", key, err)
		}
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b change.Kept) int { return cmp.Compare(a.Key, b.Key) })
	return all, nil
}

// encodeKept is a list of keys and texts; an empty text forgets.
func encodeKept(all []change.Kept) ([]any, error) {
	var out []any
	for _, k := range all {
		if len(k.Value) == 0 {
			out = append(out, k.Key, "")
			continue
		}
		text, err := json.Marshal(k)
		if err != nil {
			return nil, fmt.Errorf("encoding %s: %w", k.Key, err)
		}
		out = append(out, k.Key, string(text))
	}
	return out, nil
}

// Lease gives owner the right to do something alone for d, by Redis's clock; false: somebody else has it. Taking it
// again while it lasts is refused to its owner too: a lease also says that the thing was done not long ago.
func (s *Store) Lease(ctx context.Context, name, owner string, d time.Duration) (bool, error) {
	const doing = "taking a lease"
	err := s.rdb.SetArgs(ctx, s.keys.lease(name), owner, redis.SetArgs{Mode: "NX", TTL: d}).Err()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	return err == nil, fault(doing, err)
}

// Notes returns what a part of the bot remembers for itself.
func (s *Store) Notes(ctx context.Context, part string) (map[string]string, error) {
	got, err := s.rdb.HGetAll(ctx, s.keys.notes(part)).Result()
	return got, fault("reading notes", err)
}

// Note remembers a text under a key of a part; an empty one forgets it.
func (s *Store) Note(ctx context.Context, part, key, text string) error {
	const doing = "writing a note"
	if text == "" {
		return fault(doing, s.rdb.HDel(ctx, s.keys.notes(part), key).Err())
	}
	return fault(doing, s.rdb.HSet(ctx, s.keys.notes(part), key, text).Err())
}
