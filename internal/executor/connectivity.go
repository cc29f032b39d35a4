package executor

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// connectivity says once that the queue is away and once that it is back, however many calls meet it in between.
type connectivity struct {
	log   *slog.Logger
	scrub func(string) string
	mu    sync.Mutex
	lost  bool
}

func (c *connectivity) report(ctx context.Context, err error) {
	lost := err != nil && !definitive(err)
	c.mu.Lock()
	before := c.lost
	c.lost = lost
	c.mu.Unlock()
	switch {
	case lost && !before:
		c.log.WarnContext(ctx, "the queue is away", "error", c.scrub(err.Error()))
	case before && !lost:
		c.log.InfoContext(ctx, "the queue is back")
	}
}

// definitive reports whether err is an answer of the queue: asking again would not change it.
func definitive(err error) bool {
	for _, answer := range []error{
		change.ErrNoWork, change.ErrFenced, change.ErrConflict, change.ErrNotFound, change.ErrNewer,
	} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}
