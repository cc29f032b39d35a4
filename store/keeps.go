package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// whatKeep is what the audit calls the decision that what a record allows is still needed.
const whatKeep = "keep"

// keeps are the decisions that what a record allows is still needed.
type keeps struct {
	*chain
	index index
}

// Kept returns who said last that what the records of those keys allow is still needed, by key; who of none is left out.
func (s keeps) Kept(ctx context.Context, keys ...string) (map[string]change.Keep, error) {
	const doing = "reading which connections were kept"
	all := make(map[string]change.Keep, len(keys))
	for len(keys) > 0 {
		page := keys[:min(len(keys), documentPage)]
		keys = keys[len(page):]
		got, err := s.rdb.HMGet(ctx, s.keys.kept(), page...).Result()
		if err != nil {
			return nil, fault(doing, err)
		}
		for i, value := range got {
			text, ok := value.(string)
			if !ok {
				continue
			}
			var k change.Keep
			if err := json.Unmarshal([]byte(text), &k); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", doing, page[i], err)
			}
			all[page[i]] = k
		}
	}
	return all, nil
}

// Keep writes a decision down, with its audit entry, where before is the last one of the record; nil: there is none. The error
// is change.ErrConflict where the record is gone or another request wrote it, or somebody has decided since.
func (s keeps) Keep(ctx context.Context, k change.Keep, before *change.Keep) error {
	doing := "keeping " + k.Key
	was := ""
	if before != nil {
		raw, err := json.Marshal(before)
		if err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		was = string(raw)
	}
	now, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if err := s.lock(ctx, doing); err != nil {
		return err
	}
	defer s.unlock()
	if err := s.introducePolicy(ctx); err != nil {
		return err
	}
	queue := s.index(change.StoredRecord{Key: k.Key}).Queue
	keys := []string{s.keys.call(s.nonce()), s.keys.audit(), s.keys.head(), s.keys.recordIndex(), s.keys.kept(), s.keys.checks(queue)}
	entry := change.Entry{At: k.At, Request: k.First, What: whatKeep, By: k.By, Target: k.Key, Rule: k.Rule, Policy: s.noted}
	a, err := s.append(ctx, doing, recordKeepScript, keys, entry, []any{change.Schema, k.Key, k.Request, was, string(now)})
	if err == nil && a.word != "ok" {
		err = a.unexpected(doing)
	}
	return err
}

// ForgetKept forgets who kept what a record allowed that is gone.
func (s keeps) ForgetKept(ctx context.Context, key string) error {
	return fault("forgetting who kept a connection", s.rdb.HDel(ctx, s.keys.kept(), key).Err())
}
