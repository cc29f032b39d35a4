package app

import (
	"context"
	"errors"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

const (
	sweepEvery = 2 * time.Second
	trimEvery  = time.Hour
	sweepBatch = 100
)

// sweeper does what is due about requests.
type sweeper struct {
	*base
	service *change.Service
}

// sweep ends requests whose time has run out, and forgets what is too old.
func (a sweeper) sweep(ctx context.Context) error {
	expire, trim := time.NewTicker(sweepEvery), time.NewTicker(trimEvery)
	defer expire.Stop()
	defer trim.Stop()
	failing := notify.Recurring{Log: a.log, What: "sweeping", Now: time.Now}
	place := int64(0) // among the requests that wait, to which no end is set: a part of them each time
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-expire.C:
			_, expiring := a.service.ExpireDue(ctx, sweepBatch)
			ending := a.service.CheckWaits(ctx, sweepBatch)
			_, reviewing := a.service.RemindReviews(ctx, sweepBatch)
			var reminding error
			place, reminding = a.remind(ctx, place)
			err = errors.Join(expiring, ending, reviewing, reminding)
		case <-trim.C:
			_, err = a.store.Trim(ctx)
		}
		failing.Report(ctx, err)
	}
}

// remind records the reminders that have come due among a part of the requests that wait, and returns where the next
// part begins; the notifier sends them.
func (a sweeper) remind(ctx context.Context, from int64) (next int64, err error) {
	pending, next, err := a.store.PendingFrom(ctx, from, sweepBatch)
	for _, r := range pending {
		standing := a.service.Stand(ctx, r)
		_, reminding := a.service.Remind(ctx, r)
		_, calling := a.service.RequestInput(ctx, r)
		err = errors.Join(err, standing, reminding, calling)
	}
	return next, err
}
