package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

const (
	lease  = 30 * time.Second
	pace   = time.Second
	gather = 1100 * time.Millisecond // a little more than changes are gathered for
)

// tabs are home tabs of one environment.
type tabs struct {
	t      *testing.T
	s      *store.Store
	server storetest.Server
}

func (x tabs) opened(user string) string {
	x.t.Helper()
	shown, err := x.s.HomeOpened(x.t.Context(), user)
	if err != nil {
		x.t.Fatal(err)
	}
	return shown
}

func (x tabs) stale(users ...string) {
	x.t.Helper()
	if err := x.s.MarkHomesDirty(x.t.Context(), users); err != nil {
		x.t.Fatal(err)
	}
}

func (x tabs) drawn(user, was, now string) {
	x.t.Helper()
	if err := x.s.HomeRendered(x.t.Context(), user, was, now); err != nil {
		x.t.Fatal(err)
	}
}

// next expects a tab of that user, showing that, to be given; "" expects none.
func (x tabs) next(user, shown string) {
	x.t.Helper()
	got, mark, ok, err := x.s.NextDirtyHome(x.t.Context(), lease, pace)
	if err != nil || ok != (user != "") || got != user || mark != shown {
		x.t.Errorf("given %q showing %q (%v, %v); want %q showing %q", got, mark, ok, err, user, shown)
	}
}

func eachTabs(t *testing.T, play func(x tabs)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		play(tabs{t: t, s: server.Store(), server: server})
	})
}

func TestABurstOfChangesDrawsATabOnce(t *testing.T) {
	eachTabs(t, func(x tabs) {
		x.opened("U1")
		x.stale("U1", "U2") // U2 has opened none
		x.stale("U1")
		x.next("", "") // the burst may go on
		x.server.Pass(gather)
		x.next("U1", "")
		x.server.Pass(gather)
		x.next("", "") // somebody is at it
		x.drawn("U1", "", "a")
		x.server.Pass(gather)
		x.next("", "")
		x.stale("U1")
		x.server.Pass(gather)
		x.next("U1", "a")
	})
}

func TestATabThatChangesWhileItIsDrawnIsDrawnOnceMore(t *testing.T) {
	eachTabs(t, func(x tabs) {
		x.opened("U1")
		x.stale("U1")
		x.server.Pass(gather)
		x.next("U1", "")
		x.stale("U1")
		x.drawn("U1", "", "a")
		x.server.Pass(gather)
		x.next("U1", "a")
	})
}

func TestATabThatTwoDrewIsDrawnOnceMore(t *testing.T) {
	eachTabs(t, func(x tabs) {
		x.drawn("U1", "", "a") // nobody has opened it: it is forgotten
		if was := x.opened("U1"); was != "" {
			x.t.Errorf("shows %q", was)
		}
		x.drawn("U1", "", "a")
		if was := x.opened("U1"); was != "a" {
			x.t.Errorf("shows %q", was)
		}
		x.drawn("U1", "", "b") // by somebody who looked before it showed a
		x.server.Pass(gather)
		x.next("U1", "")
		x.drawn("U1", "", "b")
		x.drawn("U1", "b", "") // an excuse
		x.server.Pass(gather)
		x.next("U1", "")
	})
}

func TestReplicasTogetherKeepThePace(t *testing.T) {
	eachTabs(t, func(x tabs) {
		for _, u := range []string{"U1", "U2"} {
			x.opened(u)
			x.stale(u)
		}
		x.server.Pass(gather)
		x.next("U1", "")
		x.next("", "")
		x.server.Pass(gather)
		x.next("U2", "")
	})
}

func TestATabWhoseDrawerDiedIsGivenAgain(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t) // which need not wait for real
	x := tabs{t: t, s: server.Store(), server: server}
	x.opened("U1")
	x.stale("U1")
	server.Pass(gather)
	x.next("U1", "")
	server.Pass(lease + time.Second)
	x.next("U1", "")
	if err := x.s.HomeClosed(t.Context(), "U1"); err != nil {
		t.Fatal(err)
	}
	server.Pass(lease + time.Second)
	x.next("", "")
}

func TestTabsAreForgotten(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	x := tabs{t: t, s: server.Store(), server: server}
	open := func(want ...string) {
		t.Helper()
		got, err := x.s.OpenHomes(t.Context())
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("open are %v, %v; want %v", got, err, want)
		}
	}
	x.opened("U1")
	x.drawn("U1", "", "a")
	server.Pass(5 * time.Hour)
	x.opened("U2")
	x.stale("U1")
	open("U1", "U2")
	server.Pass(4 * time.Hour)
	x.next("", "") // U1 looked at it 9 hours ago
	open("U2")
	x.opened("U3")
	if was := x.opened("U1"); was != "" {
		t.Errorf("what it showed is remembered: %q", was)
	}
	for n := range 301 {
		x.opened(fmt.Sprintf("V%03d", n))
		server.Pass(time.Millisecond)
	}
	if got, err := x.s.OpenHomes(t.Context()); err != nil || len(got) != 300 || slices.Contains(got, "U1") {
		t.Errorf("%d are open, %v", len(got), err)
	}
	server.Pass(9 * time.Hour)
	for _, key := range server.Mini.Keys() {
		t.Errorf("%s is left", key)
	}
}

func TestWhatPeopleFollowIsKeptUpToABound(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		s := server.Store()
		say := func(user, connection, what string, want bool) {
			t.Helper()
			if ok, err := s.Follow(t.Context(), user, connection, what, 2); err != nil || ok != want {
				t.Errorf("%s says %q of %s: %v, %v", user, what, connection, ok, err)
			}
		}
		say("U1", "p/d/a", "on", true)
		say("U1", "p/d/b", "off", true)
		say("U1", "p/d/c", "on", false)
		say("U1", "p/d/a", "off", true) // no room is needed
		say("U1", "p/d/b", "", true)
		say("U1", "p/d/c", "on", true)
		say("U2", "p/d/c", "on", true)
		got, err := s.Follows(t.Context(), "U1")
		if err != nil || len(got) != 2 || got["p/d/a"] != "off" || got["p/d/c"] != "on" {
			t.Errorf("U1 said %v, %v", got, err)
		}
		all, err := s.Followings(t.Context(), "p/d/c", []string{"U1", "U2", "U3"})
		if err != nil || len(all) != 2 || all["U1"] != "on" || all["U2"] != "on" {
			t.Errorf("of c: %v, %v", all, err)
		}
		followers := func(connection string, want ...string) {
			t.Helper()
			if got, err := s.Followers(t.Context(), connection); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s is followed by %v, %v", connection, got, err)
			}
		}
		followers("p/d/a")
		followers("p/d/c", "U1", "U2")
		say("U2", "p/d/c", "", true)
		followers("p/d/c", "U1")
		if got, err := s.Follows(t.Context(), "U2"); err != nil || len(got) != 0 {
			t.Errorf("U2 said %v, %v", got, err)
		}
	})
}

func TestWhatANewerVersionWroteOfFollowingIsLeftAlone(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	env := server.Env()
	s := store.New(server.Client, store.Options{Env: env})
	if err := server.Client.HSet(t.Context(), "rcb:{"+env+"}:follows:U1", "schema", change.Schema+1).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Follow(t.Context(), "U1", "p/d/a", "on", 9); !isNewer(err) {
		t.Errorf("writing: %v", err)
	}
	if _, err := s.Follows(t.Context(), "U1"); !isNewer(err) {
		t.Errorf("reading: %v", err)
	}
}

func isNewer(err error) bool { return errors.Is(err, change.ErrNewer) }
