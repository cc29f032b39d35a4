package store_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// Of several who keep the same connection at the same time, on the same replica or on two, one does, and the audit says so once.
func TestWhatManyKeepAtOnceIsKeptOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		env := server.Env()
		replicas := []*store.Store{store.New(server.Client, store.Options{Env: env}), store.New(server.Client, store.Options{Env: env})}
		s, other := replicas[0], replicas[1]
		apply(t, server, s, "r1", "connection/a", `{"at":"local x"}`)
		k := change.Keep{Key: "connection/a", First: "r1", Request: "r1", By: change.Actor{User: "UBOB"}, At: server.Now().UTC().Truncate(time.Millisecond), Rule: "all"}
		var kept atomic.Int32
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				err := replicas[i%2].Keep(t.Context(), k, nil)
				switch {
				case err == nil:
					kept.Add(1)
				case !errors.Is(err, change.ErrConflict):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if kept.Load() != 1 {
			t.Errorf("%d of 8 kept it", kept.Load())
		}
		got, err := s.Kept(t.Context(), "connection/a", "connection/none")
		if err != nil || len(got) != 1 || got["connection/a"] != k {
			t.Fatalf("%+v, %v", got, err)
		}
		said := 0
		lines, err := s.Audit(t.Context(), "", 100)
		for _, l := range lines {
			if e := l.Entry; e.What == "keep" {
				said++
				if e.By.User != "UBOB" || e.Target != "connection/a" || e.Rule != "all" || e.Request != "r1" || !e.At.Equal(k.At) {
					t.Errorf("%+v", e)
				}
			}
		}
		if said != 1 || err != nil {
			t.Errorf("%d entries, %v", said, err)
		}
		if report, err := s.VerifyAudit(t.Context()); err != nil || report.Bad != nil {
			t.Errorf("%+v, %v", report, err)
		}
		// The next one says which one it follows.
		next := k
		next.At = k.At.Add(time.Hour)
		if err := s.Keep(t.Context(), next, nil); !errors.Is(err, change.ErrConflict) {
			t.Errorf("kept without a look at the last: %v", err)
		}
		if err := other.Keep(t.Context(), next, &k); err != nil {
			t.Error(err)
		}
	})
}

// What has changed since, or is gone, is not what somebody saw. What was kept is due for a check.
func TestOnlyWhatSomebodySawIsKept(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		s := indexed(server)
		apply(t, server, s, "r1", "connection/a", `{"at":"local x"}`)
		checks, err := s.ClaimChecks(t.Context(), "q", 5, time.Minute)
		if err != nil || len(checks) != 1 {
			t.Fatalf("%+v, %v", checks, err)
		}
		k := change.Keep{Key: "connection/a", First: "r1", Request: "r1", By: change.Actor{User: "UBOB"}, At: server.Now().UTC()}
		if err := s.Keep(t.Context(), k, nil); err != nil {
			t.Fatal(err)
		}
		if err := s.FinishCheck(t.Context(), checks[0], change.CheckResult{Keep: true, Next: time.Hour}); !errors.Is(err, change.ErrFenced) {
			t.Errorf("a check from before counts: %v", err)
		}
		if again, err := s.ClaimChecks(t.Context(), "q", 5, time.Minute); err != nil || len(again) != 1 {
			t.Errorf("it is not checked at once: %+v, %v", again, err)
		}
		apply(t, server, s, "r2", "connection/a", `{"at":"local y"}`)
		if err := s.Keep(t.Context(), k, &k); !errors.Is(err, change.ErrConflict) {
			t.Errorf("changed since: %v", err)
		}
		apply(t, server, s, "r3", "connection/a", "")
		k.Request = "r3"
		if err := s.Keep(t.Context(), k, &k); !errors.Is(err, change.ErrConflict) {
			t.Errorf("gone: %v", err)
		}
		if err := s.ForgetKept(t.Context(), "connection/a"); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Kept(t.Context(), "connection/a"); err != nil || len(got) != 0 {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
