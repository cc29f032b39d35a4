package store

import (
	"context"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	longestNap  = time.Second            // in case nobody wakes
	shortestNap = 10 * time.Millisecond  // BLPOP takes 0 for ever
	uneasyNap   = 250 * time.Millisecond // while something looks claimable that nobody takes
	troubled    = time.Second            // before Redis is asked again after an error
)

// queue tells workers when there may be work.
type queue struct{ *db }

// Wait returns when there may be work: something became ready, a lease ended, or at the latest after limit. It
// hears of the end of ctx at once, or within a second where other processes wait, too. When Redis is away it takes its time before it says so, so that a
// worker that waits in a loop does not spin.
func (s queue) Wait(ctx context.Context, limit time.Duration) error {
	for left := limit; left > 0; {
		nap, due, err := s.nap(ctx)
		if err != nil {
			return s.waitTrouble(ctx, left, err)
		}
		nap = max(min(nap, left), shortestNap)
		woken, err := s.sleep(ctx, nap)
		if err != nil {
			return s.waitTrouble(ctx, left, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if woken || due {
			return nil
		}
		left -= nap
	}
	return nil
}

// nap says how long a worker may sleep, and whether there may be work after that although nobody woke it.
func (s queue) nap(ctx context.Context) (d time.Duration, due bool, err error) {
	var (
		now   *redis.TimeCmd
		next  *redis.ZSliceCmd
		ready *redis.ZSliceCmd
	)
	_, err = s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		now = p.Time(ctx)
		next = p.ZRangeWithScores(ctx, s.keys.leases(), 0, 0)
		ready = p.ZRangeWithScores(ctx, s.keys.ready(), 0, 0)
		return nil
	})
	if err != nil {
		return 0, false, err
	}
	first := append(ready.Val(), next.Val()...)
	if len(first) == 0 {
		return longestNap, false, nil
	}
	d = time.Duration(math.MaxInt64)
	for _, z := range first {
		d = min(d, time.UnixMilli(int64(z.Score)).Sub(now.Val()))
	}
	switch {
	case d > longestNap:
		return longestNap, false, nil
	case d <= 0:
		return uneasyNap, true, nil
	default:
		return d + time.Millisecond, true, nil // scores are whole milliseconds
	}
}

// sleep blocks for d, or until somebody wakes a worker.
func (s queue) sleep(ctx context.Context, d time.Duration) (woken bool, err error) {
	// A blocked connection does not hear that ctx ends: a token does. Should another process take it, no harm is done.
	defer context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), longestNap)
		defer cancel()
		_ = s.rdb.RPush(ctx, s.keys.wake(), "1").Err()
	})()
	// go-redis's own BLPop knows only whole seconds.
	err = s.rdb.Do(blocks(ctx, d), "blpop", s.keys.wake(), strconv.FormatFloat(d.Seconds(), 'f', 3, 64)).Err()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	return err == nil, err
}

func (s queue) waitTrouble(ctx context.Context, left time.Duration, err error) error {
	timer := time.NewTimer(min(left, troubled))
	defer timer.Stop()
	select {
	case <-timer.C:
		return fault("waiting for work", err)
	case <-ctx.Done():
		return ctx.Err()
	}
}
