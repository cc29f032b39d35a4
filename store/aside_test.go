package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

func TestARequestThatCantBeReadStopsNobody(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		ctx, env := t.Context(), server.Env()
		var told []string
		s := store.New(server.Client, store.Options{Env: env, PutAside: func(_ context.Context, id string, _ error) { told = append(told, id) }})
		for _, id := range []string{"bad", "good", "asking", "unreadable"} {
			r := changetest.Pending(id, server.Now())
			r.Proposal.Target, r.Deadline = []string{id}, server.Now().Add(time.Hour)
			if _, err := s.Create(ctx, r, "", change.Entry{}); err != nil {
				t.Fatal(err)
			}
			if id == "bad" || id == "good" {
				if err := s.Transition(ctx, approve(id)); err != nil {
					t.Fatal(err)
				}
			}
		}
		key := func(id string) string { return "rcb:{" + env + "}:req:" + id }
		whole := server.Client.HGet(ctx, key("bad"), "proposal").Val()
		for _, id := range []string{"bad", "unreadable"} {
			if err := server.Client.HSet(ctx, key(id), "proposal", "{").Err(); err != nil {
				t.Fatal(err)
			}
		}

		claimed, err := s.Claim(ctx, "w", time.Minute)
		if err != nil || claimed.Claim.ID != "good" {
			t.Fatalf("claimed %q, %v", claimed.Claim.ID, err)
		}
		if pending, _, err := s.PendingFrom(ctx, 0, 10); err != nil || len(pending) != 1 || pending[0].ID != "asking" {
			t.Errorf("reminders see %d requests, %v", len(pending), err)
		}
		if recent, err := s.Recent(ctx, 10); err != nil || len(recent) != 2 {
			t.Errorf("a list shows %d requests, %v", len(recent), err)
		}
		if _, err := s.Get(ctx, "bad"); !errors.Is(err, change.ErrUnreadable) {
			t.Errorf("reading it: %v", err)
		}
		slices.Sort(told)
		if aside, err := s.PutAside(ctx, 10); err != nil || len(aside) != 2 || !slices.Equal(told, []string{"bad", "unreadable"}) {
			t.Errorf("put aside: %v, told of %v, %v", aside, told, err)
		}
		if due, err := s.Due(ctx, server.Now().Add(2*time.Hour), 10); err != nil || !slices.Equal(due, []string{"asking"}) {
			t.Errorf("due: %v, %v", due, err)
		}
		if holder, _, err := s.Holder(ctx, "bad"); err != nil || holder != "bad" {
			t.Errorf("its target is held by %q, %v", holder, err)
		}

		// It is whole again, and goes on; the other one is ended by hand.
		if err := server.Client.HSet(ctx, key("bad"), "proposal", whole).Err(); err != nil {
			t.Fatal(err)
		}
		by := change.Actor{User: "operator"}
		if err := s.TakeUp(ctx, change.AsideDecision{ID: "bad", By: by, Reason: "restored"}); err != nil {
			t.Fatal(err)
		}
		if claimed, err = s.Claim(ctx, "w", time.Minute); err != nil || claimed.Claim.ID != "bad" {
			t.Errorf("claimed %q, %v", claimed.Claim.ID, err)
		}
		if err := s.TakeUp(ctx, change.AsideDecision{ID: "unreadable", Resolve: true, By: by, Reason: "nothing had begun"}); err != nil {
			t.Fatal(err)
		}
		if _, held, err := s.Holder(ctx, "unreadable"); held || err != nil {
			t.Errorf("its target is still held, %v", err)
		}
		if err := s.TakeUp(ctx, change.AsideDecision{ID: "bad", By: by, Reason: "again"}); !errors.Is(err, change.ErrConflict) {
			t.Errorf("requeued what is not put aside: %v", err)
		}
		if report, err := s.VerifyAudit(ctx); err != nil || report.Bad != nil {
			t.Errorf("the audit: %+v, %v", report.Bad, err)
		}
	})
}

func TestTakeOversInARowAreCounted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		s := server.Store()
		create(t, s, "a", server.Now())
		if err := s.Transition(t.Context(), approve("a")); err != nil {
			t.Fatal(err)
		}
		for i, want := range []int{0, 1, 2} {
			c, err := s.Claim(t.Context(), "w", 10*time.Millisecond)
			if err != nil || c.TakeOvers != want {
				t.Fatalf("claim %d: taken over %d times, %v", i, c.TakeOvers, err)
			}
			if i == 2 {
				break
			}
			server.Pass(20 * time.Millisecond) // longer than the lease
		}
	})
}
