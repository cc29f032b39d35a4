package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor/executortest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

var (
	_ executor.Queue = (*store.Store)(nil)
	_ executor.Waker = (*store.Store)(nil)
)

func TestQueue(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		executortest.RunQueue(t, func(t *testing.T) executortest.Fixture {
			t.Helper()
			if server.Process != nil {
				t.Parallel() // they sleep through leases; miniredis has but one clock
			}
			s := server.Store()
			return executortest.Fixture{
				Queue: s, Waker: s, Get: s.Get, Move: s.Move, Pass: server.Pass,
				Put: func(ctx context.Context, r *change.Request) error { return putApproved(ctx, s, r, server.Now()) },
			}
		})
	})
}

// putApproved brings an approved request about the way people do: asked for, then approved.
func putApproved(ctx context.Context, s *store.Store, r *change.Request, now time.Time) error {
	pending := *r
	pending.State, pending.Version, pending.Decisions = change.Pending, 1, nil
	pending.Deadline = now.Add(24 * time.Hour) // what is overdue is not handed out
	if _, err := s.Create(ctx, &pending, "", change.Entry{At: r.Created, What: string(change.Create)}); err != nil {
		return err
	}
	return s.Move(ctx, change.Move{
		ID: r.ID, Version: 1, Event: change.Approve, From: change.Pending, To: change.Approved,
		Decisions: r.Decisions, Entry: change.Entry{At: r.Created, What: string(change.Approve)},
	})
}
