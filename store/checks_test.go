package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

const turn = time.Second // between two checks

func claims(t *testing.T, s *store.Store, limit int) []change.Check {
	t.Helper()
	due, err := s.ClaimChecks(t.Context(), "q", limit, turn)
	if err != nil {
		t.Fatal(err)
	}
	return due
}

func checkKeys(due []change.Check) string {
	keys := make([]string, 0, len(due))
	for _, c := range due {
		keys = append(keys, c.Key)
	}
	return strings.Join(keys, " ")
}

// However many checks a tick makes, every record is checked before any is checked again.
func TestTheOldestCheckIsFirst(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	s := indexed(server)
	for n := range 20 {
		apply(t, server, s, fmt.Sprintf("r%02d", n), fmt.Sprintf("k%02d", n), `{}`)
		server.Pass(time.Millisecond)
	}
	created := server.Now()
	var order []string
	for tick := range 12 { // three of twenty each tick, in a cycle that is longer than a turn
		replica := []*store.Store{s, s}[tick%2]
		for _, c := range claims(t, replica, 3) {
			order = append(order, c.Key)
			if d := server.Now().Sub(c.At).Abs(); d > time.Millisecond {
				t.Errorf("claimed at %s by the clock of the store, off by %s", c.At, d)
			}
			if err := replica.FinishCheck(t.Context(), c, change.CheckResult{Status: "{}", Next: turn}); err != nil {
				t.Fatal(err)
			}
		}
		server.Pass(turn / 2)
	}
	for i, key := range order {
		if want := fmt.Sprintf("k%02d", i%20); key != want {
			t.Fatalf("check %d was of %s, want %s: %v", i, key, want, order)
		}
	}
	if len(order) != 36 {
		t.Errorf("%d checks in 12 ticks of 3", len(order))
	}
	oldest, err := s.OldestCheck(t.Context())
	if err != nil || !oldest.After(created) || server.Now().Sub(oldest) < 3*turn {
		t.Errorf("the oldest check is of %s, %v: it is %s now", oldest, err, server.Now())
	}
}

func TestAChangedRecordVoidsTheCheckUnderWay(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		s := indexed(server)
		apply(t, server, s, "r1", "a", `{}`)
		due := claims(t, s, 5)
		if len(due) != 1 || due[0].Record == nil || due[0].Record.Request != "r1" || due[0].Status != "" {
			t.Fatalf("claimed %+v", due)
		}
		if again := claims(t, s, 5); len(again) != 0 {
			t.Errorf("claimed twice: %+v", again)
		}
		apply(t, server, s, "r2", "a", `{"at":"x"}`)
		if err := s.FinishCheck(t.Context(), due[0], change.CheckResult{Status: "old", Next: turn}); !errors.Is(err, change.ErrFenced) {
			t.Errorf("a check of what was before: %v", err)
		}
		due = claims(t, s, 5)
		if len(due) != 1 || due[0].Record.Request != "r2" {
			t.Fatalf("claimed %+v", due)
		}
		if err := s.FinishCheck(t.Context(), due[0], change.CheckResult{Status: "bad", Facets: []string{"problem down"}, Next: 2 * turn, News: true}); err != nil {
			t.Fatal(err)
		}
		if err := s.FinishCheck(t.Context(), due[0], change.CheckResult{Status: "again", Next: turn}); !errors.Is(err, change.ErrFenced) {
			t.Errorf("finished twice: %v", err)
		}
		apply(t, server, s, "r3", "a", "")
		due = claims(t, s, 5)
		if len(due) != 1 || due[0].Record != nil || due[0].Status != "bad" {
			t.Fatalf("of a deleted record: %+v", due)
		}
		if err := s.FinishCheck(t.Context(), due[0], change.CheckResult{News: true}); err != nil {
			t.Fatal(err)
		}
		left, err := s.Statuses(t.Context(), "a")
		oldest, err2 := s.OldestCheck(t.Context())
		if err := errors.Join(err, err2); err != nil || len(left) != 0 || !oldest.IsZero() {
			t.Errorf("left: %v, %s, %v", left, oldest, err)
		}
		if n, err := s.QueuedChecks(t.Context(), "q"); err != nil || n != 0 {
			t.Errorf("%d are queued, %v", n, err)
		}
	})
}

func TestStatusesAreFoundAndCounted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		s := indexed(server)
		for _, key := range []string{"a", "b", "c"} {
			apply(t, server, s, "r"+key, key, `{}`)
		}
		for _, c := range claims(t, s, 5) {
			r := change.CheckResult{Status: "of " + c.Key, Next: turn, Facets: []string{"problem down", "user U1 0"}, News: true}
			if c.Key == "b" {
				r.Facets, r.News = []string{"user U1 9", "user U12 9"}, false
			}
			if err := s.FinishCheck(t.Context(), c, r); err != nil {
				t.Fatal(err)
			}
		}
		counts, err := s.CountStatuses(t.Context(), "problem down", "problem", "user U1 9", "none")
		if err != nil || !slices.Equal(counts, []int{2, 0, 1, 0}) {
			t.Errorf("counted %v, %v", counts, err)
		}
		for prefix, want := range map[string]string{"user U1 ": "a c b", "problem ": "a c", "user U12 ": "b", "x": ""} {
			if keys, err := s.StatusKeys(t.Context(), prefix, 0); err != nil || strings.Join(keys, " ") != want {
				t.Errorf("%s: %v, %v; want %s", prefix, keys, err, want)
			}
		}
		if keys, err := s.StatusKeys(t.Context(), "user U1 ", 2); err != nil || strings.Join(keys, " ") != "a c" {
			t.Errorf("the first two: %v, %v", keys, err)
		}
		if got, err := s.Statuses(t.Context(), "b", "none"); err != nil || len(got) != 1 || got["b"] != "of b" {
			t.Errorf("read %v, %v", got, err)
		}
		if n, err := s.StatusRevision(t.Context()); err != nil || n != 2 {
			t.Errorf("revision %d, %v", n, err)
		}
		server.Pass(turn + time.Millisecond*10)
		if due := claims(t, s, 5); checkKeys(due) != "a b c" {
			t.Errorf("due %v", due)
		} else if err := s.FinishCheck(t.Context(), due[0], change.CheckResult{Keep: true, Next: turn}); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Statuses(t.Context(), "a"); err != nil || got["a"] != "of a" {
			t.Errorf("a check that found nothing out left %v, %v", got, err)
		}
	})
}
