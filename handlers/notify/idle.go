package notify

import (
	"context"
	"time"
)

const idlePoll = 100 * time.Millisecond

// WaitIdle returns when no card is being drawn or waits to be: what can wait lets them go first. A card that failed and
// is to be tried again later holds nobody up.
func (n *Notifier) WaitIdle(ctx context.Context) error {
	poll := time.NewTicker(idlePoll)
	defer poll.Stop()
	for n.hasWork() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-poll.C:
		}
	}
	return nil
}

func (n *Notifier) hasWork() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.o.Now()
	for _, e := range n.queue {
		if e.running || !e.idle && !e.due.After(now) {
			return true
		}
	}
	return false
}
