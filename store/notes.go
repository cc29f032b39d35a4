package store

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// notes are what parts of the bot remember, and the rights to do something alone.
type notes struct{ *db }

// Lease gives owner the right to do something alone for d, by Redis's clock; false: somebody else has it. Taking it
// again while it lasts is refused to its owner too.
func (s notes) Lease(ctx context.Context, name, owner string, d time.Duration) (bool, error) {
	const doing = "taking a lease"
	err := s.rdb.SetArgs(ctx, s.keys.lease(name), owner, redis.SetArgs{Mode: "NX", TTL: d}).Err()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	return err == nil, fault(doing, err)
}

// EndLease gives a lease back, if owner still has it.
func (s notes) EndLease(ctx context.Context, name, owner string) error {
	_, err := s.eval(ctx, "giving a lease back", endLeaseScript, []string{s.keys.lease(name)}, owner)
	return err
}

// Notes returns what a part of the bot remembers for itself.
func (s notes) Notes(ctx context.Context, part string) (map[string]string, error) {
	got, err := s.rdb.HGetAll(ctx, s.keys.notes(part)).Result()
	return got, fault("reading notes", err)
}

// Note remembers a text under a key of a part; an empty one forgets it.
func (s notes) Note(ctx context.Context, part, key, text string) error {
	const doing = "writing a note"
	if text == "" {
		return fault(doing, s.rdb.HDel(ctx, s.keys.notes(part), key).Err())
	}
	return fault(doing, s.rdb.HSet(ctx, s.keys.notes(part), key, text).Err())
}

// NoteFirst remembers a text under a key of a part unless one stands there, and returns the one that stands.
func (s notes) NoteFirst(ctx context.Context, part, key, text string) (string, error) {
	const doing = "writing a note"
	ok, err := s.rdb.HSetNX(ctx, s.keys.notes(part), key, text).Result()
	if err != nil || ok {
		return text, fault(doing, err)
	}
	stands, err := s.rdb.HGet(ctx, s.keys.notes(part), key).Result()
	if errors.Is(err, redis.Nil) { // it has been forgotten in between
		return "", nil
	}
	return stands, fault(doing, err)
}
