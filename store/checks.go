package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// checks are the queues of records to look at, and the statuses that were found.
type checks struct {
	*db
	documents documents
}

// ClaimChecks hands out the checks of a queue that are due, those first that have waited longest, at most limit. Nobody
// else is given them until the lease ends by Redis's clock; FinishCheck ends it.
func (s checks) ClaimChecks(ctx context.Context, queue string, limit int, lease time.Duration) ([]change.Check, error) {
	return s.claimChecks(ctx, queue, limit, lease, "")
}

// ClaimCheck hands out the check of one record, due or not; false: the queue has no such record. Anyone else who has claimed
// it can't finish it any more.
func (s checks) ClaimCheck(ctx context.Context, queue, key string, lease time.Duration) (change.Check, bool, error) {
	all, err := s.claimChecks(ctx, queue, 1, lease, key)
	if err != nil || len(all) == 0 {
		return change.Check{}, false, err
	}
	return all[0], true, nil
}

func (s checks) claimChecks(ctx context.Context, queue string, limit int, lease time.Duration, key string) ([]change.Check, error) {
	const doing = "claiming checks"
	got, err := claimChecksScript.Run(ctx, s.rdb, []string{s.keys.checks(queue), s.keys.records(), s.keys.statuses()},
		change.Schema, limit, lease.Milliseconds(), key).StringSlice()
	if err != nil {
		return nil, fault(doing, err)
	}
	token, err := said(doing, got)
	if err != nil {
		return nil, err
	}
	ends, err := strconv.ParseInt(token.word, 10, 64)
	if err != nil {
		return nil, token.unexpected(doing)
	}
	at := time.UnixMilli(ends).Add(-lease)
	var all []change.Check
	for i := 1; i+2 < len(got); i += 3 {
		c := change.Check{Key: got[i], Queue: queue, Token: token.word, At: at}
		c.Status = documentText(got[i+2])
		if text := documentText(got[i+1]); text != "" {
			k, err := decodeRecord(text)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", doing, c.Key, err)
			}
			c.Record = &k
		}
		all = append(all, c)
	}
	return all, nil
}

// FinishCheck writes what a check found. The error is change.ErrFenced where the lease has ended, or the record has
// changed since: then nothing is written, and the record is checked again.
func (s checks) FinishCheck(ctx context.Context, c change.Check, r change.CheckResult) error {
	doing := "noting the check of " + c.Key
	next, status := "", ""
	if r.Next > 0 {
		next = strconv.FormatInt(r.Next.Milliseconds(), 10)
	}
	if r.Status != "" {
		var err error
		if status, err = encodeDocument(r.Facets, r.Status); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
	}
	_, err := s.eval(ctx, doing, finishCheckScript, []string{
		s.keys.checks(c.Queue), s.keys.checked(), s.keys.statuses(), s.keys.statusIndex(), s.keys.statusRevision(),
	}, change.Schema, c.Key, c.Token, next, flag(r.Keep), status, flag(r.News))
	return err
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}

// QueuedChecks counts the records that a queue has, due or not.
func (s checks) QueuedChecks(ctx context.Context, queue string) (int, error) {
	n, err := s.rdb.ZCard(ctx, s.keys.checks(queue)).Result()
	return int(n), fault("counting checks", err)
}

// OldestCheck returns when the record was checked that was checked longest ago; of one never checked, since when it
// exists. The zero time: there is none.
func (s checks) OldestCheck(ctx context.Context) (time.Time, error) {
	got, err := s.rdb.ZRangeWithScores(ctx, s.keys.checked(), 0, 0).Result()
	if err != nil || len(got) == 0 {
		return time.Time{}, fault("looking for the oldest check", err)
	}
	return time.UnixMilli(int64(got[0].Score)), nil
}

// StatusRevision goes up with every result that is news.
func (s checks) StatusRevision(ctx context.Context) (int64, error) {
	n, err := s.rdb.Get(ctx, s.keys.statusRevision()).Int64()
	if errors.Is(err, redis.Nil) {
		return 0, nil
	}
	return n, fault("reading the revision of statuses", err)
}

// Statuses returns what the last checks of those records left, by key.
func (s checks) Statuses(ctx context.Context, keys ...string) (map[string]string, error) {
	all := make(map[string]string, len(keys))
	err := s.documents.read(ctx, "reading statuses", keys, func(key, text string) error {
		all[key] = text
		return nil
	})
	return all, err
}

// StatusKeys returns the keys of statuses with a facet that begins with prefix, in the order of those facets, at most
// limit; 0: all. Of a status with several such facets it returns the key as often.
func (s checks) StatusKeys(ctx context.Context, prefix string, limit int) ([]string, error) {
	return s.documents.named(ctx, "looking for statuses", prefix, limit)
}

// CountStatuses counts those that have each of the facets, without reading one.
func (s checks) CountStatuses(ctx context.Context, facets ...string) ([]int, error) {
	counts := make([]*redis.IntCmd, len(facets))
	_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, f := range facets {
			from, to := prefixRange(f + "\n")
			counts[i] = p.ZLexCount(ctx, s.keys.statusIndex(), from, to)
		}
		return nil
	})
	if err != nil {
		return nil, fault("counting statuses", err)
	}
	all := make([]int, len(facets))
	for i, c := range counts {
		all[i] = int(c.Val())
	}
	return all, nil
}
