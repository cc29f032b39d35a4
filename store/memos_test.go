package store_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

func TestWhatAnAppliedChangeLeavesIsRememberedWithTheMove(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		s := server.Store()
		apply := func(id string, value string) {
			t.Helper()
			r := &change.Request{
				ID: id, State: change.Approved, Created: server.Now(), Requester: change.Actor{User: "U1"},
				Proposal: change.Proposal{
					Target: "t", Digest: "d", Params: json.RawMessage(`{}`),
					Memos: []change.Memo{{Key: "connection/a", Value: json.RawMessage(value)}},
				},
				Decisions: []change.Decision{{Verb: change.SaidYes}},
			}
			if err := putApproved(t.Context(), s, r, server.Now()); err != nil {
				t.Fatal(err)
			}
			c, err := s.Claim(t.Context(), "w", time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			at := server.Now()
			move := change.Move{
				Event: change.Succeed, From: change.Applying, To: change.Applied, Kept: c.Request.Kept(at),
				Outcome: &change.Outcome{Ended: at}, Entry: change.Entry{At: at, What: string(change.Succeed)},
			}
			if err := s.Advance(t.Context(), change.Claim{ID: id, Epoch: c.Claim.Epoch + 1, Worker: "w"}, move); err == nil {
				t.Fatal("a stranger's claim moved it")
			}
			if got, err := s.Memos(t.Context()); err != nil || len(got) > 0 && got[0].Request == id {
				t.Fatalf("a refused move left %v, %v", got, err)
			}
			if err := s.Advance(t.Context(), c.Claim, move); err != nil {
				t.Fatal(err)
			}
		}
		apply("r1", `{"alias":"a"}`)
		got, err := s.Memos(t.Context())
		if err != nil || len(got) != 1 {
			t.Fatalf("got %v, %v", got, err)
		}
		k := got[0]
		if k.Key != "connection/a" || string(k.Value) != `{"alias":"a"}` || k.Request != "r1" || k.Digest != "d" || k.By.User != "U1" || k.At.IsZero() {
			t.Errorf("remembered %+v", k)
		}
		apply("r2", "")
		if got, err := s.Memos(t.Context()); err != nil || len(got) != 0 {
			t.Errorf("after forgetting: %v, %v", got, err)
		}
	})
}

func TestALeaseIsTakenOnceUntilItEnds(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		s := server.Store()
		take := func(owner string) bool {
			t.Helper()
			ok, err := s.Lease(t.Context(), "watch/a", owner, time.Second)
			if err != nil {
				t.Fatal(err)
			}
			return ok
		}
		if !take("one") || take("two") || take("one") {
			t.Error("it was taken twice, or not at all")
		}
		server.Pass(1200 * time.Millisecond)
		if !take("two") {
			t.Error("it never ends")
		}
	})
}

func TestNotesAreKeptByPart(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		s := server.Store()
		for _, err := range []error{
			s.Note(t.Context(), "watch", "a", "1"), s.Note(t.Context(), "watch", "b", "2"), s.Note(t.Context(), "watch", "a", ""),
			s.Note(t.Context(), "home", "c", "3"),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Notes(t.Context(), "watch")
		if err != nil || len(got) != 1 || got["b"] != "2" {
			t.Errorf("got %v, %v", got, err)
		}
	})
}
