package bot

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
)

// NewBlocks remembers whether the workspace takes a kind of block that is young.
type NewBlocks struct{ Refused atomic.Bool }

// Send sends what is made with new blocks; where Slack refuses those, the same without them, now and from then on.
func (b *NewBlocks) Send(ctx context.Context, log *slog.Logger, send func(with bool) error) error {
	if b.Refused.Load() {
		return send(false)
	}
	err := send(true)
	if !IsBadBlocks(err) {
		return err
	}
	if without := send(false); without != nil {
		return without // then the new blocks were not the reason, or not the only one
	}
	if !b.Refused.Swap(true) {
		log.InfoContext(ctx, "the workspace refuses new blocks: the same is shown in older ones from now on", "error", err)
	}
	return nil
}

// IsBadBlocks reports whether Slack refused what a message is made of.
func IsBadBlocks(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == BadBlocks
}
