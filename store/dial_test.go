package store_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// A server that takes connections and says nothing must not cost more than the timeout, though the caller has more time
// and the client repeats what got no answer.
func TestEachCommandHasItsTimeout(t *testing.T) {
	t.Parallel()
	silent, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	const timeout = 100 * time.Millisecond
	client := store.Dial(&redis.UniversalOptions{Addrs: []string{silent.Addr().String()}}, timeout)
	defer func() { _ = client.Close() }()
	s := store.New(client, store.Options{Env: "test"})
	start := time.Now()
	calls := everything(t.Context(), s)
	took := time.Since(start)
	for what, err := range calls {
		if !errors.Is(err, change.ErrUnavailable) {
			t.Errorf("%s: error %v, want %v", what, err, change.ErrUnavailable)
		}
	}
	if each := took / time.Duration(len(calls)); each > 2*timeout {
		t.Errorf("a call took %s on average, with a timeout of %s", each, timeout)
	}
	_, err = client.Pipelined(t.Context(), func(p redis.Pipeliner) error { return p.Ping(t.Context()).Err() })
	if took := time.Since(start) - took; !errors.Is(err, context.DeadlineExceeded) || took > 5*timeout {
		t.Errorf("a pipeline took %s: %v", took, err)
	}
}

// What blocks on purpose is not given up for that.
func TestWaitingOutlastsTheTimeout(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		client := store.Dial(&redis.UniversalOptions{Addrs: []string{server.Addr}}, 5*time.Second)
		defer func() { _ = client.Close() }()
		start := time.Now()
		if err := store.New(client, store.Options{Env: server.Env()}).Wait(t.Context(), 5500*time.Millisecond); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took < 5500*time.Millisecond {
			t.Errorf("it waited %s", took)
		}
	})
}
