package store_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// tester is *testing.T and *rapid.T.
type tester interface {
	Helper()
	Context() context.Context
	Fatal(args ...any)
}

func syncAlerts(t tester, s *store.Store, repeat time.Duration, open ...string) {
	t.Helper()
	all := map[string]string{}
	for _, id := range open {
		all[id] = "text of " + id
	}
	if err := s.SyncAlerts(t.Context(), "on-call", all, repeat); err != nil {
		t.Fatal(err)
	}
}

// delivered takes every event out of the outbox: "+" and the alert for one that is open, "-" for one that is over.
func delivered(t tester, s *store.Store) []string {
	t.Helper()
	var all []string
	for {
		e, ok, err := s.NextEvent(t.Context(), "on-call")
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return all
		}
		mark := "+"
		if e.Over {
			mark = "-"
		}
		all = append(all, mark+strings.TrimPrefix(e.Alert, "text of "))
		for range 2 { // a call whose answer is lost is made again, and takes no other event with it
			if err := s.EventDone(t.Context(), "on-call", e.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestAlertsAreToldOnceAndResolvedOnce(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	s := indexed(server)
	syncAlerts(t, s, 0, "a", "b")
	syncAlerts(t, s, 0, "a", "b")
	if got := delivered(t, s); !slices.Equal(got, []string{"+a", "+b"}) {
		t.Errorf("%v", got)
	}
	server.Pass(time.Hour)
	syncAlerts(t, s, 0, "b", "c")
	syncAlerts(t, s, 0, "b", "c")
	if got := delivered(t, s); !slices.Equal(got, []string{"+c", "-a"}) {
		t.Errorf("%v", got)
	}
	syncAlerts(t, s, 0)
	if got := delivered(t, s); !slices.Equal(slices.Sorted(slices.Values(got)), []string{"-b", "-c"}) {
		t.Errorf("%v", got)
	}
}

// An alert that lasts is told again where the receiver forgets, and no sooner.
func TestAlertsAreRepeated(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	s := indexed(server)
	for _, step := range []struct {
		pass time.Duration
		want []string
	}{{0, []string{"+a"}}, {9 * time.Minute, nil}, {time.Minute, []string{"+a"}}, {9 * time.Minute, nil}} {
		server.Pass(step.pass)
		syncAlerts(t, s, 10*time.Minute, "a")
		if got := delivered(t, s); !slices.Equal(got, step.want) {
			t.Errorf("after %s: %v, not %v", step.pass, got, step.want)
		}
	}
}

func TestAlertsOfTwoWebhooksAreApart(t *testing.T) {
	t.Parallel()
	s := indexed(storetest.Mini(t))
	syncAlerts(t, s, 0, "a")
	if err := s.SyncAlerts(t.Context(), "other", map[string]string{"b": "x"}, 0); err != nil {
		t.Fatal(err)
	}
	if got := delivered(t, s); !slices.Equal(got, []string{"+a"}) {
		t.Errorf("%v", got)
	}
	waiting, err := s.EventsWaiting(t.Context(), "on-call", "other")
	if err != nil || waiting["on-call"] != 0 || waiting["other"] != 1 {
		t.Errorf("%v, %v", waiting, err)
	}
	if err := s.SyncAlerts(t.Context(), "other", map[string]string{"two words": "x"}, 0); err == nil {
		t.Error("an id of two words can't be told from what follows it")
	}
}

// Whatever is open when, and whenever the receiver is away, it hears of each alert in turns: begun, over, begun … and in
// the end knows what is open.
func TestReceiversKnowWhatIsOpen(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	tries := 0
	rapid.Check(t, func(t *rapid.T) {
		tries++
		s := store.New(server.Client, store.Options{Env: fmt.Sprintf("%s-%d", server.Env(), tries)})
		knows := map[string]bool{}
		hear := func() {
			for _, e := range delivered(t, s) {
				id, open := e[1:], e[0] == '+'
				if knows[id] == open {
					t.Fatalf("%s was told twice", e)
				}
				knows[id] = open
			}
		}
		var open []string
		for range rapid.IntRange(1, 8).Draw(t, "rounds") {
			open = rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), rapid.ID[string]).Draw(t, "open")
			syncAlerts(t, s, 0, open...)
			if rapid.Bool().Draw(t, "heard") {
				hear()
			}
		}
		hear()
		maps.DeleteFunc(knows, func(_ string, open bool) bool { return !open })
		if got := slices.Sorted(maps.Keys(knows)); !slices.Equal(got, slices.Sorted(slices.Values(open))) {
			t.Fatalf("the receiver takes %v for open, and it is %v", got, open)
		}
	})
}
