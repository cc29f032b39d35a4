package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// meddler lets something happen once, right before the first script that names a worker is sent.
type meddler struct {
	worker string
	meddle func()
}

func (m *meddler) DialHook(next redis.DialHook) redis.DialHook { return next }

func (m *meddler) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (m *meddler) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if meddle := m.meddle; meddle != nil && slices.Contains(cmd.Args(), any(m.worker)) {
			m.meddle = nil
			meddle()
		}
		return next(ctx, cmd)
	}
}

// meddled returns a store in whose way something comes, right before its first script that names worker.
func meddled(t *testing.T, server storetest.Server, env, worker string, meddle func()) *store.Store {
	t.Helper()
	client := store.Dial(&redis.UniversalOptions{Addrs: []string{server.Addr}}, storetest.Timeout)
	t.Cleanup(func() { _ = client.Close() })
	client.AddHook(&meddler{worker: worker, meddle: meddle})
	return store.New(client, store.Options{Env: env})
}

// decide is a person's decision that moves nothing.
func decide(id string, version int64, in change.State) change.Transition {
	return change.Transition{
		ID: id, Version: version, From: in, To: in,
		Decisions: []change.Decision{{Kind: change.DecisionInputSubmitted, By: change.Actor{User: "UBOB"}}},
	}
}

func TestAClaimIsOnTheRequestAsItIs(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	ctx, env := t.Context(), server.Env()
	quick := store.New(server.Client, store.Options{Env: env})
	create(t, quick, "a", server.Now())
	if err := quick.Transition(ctx, approve("a")); err != nil {
		t.Fatal(err)
	}
	c, err := quick.Claim(ctx, "quick", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := quick.Release(ctx, c.Claim); err != nil {
		t.Fatal(err)
	}

	// Between the slow worker's look and its claim, the quick one takes the request, works on it, and falls silent.
	slow := meddled(t, server, env, "slow", func() {
		c, err := quick.Claim(ctx, "quick", time.Second)
		if err != nil {
			t.Errorf("the quick one claims: %v", err)
		}
		if err := quick.Record(ctx, c.Claim, change.StepRecord{Step: "one", State: change.StepBegun}, change.Entry{}); err != nil {
			t.Errorf("the quick one records: %v", err)
		}
		server.Pass(2 * time.Second)
	})
	got, err := slow.Claim(ctx, "slow", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if !got.TakenOver || got.Claim.Epoch != 3 || got.Request.Version != 6 || got.Request.Record("one") == nil {
		t.Errorf("claimed %+v, taken over %t, version %d, journal %+v; want what the quick one left",
			got.Claim, got.TakenOver, got.Request.Version, got.Request.Journal)
	}
	if report, err := quick.VerifyAudit(ctx); err != nil || report.Bad != nil || report.Entries != 6 {
		t.Errorf("audit %+v, error %v", report, err)
	}
}

// Between a worker's look at a request and its claim somebody decides: the worker has to know of that.
func TestAClaimKnowsOfADecisionThatFellMeanwhile(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	ctx, env := t.Context(), server.Env()
	quick := store.New(server.Client, store.Options{Env: env})
	create(t, quick, "a", server.Now())
	if err := quick.Transition(ctx, approve("a")); err != nil {
		t.Fatal(err)
	}
	slow := meddled(t, server, env, "slow", func() {
		if err := quick.Transition(ctx, decide("a", 2, change.Approved)); err != nil {
			t.Errorf("deciding: %v", err)
		}
	})
	got, err := slow.Claim(ctx, "slow", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if got.Request.Version != 4 || got.Request.Last(change.DecisionInputSubmitted) == nil {
		t.Errorf("claimed version %d with %+v; want 4, with the decision", got.Request.Version, got.Request.Decisions)
	}
	wantVersions(t, quick, 1, 2, 3, 4)
}

// A journal line is numbered by the version that it makes: if that has passed, the line is numbered again.
func TestAJournalLineIsOnTheVersionAsItIs(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	ctx, env := t.Context(), server.Env()
	quick := store.New(server.Client, store.Options{Env: env})
	create(t, quick, "a", server.Now())
	if err := quick.Transition(ctx, approve("a")); err != nil {
		t.Fatal(err)
	}
	c, err := quick.Claim(ctx, "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	slow := meddled(t, server, env, "w", func() {
		if err := quick.Transition(ctx, decide("a", 3, change.Applying)); err != nil {
			t.Errorf("deciding: %v", err)
		}
	})
	if err := slow.Record(ctx, c.Claim, change.StepRecord{Step: "one", State: change.StepBegun}, change.Entry{}); err != nil {
		t.Fatal(err)
	}
	if r, err := quick.Get(ctx, "a"); err != nil || r.Version != 5 || r.Record("one") == nil {
		t.Errorf("the request is %+v, error %v", r, err)
	}
	wantVersions(t, quick, 1, 2, 3, 4, 5)
}

// wantVersions looks that each version has its own line in the audit.
func wantVersions(t *testing.T, s *store.Store, want ...int64) {
	t.Helper()
	lines, err := s.Audit(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	for _, l := range lines {
		got = append(got, l.Entry.Version)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the audit holds versions %v, want %v", got, want)
	}
}

// After a failover that lost writes another request may hold what this one once took: it is not this one's to free.
func TestTheEndOfARequestFreesOnlyItsOwnTarget(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		ctx, env := t.Context(), server.Env()
		s := store.New(server.Client, store.Options{Env: env})
		create(t, s, "a", server.Now())
		target := changetest.Pending("a", server.Now()).Proposal.Subject()
		locks, err := server.Client.Keys(ctx, "rcb:{"+env+"}:target:*").Result()
		if err != nil || len(locks) != 1 {
			t.Fatalf("locks %v, error %v", locks, err)
		}
		create(t, s, "b", server.Now()) // open, with a target of its own beside
		if err := server.Client.Set(ctx, locks[0], "b", 0).Err(); err != nil {
			t.Fatal(err)
		}
		m := change.Transition{ID: "a", Version: 1, Event: change.Reject, From: change.Pending, To: change.Rejected}
		if err := s.Transition(ctx, m); err != nil {
			t.Fatal(err)
		}
		if id, ok, err := s.Holder(ctx, target); id != "b" || !ok || err != nil {
			t.Errorf("the target is held by %q (%t), error %v; want b", id, ok, err)
		}
	})
}

// A request that an earlier version stored names its own target only as such: its lock ends with it all the same.
func TestTheEndOfAnEarlierVersionsRequestFreesItsLock(t *testing.T) {
	t.Parallel()
	server := storetest.Real(t)
	env := server.Env()
	s := store.New(server.Client, store.Options{Env: env})
	create(t, s, "a", server.Now())
	if err := s.Transition(t.Context(), approve("a")); err != nil {
		t.Fatal(err)
	}
	if err := server.Client.HDel(t.Context(), "rcb:{"+env+"}:req:a", "shared").Err(); err != nil {
		t.Fatal(err)
	}
	c, err := s.Claim(t.Context(), "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	locks := func() int {
		found, err := server.Client.Keys(t.Context(), "rcb:{"+env+"}:lock:*").Result()
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	if locks() != 1 {
		t.Fatalf("%d locks while it is worked on", locks())
	}
	end := change.Transition{ID: "a", From: change.Applying, To: change.Applied, Event: change.Succeed, Entry: change.Entry{At: server.Now()}}
	if err := s.Advance(t.Context(), c.Claim, end); err != nil {
		t.Fatal(err)
	}
	if n := locks(); n != 0 {
		t.Errorf("%d locks are left", n)
	}
}
