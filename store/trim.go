package store

import (
	"context"
	"strconv"

	"github.com/redis/go-redis/v9"
)

const trimBatch = 200

// Trim takes requests that Redis has let go (90 days after they became final) out of the indexes, and returns
// how many: all there are, a batch at a time, around those that stay.
func (s indexes) Trim(ctx context.Context) (int, error) {
	const doing = "trimming"
	now, err := s.Now(ctx)
	if err != nil {
		return 0, err
	}
	old := strconv.FormatInt(now.Add(-keep).UnixMilli(), 10)
	gone := 0
	for offset := 0; ; {
		members, err := s.rdb.ZRangeByScore(ctx, s.keys.recent(), &redis.ZRangeBy{
			Min: "-inf", Max: old, Offset: int64(offset), Count: trimBatch,
		}).Result()
		if err != nil {
			return gone, fault(doing, err)
		}
		if len(members) == 0 {
			return gone, nil
		}
		n, err := s.trim(ctx, members)
		gone += n
		if err != nil {
			return gone, fault(doing, err)
		}
		offset += len(members) - n // those that stay are passed over
	}
}

// trim drops the members whose request is gone. An id never comes back, so this needs no script.
func (s indexes) trim(ctx context.Context, members []string) (int, error) {
	exist := make([]*redis.IntCmd, len(members))
	_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, m := range members {
			id, _ := parseRecent(m)
			exist[i] = p.Exists(ctx, s.keys.req(id))
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	n := 0
	_, err = s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, m := range members {
			if exist[i].Val() != 0 {
				continue
			}
			n++
			id, user := parseRecent(m)
			p.ZRem(ctx, s.keys.recent(), m)
			p.ZRem(ctx, s.keys.mine(user), id)
			p.ZRem(ctx, s.keys.unannounced(), id)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
