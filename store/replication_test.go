package store_test

import (
	"crypto/rand"
	"errors"
	"net"
	"testing"

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
	s := store.New(master.Client, store.Options{Env: master.Env(), Replicas: 1})
	_, err := s.Create(t.Context(), changetest.Pending("a", master.Now()), "", change.Entry{})
	if !errors.Is(err, change.ErrUnavailable) {
		t.Errorf("nobody else has it, and it counts: %v", err)
	}
	host, port, _ := net.SplitHostPort(master.Addr)
	replica := storetest.Real(t, "--replicaof", host, port, "--repl-diskless-sync-delay", "0")
	followed(t, s)
	err = s.Transition(t.Context(), change.Transition{ID: "a", Version: 1, Event: change.Approve, From: change.Pending, To: change.Approved})
	if err != nil && !errors.Is(err, change.ErrUnavailable) { // the replica may take its time
		t.Fatal(err)
	}
	followed(t, s)
	storetest.Until(t, "what the replica has counts", func() error {
		_, err := s.Create(t.Context(), changetest.Pending("b"+rand.Text(), master.Now()), "", change.Entry{})
		return err
	})
	if n, err := replica.Client.DBSize(t.Context()).Result(); n == 0 || err != nil {
		t.Errorf("the replica holds %d keys, %v", n, err)
	}
}

// followed waits until a replica has what was written.
func followed(t *testing.T, s *store.Store) {
	t.Helper()
	storetest.Until(t, "the replica follows", func() error { return s.WaitDurable(t.Context()) })
}

// Pressing again after an answer that nobody could rely on must not turn it into one: the replica still lacks it.
func TestWhatIsSaidAgainWaitsForItsCopyToo(t *testing.T) {
	t.Parallel()
	master := storetest.Real(t)
	env, nonce := master.Env(), ""
	options := store.Options{Env: env, Replicas: 1, Nonce: func() string {
		if nonce != "" {
			return nonce
		}
		return rand.Text()
	}}
	host, port, _ := net.SplitHostPort(master.Addr)
	replica := storetest.Real(t, "--replicaof", host, port, "--repl-diskless-sync-delay", "0")
	ctx := t.Context()
	followed(t, store.New(master.Client, options))
	// Each call comes over a connection that has written nothing yet, as to another replica of the bot.
	fresh := func() *store.Store {
		client := store.Dial(&redis.UniversalOptions{Addrs: []string{master.Addr}}, storetest.Timeout)
		t.Cleanup(func() { _ = client.Close() })
		return store.New(client, options)
	}
	calls := map[string]func() error{
		"create, seen before": func() error {
			_, err := fresh().Create(ctx, changetest.Pending("again", master.Now()), "form", change.Entry{})
			return err
		},
		"submitted": func() error {
			_, err := fresh().Submitted(ctx, "form")
			return err
		},
		"safe": func() error { return fresh().WaitDurable(ctx) },
		"create, sent a second time": func() error {
			nonce = "one call"
			defer func() { nonce = "" }()
			_, err := fresh().Create(ctx, changetest.Pending("b", master.Now()), "", change.Entry{})
			return err
		},
	}
	copied := func(what string, call func() error) { // the replica may take its time
		t.Helper()
		storetest.Until(t, what, func() error {
			err := call()
			if err != nil && !errors.Is(err, change.ErrUnavailable) {
				t.Fatalf("%s: %v", what, err)
			}
			return err
		})
	}
	copied("warm", func() error {
		_, err := fresh().Create(ctx, changetest.Pending("warm", master.Now()), "warm", change.Entry{})
		return err
	})
	thaw := replica.Process.Freeze(t)
	if _, err := fresh().Create(ctx, changetest.Pending("a", master.Now()), "form", change.Entry{}); !errors.Is(err, change.ErrUnavailable) {
		t.Fatalf("the replica stands still, and yet: %v", err)
	}
	if err := calls["create, sent a second time"](); !errors.Is(err, change.ErrUnavailable) { // the first time
		t.Fatalf("the replica stands still, and yet: %v", err)
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, change.ErrUnavailable) {
			t.Errorf("%s: the replica stands still, and yet: %v", name, err)
		}
	}
	// What wrote nothing needs no copies: it says what is the matter.
	other := changetest.Pending("c", master.Now())
	other.Proposal.Target = changetest.Pending("a", master.Now()).Proposal.Target
	if _, err := fresh().Create(ctx, other, "", change.Entry{}); !isHeld(err) {
		t.Errorf("the target is held, and yet: %v", err)
	}
	if id, err := fresh().Submitted(ctx, "nobody's"); id != "" || err != nil {
		t.Errorf("nobody submitted it, and yet: %q, %v", id, err)
	}
	thaw()
	for name, call := range calls {
		copied("the replica goes on: "+name, call)
	}
}

func isHeld(err error) bool {
	_, ok := errors.AsType[*change.LockedError](err)
	return ok
}

// In a cluster the wait has to go to the server that wrote.
func TestCopiesAreWaitedForWhereTheKeyLies(t *testing.T) {
	t.Parallel()
	nodes := storetest.Cluster(t)
	client := store.Dial(&redis.UniversalOptions{Addrs: []string{nodes[0].Addr}, IsClusterMode: true}, storetest.Timeout)
	t.Cleanup(func() { _ = client.Close() })
	for range 4 { // environments lie with different servers
		s := store.New(client, store.Options{Env: nodes[0].Env(), Replicas: 1})
		if _, err := s.Create(t.Context(), changetest.Pending("a", nodes[0].Now()), "", change.Entry{}); !errors.Is(err, change.ErrUnavailable) {
			t.Errorf("the masters have no replicas, and yet: %v", err)
		}
	}
}
