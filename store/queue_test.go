package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

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
			return queueFixture(server.Client, server)
		})
	})
}

// queueFixture is a queue with keys of its own, reached through client.
func queueFixture(client redis.UniversalClient, server storetest.Server) executortest.Fixture {
	env := server.Env()
	s := store.New(client, store.Options{Env: env})
	return executortest.Fixture{
		Queue: s, Waker: s, Get: s.Get, Move: s.Transition, Pass: server.Pass,
		Put: func(ctx context.Context, r *change.Request) error { return putApproved(ctx, s, r, server.Now()) },
		Lag: func(ctx context.Context, id string) (func() error, error) {
			return lag(ctx, client, "rcb:{"+env+"}:", id)
		},
	}
}

// lag notes a request and its places in the indexes, and returns what puts them back.
func lag(ctx context.Context, client redis.UniversalClient, prefix, id string) (failOver func() error, err error) {
	req := prefix + "req:" + id
	was, err := client.HGetAll(ctx, req).Result()
	if err != nil {
		return nil, err
	}
	indexes := map[string]*float64{prefix + "pending": nil, prefix + "ready": nil, prefix + "leases": nil}
	for key := range indexes {
		score, err := client.ZScore(ctx, key, id).Result()
		switch {
		case err == nil:
			indexes[key] = &score
		case !errors.Is(err, redis.Nil):
			return nil, err
		}
	}
	return func() error {
		_, err := client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Del(ctx, req)
			p.HSet(ctx, req, was)
			for key, score := range indexes {
				p.ZRem(ctx, key, id)
				if score != nil {
					p.ZAdd(ctx, key, redis.Z{Score: *score, Member: id})
				}
			}
			return nil
		})
		return err
	}, nil
}

// putApproved brings an approved request about the way people do: asked for, then approved.
func putApproved(ctx context.Context, s *store.Store, r *change.Request, now time.Time) error {
	pending := *r
	pending.State, pending.Version, pending.Decisions = change.Pending, 1, nil
	pending.Deadline = now.Add(24 * time.Hour) // what is overdue is not handed out
	if _, err := s.Create(ctx, &pending, "", change.Entry{At: r.Created, What: string(change.Create)}); err != nil {
		return err
	}
	return s.Transition(ctx, change.Transition{
		ID: r.ID, Version: 1, Event: change.Approve, From: change.Pending, To: change.Approved,
		Decisions: r.Decisions, Entry: change.Entry{At: r.Created, What: string(change.Approve)},
	})
}

// asked hears that a client begins to wait for Redis.
type asked chan struct{}

func (asked) DialHook(next redis.DialHook) redis.DialHook { return next }

func (a asked) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "blpop" {
			select {
			case a <- struct{}{}:
			default:
			}
		}
		return next(ctx, cmd)
	}
}

func (asked) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// Anyone who stops a worker that sleeps does not wait for the end of its nap.
func TestASleepingWorkerStopsAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		s := server.Store()
		asks := make(asked, 1)
		server.Client.AddHook(asks)
		for range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_ = s.Wait(ctx, time.Minute)
			}()
			<-asks // it sleeps
			begun := time.Now()
			cancel()
			<-ended
			if took := time.Since(begun); took > 500*time.Millisecond {
				t.Errorf("it went on sleeping for %v", took)
			}
		}
	})
}
