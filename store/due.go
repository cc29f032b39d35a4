package store

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Due implements change.Requests: those that no worker has begun, whether pending or approved.
func (s indexes) Due(ctx context.Context, now time.Time, limit int) ([]string, error) {
	return s.due(ctx, "looking for what is due", s.keys.pending(), now, limit)
}

// Overdue implements change.Requests.
func (s indexes) Overdue(ctx context.Context, now time.Time, limit int) ([]string, error) {
	return s.due(ctx, "looking for what has waited too long", s.keys.waiting(), now, limit)
}

// ReviewsDue implements change.Requests.
func (s indexes) ReviewsDue(ctx context.Context, now time.Time, limit int) ([]string, error) {
	return s.due(ctx, "looking for reviews that are due", s.keys.reviews(), now, limit)
}

func (s indexes) due(ctx context.Context, doing, index string, now time.Time, limit int) ([]string, error) {
	ids, err := s.rdb.ZRangeByScore(ctx, index, &redis.ZRangeBy{
		Min: "-inf", Max: strconv.FormatInt(now.UnixMilli(), 10), Count: int64(limit),
	}).Result()
	return ids, fault(doing, err)
}

// Stuck returns the requests that could not be rolled back and wait for a person, by when that came to be, at most limit.
func (s indexes) Stuck(ctx context.Context, limit int) (map[string]time.Time, error) {
	found, err := s.rdb.ZRangeWithScores(ctx, s.keys.stuck(), 0, int64(limit)-1).Result()
	if err != nil {
		return nil, fault("listing what is stuck", err)
	}
	all := make(map[string]time.Time, len(found))
	for _, z := range found {
		id, _ := z.Member.(string)
		all[id] = fromMillis(int64(z.Score))
	}
	return all, nil
}
