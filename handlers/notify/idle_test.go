package notify

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
)

// What can wait does so for as long as a card is to be drawn, and no longer.
func TestWaitIdleWaitsForCards(t *testing.T) {
	n := NewNotifier(NotifierOptions{Now: func() time.Time { return handlerstest.Start }})
	wait := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		return n.WaitIdle(ctx)
	}
	n.Changed("R1")
	if err := wait(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a card waits, and the wait ends with %v", err)
	}
	delete(n.queue, "R1")
	if err := wait(); err != nil {
		t.Error(err)
	}
}
