package store

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// Depths is how many requests stand in each index.
type Depths struct {
	Pending int64 // no worker has begun them: they wait for approval, or are approved
	Ready   int64 // of those, the approved ones
	InHand  int64 // in a worker's hands, or given back to be taken
	Lagging int64 // what Slack shows of them is out of date
}

// Depths counts without reading a request.
func (s *Store) Depths(ctx context.Context) (Depths, error) {
	var counts [4]*redis.IntCmd
	_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, key := range [4]string{s.keys.pending(), s.keys.ready(), s.keys.leases(), s.keys.lagging()} {
			counts[i] = p.ZCard(ctx, key)
		}
		return nil
	})
	if err != nil {
		return Depths{}, fault("counting requests", err)
	}
	return Depths{Pending: counts[0].Val(), Ready: counts[1].Val(), InHand: counts[2].Val(), Lagging: counts[3].Val()}, nil
}
