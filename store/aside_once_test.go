package store_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// Of several who press at once one counts, and what was resolved stays so.
func TestWhatWasPutAsideIsTakenUpOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		ctx, env := t.Context(), server.Env()
		var told atomic.Int64
		s := store.New(server.Client, store.Options{Env: env, PutAside: func(context.Context, string, error) { told.Add(1) }})
		r := changetest.Pending("bad", server.Now())
		r.Requester = change.Actor{User: "UREQ", Channel: "C1"}
		r.Proposal.Target = []string{"alias", "role"}
		if _, err := s.Create(ctx, r, "", change.Entry{}); err != nil {
			t.Fatal(err)
		}
		key := "rcb:{" + env + "}:req:bad"
		whole := server.Client.HGet(ctx, key, "proposal").Val()
		corrupt := func() change.Aside {
			t.Helper()
			for _, field := range []string{"proposal", "requester"} {
				if err := server.Client.HSet(ctx, key, field, "{").Err(); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := s.Get(ctx, "bad"); !errors.Is(err, change.ErrUnreadable) {
				t.Fatal(err)
			}
			a, err := s.Aside(ctx, "bad")
			if err != nil || a.Request != nil || a.Since.IsZero() || a.Target != "alias" || !slices.Equal(a.Requesters, []string{"UREQ"}) {
				t.Fatalf("aside: %+v, %v", a, err)
			}
			return a
		}

		first := corrupt()
		by := change.Actor{User: "UBOB"}
		if err := s.TakeUp(ctx, change.AsideDecision{ID: "bad", By: by}); !errors.Is(err, change.ErrUnreadable) {
			t.Errorf("requeued what can't be read: %v", err)
		}
		for field, text := range map[string]string{"proposal": whole, "requester": `{"user":"UREQ"}`} {
			if err := server.Client.HSet(ctx, key, field, text).Err(); err != nil {
				t.Fatal(err)
			}
		}
		requeue := change.AsideDecision{ID: "bad", Since: first.Since, By: by, Reason: "repaired"}
		if err := s.TakeUp(ctx, requeue); err != nil {
			t.Fatal(err)
		}

		server.Pass(time.Millisecond)
		second := corrupt()
		if !second.Since.After(first.Since) || second.End == nil || second.End.By != by || second.End.Resolved {
			t.Fatalf("aside: %+v", second)
		}
		requeue.Resolve = true
		if err := s.TakeUp(ctx, requeue); !errors.Is(err, change.ErrConflict) {
			t.Errorf("a decision about the first time counted for the second: %v", err)
		}
		var wg sync.WaitGroup
		var counted atomic.Int64
		for range 8 {
			wg.Go(func() {
				err := s.TakeUp(ctx, change.AsideDecision{ID: "bad", Since: second.Since, Resolve: true, By: by, Reason: "nothing was left"})
				if err == nil {
					counted.Add(1)
				} else if !errors.Is(err, change.ErrConflict) {
					t.Errorf("resolving: %v", err)
				}
			})
		}
		wg.Wait()
		a, err := s.Aside(ctx, "bad")
		if err != nil || counted.Load() != 1 || !a.Since.IsZero() || !a.End.Resolved || a.State != change.RolledBack {
			t.Errorf("%d counted: %+v, %v", counted.Load(), a, err)
		}

		// Anyone who finds its record from now on leaves it alone.
		if _, err := s.Get(ctx, "bad"); !errors.Is(err, change.ErrUnreadable) {
			t.Error(err)
		}
		if again, err := s.PutAside(ctx, 10); err != nil || len(again) != 0 || told.Load() != 2 {
			t.Errorf("put aside again: %v, told %d times, %v", again, told.Load(), err)
		}
		next := changetest.Pending("next", server.Now().Add(time.Second))
		next.Proposal.Target = r.Proposal.Target
		if _, err := s.Create(ctx, next, "", change.Entry{}); err != nil {
			t.Errorf("its target is not free: %v", err)
		}
	})
}

func TestWhatIsResolvedReleasesWhatItLocked(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		ctx, env := t.Context(), server.Env()
		s := store.New(server.Client, store.Options{Env: env})
		begin := func(id, alias string) {
			t.Helper()
			r := changetest.Pending(id, server.Now())
			r.Proposal.Target = []string{alias, "role"}
			if _, err := s.Create(ctx, r, "", change.Entry{}); err != nil {
				t.Fatal(err)
			}
			if err := s.Transition(ctx, approve(id)); err != nil {
				t.Fatal(err)
			}
		}
		begin("bad", "a")
		if c, err := s.Claim(ctx, "w", time.Minute); err != nil || c.Claim.ID != "bad" {
			t.Fatal(c.Claim.ID, err)
		}
		if err := server.Client.HSet(ctx, "rcb:{"+env+"}:req:bad", "proposal", "{").Err(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(ctx, "bad"); !errors.Is(err, change.ErrUnreadable) {
			t.Fatal(err)
		}
		if err := s.TakeUp(ctx, change.AsideDecision{ID: "bad", Resolve: true, Reason: "the role was left, and is removed"}); err != nil {
			t.Fatal(err)
		}
		begin("next", "b")
		if c, err := s.Claim(ctx, "w", time.Minute); err != nil || c.Claim.ID != "next" {
			t.Errorf("claimed %q, %v", c.Claim.ID, err)
		}
	})
}
