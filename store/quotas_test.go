package store_test

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// Quotas hold between replicas that open requests at once, and what has ended makes room.
func TestQuotasOfOpenRequests(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		ctx, env := t.Context(), server.Env()
		open := func(s *store.Store, id, user, channel string) error {
			r := changetest.Pending(id, server.Now())
			r.Proposal.Target, r.Requester = []string{id}, change.Actor{User: user, Channel: channel}
			_, err := s.Create(ctx, r, "", change.Entry{})
			return err
		}
		a := store.New(server.Client, store.Options{Env: env, Quotas: store.Quotas{Person: 3, Channel: 5}})
		b := store.New(server.Client, store.Options{Env: env, Quotas: store.Quotas{Person: 3, Channel: 5}})
		var opened atomic.Int32
		var all sync.WaitGroup
		for i, s := range []*store.Store{a, b, a, b, a, b} {
			all.Go(func() {
				err := open(s, "alice"+strconv.Itoa(i), "UALICE", "C1")
				full, ok := errors.AsType[*change.QuotaError](err)
				switch {
				case err == nil:
					opened.Add(1)
				case !ok || full.Most != 3 || full.Channel != "":
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
		if n := opened.Load(); n != 3 {
			t.Fatalf("%d were opened, want 3", n)
		}
		for i, user := range []string{"UBOB", "UCAROL"} {
			if err := open(a, "other"+strconv.Itoa(i), user, "C1"); err != nil {
				t.Fatal(err)
			}
		}
		if full, ok := errors.AsType[*change.QuotaError](open(b, "sixth", "UDAVE", "C1")); !ok || full.Most != 5 || full.Channel != "C1" {
			t.Errorf("the sixth of the channel: %v", full)
		}
		if err := open(a, "elsewhere", "UDAVE", "C2"); err != nil {
			t.Errorf("in another channel: %v", err)
		}
		if err := open(a, "home", "UERIN", ""); err != nil { // the home tab is no channel
			t.Error(err)
		}

		m := change.Transition{ID: "other0", Version: 1, From: change.Pending, To: change.Withdrawn, Event: change.Withdraw}
		if err := a.Transition(ctx, m); err != nil {
			t.Fatal(err)
		}
		if err := open(b, "sixth", "UDAVE", "C1"); err != nil {
			t.Errorf("after one has ended: %v", err)
		}
		key := "rcb:{" + env + "}:req:sixth"
		if err := server.Client.HSet(ctx, key, "proposal", "{").Err(); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Get(ctx, "sixth"); !errors.Is(err, change.ErrUnreadable) {
			t.Fatal(err)
		}
		if err := open(a, "seventh", "UERIN", "C1"); err == nil {
			t.Error("a request that was put aside is open all the same")
		}
		if err := a.TakeUp(ctx, change.AsideDecision{ID: "sixth", Resolve: true, By: change.Actor{User: "UBOB"}, Reason: "nothing is left"}); err != nil {
			t.Fatal(err)
		}
		if err := open(a, "seventh", "UERIN", "C1"); err != nil {
			t.Errorf("after it was resolved: %v", err)
		}
	})
}

// A request that makes way for another does not count against it, and is not given up for one that finds no room.
func TestQuotasOfWhatTakesAnothersPlace(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		s := store.New(server.Client, store.Options{Env: server.Env(), Quotas: store.Quotas{Person: 2, Channel: 3}})
		request := func(id, channel string) *change.Request {
			r := changetest.Pending(id, server.Now())
			r.Proposal.Target, r.Requester, r.Parent = []string{id}, change.Actor{User: "U" + id[:1], Channel: channel}, ""
			return r
		}
		for id, channel := range map[string]string{"a1": "C1", "a2": "C1", "b1": "C2", "b2": "C2", "c1": "C2"} {
			if _, err := s.Create(t.Context(), request(id, channel), "", change.Entry{}); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			parent, channel string
			full            bool
		}{{"a1", "C1", false}, {"", "C1", true}, {"a1", "C2", true}, {"b1", "C1", true}} {
			r := request("a3", c.channel)
			r.Parent = c.parent
			err := s.CanCreate(t.Context(), r)
			if _, full := errors.AsType[*change.QuotaError](err); full != c.full || !full && err != nil {
				t.Errorf("in the place of %q, in %s: %v", c.parent, c.channel, err)
			}
		}
	})
}
