package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor/executortest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// asUser is a client of a user who may do what ACLRules says, and no more.
func asUser(t *testing.T, server storetest.Server, env string) redis.UniversalClient {
	t.Helper()
	args := []any{"ACL", "SETUSER", env, "reset", "on", ">x"}
	for _, rule := range store.ACLRules(env) {
		args = append(args, rule)
	}
	if err := server.Client.Do(t.Context(), args...).Err(); err != nil {
		t.Fatal(err)
	}
	client := store.Dial(&redis.UniversalOptions{Addrs: []string{server.Addr}, Username: env, Password: "x"}, storetest.Timeout)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestTheACLIsEnough(t *testing.T) {
	t.Parallel()
	server := storetest.Real(t)
	t.Run("store", func(t *testing.T) {
		changetest.RunStore(t, func(t *testing.T) changetest.Fixture {
			t.Helper()
			env := server.Env()
			return changetest.Fixture{Store: store.New(asUser(t, server, env), store.Options{Env: env}), Now: server.Now}
		})
	})
	t.Run("queue", func(t *testing.T) {
		executortest.RunQueue(t, func(t *testing.T) executortest.Fixture {
			t.Helper()
			t.Parallel()
			env := server.Env()
			s := store.New(asUser(t, server, env), store.Options{Env: env})
			return executortest.Fixture{
				Queue: s, Waker: s, Get: s.Get, Move: s.Transition, Pass: server.Pass,
				Put: func(ctx context.Context, r *change.Request) error { return putApproved(ctx, s, r, server.Now()) },
				Lag: func(ctx context.Context, id string) (func() error, error) {
					return lag(ctx, server.Client, "rcb:{"+env+"}:", id)
				},
			}
		})
	})
	t.Run("checks", func(t *testing.T) {
		if err := server.Client.ConfigSet(t.Context(), "appendfsync", "always").Err(); err != nil { // or that would be a finding
			t.Fatal(err)
		}
		env := server.Env()
		for _, f := range store.New(asUser(t, server, env), store.Options{Env: env}).CheckServer(t.Context(), time.Now()) {
			if f.Level != store.Good {
				t.Errorf("%s: %s", f.Check, f.Say)
			}
		}
	})
}

func TestTheACLIsNoWider(t *testing.T) {
	t.Parallel()
	server := storetest.Real(t)
	client := asUser(t, server, server.Env())
	for _, command := range [][]any{
		{"GET", "another"},
		{"SET", "rcb:{another}:pending", "x"},
		{"FLUSHALL"},
		{"KEYS", "*"},
		{"CONFIG", "SET", "appendonly", "no"},
		{"ACL", "LIST"},
		{"SHUTDOWN"},
		{"MONITOR"},
		{"PUBLISH", "x", "y"},
		{"EVAL", "return redis.call('GET', 'another')", "0"},
	} {
		if err := client.Do(t.Context(), slices.Clone(command)...).Err(); err == nil || errors.Is(err, redis.Nil) {
			t.Errorf("%v is allowed", command)
		}
	}
}
