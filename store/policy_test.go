package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

func TestTheAuditIntroducesEachPolicyOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		env, policy := server.Env(), "before"
		replica := func(name string) *store.Store {
			return store.New(server.Client, store.Options{Env: env, Policy: store.PolicyInForce{Worker: name, Hash: func() string { return policy }}})
		}
		old := store.New(server.Client, store.Options{Env: env}) // of a version that names no policy
		create(t, old, "r0", server.Now())
		start := func() {
			var wg sync.WaitGroup
			for _, name := range []string{"one", "two"} {
				wg.Go(func() {
					if err := replica(name).RecordPolicy(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		}
		start()
		start() // the same policy
		one := replica("one")
		create(t, one, "r1", server.Now())
		policy = "after" // and nobody says so
		create(t, one, "r2", server.Now())
		policy = "before"
		start()

		lines, err := one.Audit(t.Context(), "", 100)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, l := range lines {
			got += l.Entry.What + " " + l.Entry.Request + " " + l.Entry.Policy + "\n"
			if l.Entry.What == "policy" && (l.Entry.Worker == "" || l.Entry.At.IsZero()) {
				t.Errorf("the entry says not who wrote it when: %+v", l.Entry)
			}
		}
		const want = " r0 \npolicy  before\n r1 before\npolicy  after\n r2 after\npolicy  before\n"
		if got != want {
			t.Errorf("the audit:\n%s", got)
		}
		if report, err := one.VerifyAudit(t.Context()); err != nil || report.Bad != nil || report.Entries != 6 {
			t.Errorf("%+v: %v", report, err)
		}
	})
}

func TestAPolicyThatCouldNotBeRecordedStopsWhatNamesIt(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	s := store.New(server.Client, store.Options{Env: "test", Policy: store.PolicyInForce{Hash: func() string { return "p" }}})
	server.Mini.SetError("LOADING")
	if s.RecordPolicy(t.Context()) == nil {
		t.Fatal("recorded while Redis was loading")
	}
	server.Mini.SetError("")
	if _, err := s.Create(t.Context(), changetest.Pending("r", time.Now()), "", change.Entry{}); err != nil {
		t.Fatal(err)
	}
	lines, err := s.Audit(t.Context(), "", 10)
	if err != nil || len(lines) != 2 || lines[0].Entry.What != "policy" {
		t.Errorf("%+v: %v", lines, err)
	}
}

func TestAnEntryOfAPolicyDoesNotMakeADatabaseNew(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	s := store.New(server.Client, store.Options{Env: "test", Policy: store.PolicyInForce{Hash: func() string { return "p" }}})
	if err := s.RecordPolicy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if at, err := s.LastAudit(t.Context()); err != nil || !at.IsZero() {
		t.Errorf("the last entry about a request was written at %v: %v", at, err)
	}
}
