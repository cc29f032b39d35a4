package store_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// approve moves a pending request at version 1.
func approve(id string) change.Transition {
	return change.Transition{ID: id, Version: 1, Event: change.Approve, From: change.Pending, To: change.Approved}
}

func create(t *testing.T, s *store.Store, id string, now time.Time) {
	t.Helper()
	if _, err := s.Create(t.Context(), changetest.Pending(id, now), "", change.Entry{}); err != nil {
		t.Fatalf("creating %s: %v", id, err)
	}
}

func TestScriptsAreSentAgainAfterARestart(t *testing.T) {
	t.Parallel()
	server := storetest.Real(t, "--appendfsync", "always")
	s := server.Store()
	create(t, s, "a", server.Now())
	if err := s.Transition(t.Context(), approve("a")); err != nil {
		t.Fatal(err)
	}
	server.Process.Kill(t)
	server.Process.Start(t)
	create(t, s, "b", server.Now())
	if err := s.Transition(t.Context(), approve("b")); err != nil {
		t.Errorf("moving after a restart: %v", err)
	}
	if c, err := s.Claim(t.Context(), "w", time.Minute); err != nil || c.Claim.ID != "a" {
		t.Errorf("claimed %q after a restart, error %v; want a, approved before it", c.Claim.ID, err)
	}
	if report, err := s.VerifyAudit(t.Context()); err != nil || report.Bad != nil || report.Entries != 5 {
		t.Errorf("audit %+v, error %v", report, err)
	}
}

func second[T any](_ T, err error) error { return err }

func third[T, U any](_ T, _ U, err error) error { return err }

// everything calls each method once, with arguments for request a.
func everything(ctx context.Context, s *store.Store) map[string]error {
	claim := change.Claim{ID: "a", Epoch: 1, Worker: "w"}
	all := map[string]error{
		"create":      second(s.Create(ctx, changetest.Pending("z", time.Unix(1, 0)), "sub", change.Entry{})),
		"get":         second(s.Get(ctx, "a")),
		"move":        s.Transition(ctx, approve("a")),
		"submitted":   second(s.Submitted(ctx, "s")),
		"due":         second(s.Due(ctx, time.Unix(1, 0), 1)),
		"claim":       second(s.Claim(ctx, "w", time.Minute)),
		"extend":      s.Extend(ctx, claim, time.Minute),
		"record":      s.Record(ctx, claim, change.StepRecord{Step: "one"}, change.Entry{}),
		"advance":     s.Advance(ctx, claim, change.Transition{Event: change.Fail, From: change.Applying, To: change.Undoing}),
		"release":     s.Release(ctx, claim),
		"unannounced": second(s.Unannounced(ctx, 1)),
		"message":     s.NoteMessage(ctx, "a", "t", "card", change.Message{}),
		"announced":   s.Announced(ctx, "a", 1, "t"),
		"mine":        second(s.Mine(ctx, "U", 1)),
		"recent":      second(s.Recent(ctx, 1)),
		"pending":     second(s.PendingRequests(ctx, 1)),
		"reviews":     second(s.Reviews(ctx, 1)),
		"place":       third(s.PendingFrom(ctx, 0, 1)),
		"audit":       second(s.Audit(ctx, "", 1)),
		"verify":      second(s.VerifyAudit(ctx)),
		"trim":        second(s.Trim(ctx)),
		"ping":        s.Ping(ctx),
		"records":     second(s.Records(ctx, "k")),
		"requests":    second(s.RecordRequests(ctx)),
		"kept":        second(s.Kept(ctx, "k")),
		"keep":        s.Keep(ctx, change.Keep{Key: "k"}, nil),
		"checks":      second(s.ClaimChecks(ctx, "q", 1, time.Minute)),
		"checked":     s.FinishCheck(ctx, change.Check{Key: "k"}, change.CheckResult{}),
		"oldest":      second(s.OldestCheck(ctx)),
		"statuses":    second(s.Statuses(ctx, "k")),
		"counts":      second(s.CountStatuses(ctx, "f")),
		"revision":    second(s.StatusRevision(ctx)),
		"end lease":   s.EndLease(ctx, "x", "o"),
	}
	_, _, all["telling"] = s.ClaimNotification(ctx, "a", "t", time.Minute)
	_, _, all["holder"] = s.Holder(ctx, "x")
	return all
}

func TestAnUnreachableServerIsSaidInTime(t *testing.T) {
	t.Parallel()
	silent, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0") // it accepts, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	closed, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for name, addr := range map[string]string{"silent": silent.Addr().String(), "closed": closed.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			client := store.Dial(&redis.UniversalOptions{Addrs: []string{addr}}, 0)
			defer func() { _ = client.Close() }()
			s := store.New(client, store.Options{Env: "test"})
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			start := time.Now()
			for what, err := range everything(ctx, s) {
				if !errors.Is(err, change.ErrUnavailable) {
					t.Errorf("%s: error %v, want %v", what, err, change.ErrUnavailable)
				}
			}
			// All calls share the deadline: whatever overruns it adds up.
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %s to give up on 300 ms", took)
			}
			if got := s.CheckServer(ctx, time.Now()); len(got) != 1 || got[0].Level != store.Bad {
				t.Errorf("findings %+v", got)
			}
		})
	}
}

func TestWaitingForAServerThatIsAwayDoesNotSpin(t *testing.T) {
	t.Parallel()
	client := store.Dial(&redis.UniversalOptions{Addrs: []string{"127.0.0.1:1"}}, 0)
	defer func() { _ = client.Close() }()
	s := store.New(client, store.Options{Env: "test"})
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	n := 0
	for ctx.Err() == nil {
		if err := s.Wait(ctx, time.Minute); err == nil {
			t.Fatal("there may be work, says a store that can't be reached")
		}
		n++
	}
	if n > 3 {
		t.Errorf("it asked %d times in a second and a half", n)
	}
}

func TestWhatANewerBotWroteIsLeftAlone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		env, ctx := server.Env(), t.Context()
		s := store.New(server.Client, store.Options{Env: env})
		create(t, s, "a", server.Now())
		if err := s.Transition(ctx, approve("a")); err != nil {
			t.Fatal(err)
		}
		create(t, s, "b", server.Now())
		if err := server.Client.HSet(ctx, "rcb:{"+env+"}:req:a", "schema", change.Schema+1).Err(); err != nil {
			t.Fatal(err)
		}
		before := dump(t, server, env)
		got := everything(ctx, s)
		for _, what := range []string{"get", "move", "extend", "record", "advance", "release", "message", "announced", "telling"} {
			if !errors.Is(got[what], change.ErrNewer) {
				t.Errorf("%s: error %v, want %v", what, got[what], change.ErrNewer)
			}
		}
		if !errors.Is(got["claim"], change.ErrNoWork) {
			t.Errorf("claim: error %v, want %v", got["claim"], change.ErrNoWork)
		}
		if diff := cmp.Diff(before, dump(t, server, env)); diff != "" {
			t.Errorf("it was touched (-before +after):\n%s", diff)
		}
		rs, err := s.Recent(ctx, 10)
		if err != nil || len(rs) != 2 || rs[0].ID != "b" && rs[1].ID != "b" {
			t.Errorf("what is listed beside it: %v, error %v", rs, err)
		}
		if err := s.Transition(ctx, approve("b")); err != nil {
			t.Fatal(err)
		}
		if c, err := s.Claim(ctx, "w", time.Minute); err != nil || c.Claim.ID != "b" {
			t.Errorf("claimed %q past it, error %v", c.Claim.ID, err)
		}
	})
}

// dump is the request a as it is stored.
func dump(t *testing.T, server storetest.Server, env string) map[string]string {
	t.Helper()
	all, err := server.Client.HGetAll(t.Context(), "rcb:{"+env+"}:req:a").Result()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestCheckServer(t *testing.T) {
	t.Parallel()
	say := func(s *store.Store, now time.Time) string {
		var b strings.Builder
		for _, f := range s.CheckServer(t.Context(), now) {
			fmt.Fprintf(&b, "%s %s\n", f.Check, f.Level)
		}
		return b.String()
	}
	t.Run("miniredis", func(t *testing.T) {
		server := storetest.Mini(t)
		want := "reach good\nversion unknown\nscripts good\neviction unknown\ndurability unknown\nreplicas unknown\nclock warning\n"
		if diff := cmp.Diff(want, say(server.Store(), server.Now().Add(time.Minute))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("as it should be", func(t *testing.T) {
		server := storetest.Real(t, "--appendfsync", "always")
		want := "reach good\nversion good\nscripts good\neviction good\ndurability good\nreplicas good\nclock good\n"
		if diff := cmp.Diff(want, say(server.Store(), server.Now())); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("Valkey", func(t *testing.T) {
		server := storetest.Valkey(t)
		if f := server.Store().CheckServer(t.Context(), server.Now())[1]; f.Level != store.Good || !strings.Contains(f.Say, "Valkey") {
			t.Errorf("%+v", f)
		}
	})
	t.Run("a user who may not run scripts", func(t *testing.T) {
		server := storetest.Real(t)
		client := redis.NewClient(&redis.Options{Addr: server.Addr, Username: "reader", Password: "x"})
		defer func() { _ = client.Close() }()
		if err := server.Client.Do(t.Context(), "ACL", "SETUSER", "reader", "on", ">x", "~*", "+@all", "-@scripting").Err(); err != nil {
			t.Fatal(err)
		}
		if f := store.New(client, store.Options{Env: server.Env()}).CheckServer(t.Context(), server.Now())[2]; f.Level != store.Bad {
			t.Errorf("%+v", f)
		}
	})
	t.Run("a cache", func(t *testing.T) {
		server := storetest.Real(t, "--appendonly", "no", "--maxmemory-policy", "allkeys-lru")
		want := "reach good\nversion good\nscripts good\neviction bad\ndurability bad\nreplicas good\nclock good\n"
		if diff := cmp.Diff(want, say(server.Store(), server.Now())); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
