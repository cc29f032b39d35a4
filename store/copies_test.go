package store_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// A failover forgets what only the master has, so a move without a copy must not pass for one that is safe.
func TestAMoveCountsOnceAReplicaHasIt(t *testing.T) {
	t.Parallel()
	master := storetest.Real(t)
	s := store.New(master.Client, store.Options{Env: master.Env(), Copies: 1})
	_, err := s.Create(t.Context(), changetest.Pending("a", master.Now()), "", change.Entry{})
	if !errors.Is(err, change.ErrUnavailable) {
		t.Errorf("nobody else has it, and it counts: %v", err)
	}
	host, port, _ := net.SplitHostPort(master.Addr)
	replica := storetest.Real(t, "--replicaof", host, port, "--repl-diskless-sync-delay", "0")
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if err = s.Move(t.Context(), change.Move{ID: "a", Version: 1, Event: change.Approve, From: change.Pending, To: change.Approved}); err == nil || errors.Is(err, change.ErrConflict) {
			break // a conflict: an earlier one was written, and not copied in time
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
	if _, err := s.Create(t.Context(), changetest.Pending("b", master.Now()), "", change.Entry{}); err != nil {
		t.Fatal(err)
	}
	if n, err := replica.Client.DBSize(t.Context()).Result(); n == 0 || err != nil {
		t.Errorf("the replica holds %d keys, %v", n, err)
	}
}

// In a cluster the wait has to go to the server that wrote.
func TestCopiesAreWaitedForWhereTheKeyLies(t *testing.T) {
	t.Parallel()
	nodes := storetest.Cluster(t)
	client := store.Dial(&redis.UniversalOptions{Addrs: []string{nodes[0].Addr}, IsClusterMode: true}, 0)
	t.Cleanup(func() { _ = client.Close() })
	for range 4 { // environments lie with different servers
		s := store.New(client, store.Options{Env: nodes[0].Env(), Copies: 1})
		if _, err := s.Create(t.Context(), changetest.Pending("a", nodes[0].Now()), "", change.Entry{}); !errors.Is(err, change.ErrUnavailable) {
			t.Errorf("the masters have no replicas, and yet: %v", err)
		}
	}
}
