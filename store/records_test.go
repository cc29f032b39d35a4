package store_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// indexed files a record by what its value says: {"at":"a facet","queue":"q"}.
func indexed(server storetest.Server) *store.Store {
	return store.New(server.Client, store.Options{Env: server.Env(), Index: func(k change.StoredRecord) change.RecordIndex {
		var v struct{ At, Queue string }
		_ = json.Unmarshal(k.Value, &v)
		filed := change.RecordIndex{Queue: "q", Aside: strings.HasPrefix(k.Key, "aside/")}
		if v.At != "" {
			filed.Facets = []string{v.At}
		}
		return filed
	}})
}

// apply lets a change leave a record; an empty value deletes it.
func apply(tb testing.TB, server storetest.Server, s *store.Store, id, key, value string) change.Transition {
	tb.Helper()
	r := &change.Request{
		ID: id, State: change.Approved, Created: server.Now(), Requester: change.Actor{User: "U1"},
		Proposal: change.Proposal{
			Target: []string{"t" + key}, Digest: "d", Params: json.RawMessage(`{}`),
			Records: []change.Record{{Key: key, Value: json.RawMessage(value)}},
		},
		Decisions: []change.Decision{{Kind: change.DecisionApprove}},
	}
	if err := putApproved(tb.Context(), s, r, server.Now()); err != nil {
		tb.Fatal(err)
	}
	c, err := s.Claim(tb.Context(), "w", time.Minute)
	if err != nil {
		tb.Fatal(err)
	}
	at := server.Now()
	move := change.Transition{
		Event: change.Succeed, From: change.Applying, To: change.Applied, Records: c.Request.StoredRecords(at),
		Outcome: &change.Outcome{Ended: at}, Entry: change.Entry{At: at, What: string(change.Succeed)},
	}
	if err := s.Advance(tb.Context(), change.Claim{ID: id, Epoch: c.Claim.Epoch + 1, Worker: "w"}, move); err == nil {
		tb.Fatal("a stranger's claim moved it")
	}
	if requests, err := s.RecordRequests(tb.Context()); err != nil || requests[key] == id {
		tb.Fatalf("a refused move left %v, %v", requests, err)
	}
	if err := s.Advance(tb.Context(), c.Claim, move); err != nil {
		tb.Fatal(err)
	}
	return move
}

func recordKeys(all []change.StoredRecord) string {
	keys := make([]string, 0, len(all))
	for _, k := range all {
		keys = append(keys, k.Key+"="+k.Request)
	}
	return strings.Join(keys, " ")
}

func TestWhatAnAppliedChangeLeavesIsRecordedWithTheMove(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		s := indexed(server)
		apply(t, server, s, "r1", "connection/a", `{"at":"local x"}`)
		got, err := s.Records(t.Context(), "connection/a", "connection/none")
		if err != nil || len(got) != 1 {
			t.Fatalf("got %v, %v", got, err)
		}
		k := got[0]
		if k.Key != "connection/a" || string(k.Value) != `{"at":"local x"}` || k.Request != "r1" || k.Digest != "d" || k.By.User != "U1" || k.At.IsZero() {
			t.Errorf("recorded %+v", k)
		}
		apply(t, server, s, "r2", "connection/b", `{"at":"local xy"}`)
		found := func(facet, want string, count int) {
			t.Helper()
			got, err := s.RecordsBy(t.Context(), facet, 0)
			n, err2 := s.CountRecords(t.Context())
			if err := errors.Join(err, err2); err != nil || recordKeys(got) != want || n != count {
				t.Errorf("by %s: %s among %d, %v; want %s among %d", facet, recordKeys(got), n, err, want, count)
			}
		}
		found("local x", "connection/a=r1", 2)
		found("local", "", 2)
		apply(t, server, s, "r3", "connection/a", `{"at":"local xy"}`)
		found("local x", "", 2)
		found("local xy", "connection/a=r3 connection/b=r2", 2)
		if got, err := s.RecordsBy(t.Context(), "local xy", 1); err != nil || recordKeys(got) != "connection/a=r3" {
			t.Errorf("the first: %s, %v", recordKeys(got), err)
		}
		apply(t, server, s, "r4", "connection/a", "")
		found("local xy", "connection/b=r2", 1)
		if requests, err := s.RecordRequests(t.Context()); err != nil || len(requests) != 1 || requests["connection/b"] != "r2" {
			t.Errorf("written by %v, %v", requests, err)
		}
	})
}

// What Redis holds of a newer version is left alone.
// What is remembered of a cluster, and of no connection, is read by its key, and is neither listed, counted nor checked.
func TestARecordAsideIsFoundByItsKeyAlone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		s := indexed(server)
		apply(t, server, s, "r1", "aside/a", `{"files":["x"]}`)
		got, err := s.Records(t.Context(), "aside/a")
		if err != nil || len(got) != 1 || string(got[0].Value) != `{"files":["x"]}` {
			t.Fatalf("got %+v, %v", got, err)
		}
		n, err := s.CountRecords(t.Context())
		listed, err2 := s.RecordRequests(t.Context())
		if err := errors.Join(err, err2); err != nil || n != 0 || len(listed) != 0 {
			t.Errorf("counted %d, listed %v, %v", n, listed, err)
		}
		if due := claims(t, s, 9); len(due) > 0 {
			t.Errorf("checked: %+v", due)
		}
		apply(t, server, s, "r2", "aside/a", ``)
		if got, err := s.Records(t.Context(), "aside/a"); err != nil || len(got) != 0 {
			t.Errorf("after it was deleted: %+v, %v", got, err)
		}
	})
}

func TestRecordsOfANewerVersionAreNotTouched(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	env := server.Env()
	s := store.New(server.Client, store.Options{Env: env})
	create(t, s, "r1", server.Now())
	for _, hash := range []string{"records", "statuses"} {
		server.Client.HSet(t.Context(), "rcb:{"+env+"}:"+hash, "schema", change.Schema+1)
	}
	if err := s.Transition(t.Context(), approve("r1")); !errors.Is(err, change.ErrNewer) {
		t.Errorf("a move: %v", err)
	}
	if _, err := s.ClaimChecks(t.Context(), "q", 1, time.Minute); !errors.Is(err, change.ErrNewer) {
		t.Errorf("a claim: %v", err)
	}
	if err := s.FinishCheck(t.Context(), change.Check{Key: "a", Token: "1"}, change.CheckResult{}); !errors.Is(err, change.ErrNewer) {
		t.Errorf("a result: %v", err)
	}
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

func TestTheFirstNoteStands(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		s := server.Store()
		for _, by := range []string{"one", "two", "one"} {
			if got, err := s.NoteFirst(t.Context(), "told", "rules", by); err != nil || got != "one" {
				t.Errorf("%s: got %q, %v", by, got, err)
			}
		}
	})
}
