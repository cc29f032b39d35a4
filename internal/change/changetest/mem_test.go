package changetest_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor/executortest"
)

func TestMem(t *testing.T) {
	changetest.RunStore(t, func(*testing.T) changetest.Fixture {
		now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
		clock := func() time.Time { return now }
		return changetest.Fixture{
			Store: changetest.NewMem(clock), Now: clock,
			Pass: func(d time.Duration) { now = now.Add(d) },
		}
	})
}

func TestMemAsQueue(t *testing.T) {
	executortest.RunQueueInBubble(t, func(*testing.T) executortest.Fixture {
		m := changetest.NewMem(time.Now)
		return executortest.Fixture{
			Queue: m, Waker: m, Get: m.Get, Move: m.Transition, Lag: m.Lag,
			Pass: func(d time.Duration) { time.Sleep(d); synctest.Wait() },
			Put: func(ctx context.Context, r *change.Request) error {
				pending := *r
				pending.State, pending.Version, pending.Decisions = change.Pending, 1, nil
				if _, err := m.Create(ctx, &pending, "", change.Entry{What: "create"}); err != nil {
					return err
				}
				return m.Transition(ctx, change.Transition{
					ID: r.ID, Version: 1, Event: change.Approve, From: change.Pending, To: change.Approved,
					Decisions: r.Decisions, Entry: change.Entry{What: "approve"},
				})
			},
		}
	})
}
