package store

import (
	"context"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// Depths is how many requests stand in each index.
type Depths struct {
	Pending     int64 // wait for approval
	Early       int64 // are approved, and their change window has yet to open
	Ready       int64 // are approved, and a worker may begin them
	InHand      int64 // in a worker's hands, or given back to be taken
	Waiting     int64 // go on once a person has done something
	Aside       int64 // can't be read, and were put aside
	Reviews     int64 // were approved by somebody alone, and have yet to be reviewed
	Overdue     int64 // of these: it should have been done by now
	Unannounced int64 // what Slack shows of them is out of date
}

// indexes are what requests are found by.
type indexes struct{ *db }

// Depths counts without reading a request. What is ready goes by Redis's clock, as claims do.
func (s indexes) Depths(ctx context.Context) (Depths, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return Depths{}, err
	}
	var pending, approved, ready, inHand, waiting, unannounced, aside, reviews, overdue *redis.IntCmd
	_, err = s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		pending, inHand, unannounced = p.ZCard(ctx, s.keys.pending()), p.ZCard(ctx, s.keys.leases()), p.ZCard(ctx, s.keys.unannounced())
		waiting, aside = p.ZCard(ctx, s.keys.waiting()), p.ZCard(ctx, s.keys.aside())
		approved = p.ZCard(ctx, s.keys.ready())
		reviews, overdue = p.ZCard(ctx, s.keys.reviews()), p.ZCount(ctx, s.keys.reviews(), "-inf", strconv.FormatInt(now.UnixMilli(), 10))
		ready = p.ZCount(ctx, s.keys.ready(), "-inf", strconv.FormatInt(now.UnixMilli(), 10))
		return nil
	})
	if err != nil {
		return Depths{}, fault("counting requests", err)
	}
	return Depths{
		Pending: max(pending.Val()-approved.Val(), 0), Early: max(approved.Val()-ready.Val(), 0), Ready: ready.Val(),
		InHand: inHand.Val(), Waiting: waiting.Val(), Reviews: reviews.Val(), Overdue: overdue.Val(), Aside: aside.Val(), Unannounced: unannounced.Val(),
	}, nil
}
