package handlers

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

// fixed is a Watch that says what it was given.
type fixed map[link.Name]monitor.Status

func (fixed) Statuses(context.Context, ...link.Name) (map[link.Name]monitor.Status, error) {
	return map[link.Name]monitor.Status{}, nil
}

func (f fixed) StatusesOf(context.Context, string, int) (map[link.Name]monitor.Status, error) {
	return f, nil
}

func (fixed) Record(context.Context, diagnose.HealthReport) (monitor.Status, error) {
	return monitor.Status{}, nil
}

// keeper keeps the home tabs of a desk.
func (d *desk) keeper() *notify.HomeRefresher {
	return notify.NewHomeRefresher(notify.HomeRefresherOptions{
		Queue: d.tabs, Policy: d.o.Policy, Homes: d.slack, Draw: d.DrawHome, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
}

func (d *desk) opens(users ...bot.User) {
	d.t.Helper()
	for _, u := range users {
		d.finish(d.home.home(d.t.Context(), bot.HomeOpened{User: u, Tab: "home"}))
	}
}

// drains draws all that is due, and returns how many tabs were published.
func (d *desk) drains(k *notify.HomeRefresher) int {
	d.t.Helper()
	before := d.slack.Calls["home"]
	for {
		more, err := k.DrawOne(d.t.Context())
		if err != nil {
			d.t.Fatal(err)
		}
		if !more {
			return d.slack.Calls["home"] - before
		}
	}
}

func TestTabsOfThoseConcernedFollowARequest(t *testing.T) {
	d := newDesk(t)
	k := d.keeper()
	d.opens(asker, ben, anna, stranger)
	r := handlerstest.In(change.Pending, nil) // anna has approved
	d.book.Put(r)
	k.OnTransition(t.Context(), r)
	if n := d.drains(k); n != 3 {
		t.Errorf("%d tabs were published, want those of the requester, of who approved, and of who can", n)
	}
	if s := handlerstest.ToJSON(t, d.slack.Homes[ben.ID]); !strings.Contains(s, "Waiting for you") {
		t.Errorf("ben sees %s", s)
	}
	for n := range 20 { // a burst of changes of which the tab shows nothing
		r.Version = int64(10 + n)
		k.OnTransition(t.Context(), r)
	}
	if len(d.tabs.due) != 0 {
		t.Errorf("due without anything to show: %v", d.tabs.due)
	}
	d.book.Edit(r.ID, func(r *change.Request) { r.State = change.Applying })
	r, _ = d.book.Get(t.Context(), r.ID)
	k.OnTransition(t.Context(), r)
	if n := d.drains(k); n != 3 {
		t.Errorf("%d tabs were published once it is worked on", n)
	}
	if s := handlerstest.ToJSON(t, d.slack.Homes[ben.ID]); strings.Contains(s, "Waiting for you") {
		t.Errorf("ben still sees %s", s)
	}
	if s := handlerstest.ToJSON(t, d.slack.Homes[asker.ID]); !strings.Contains(s, "In progress") {
		t.Errorf("the requester sees %s", s)
	}
}

func TestATabThatShowsTheSameIsNotPublished(t *testing.T) {
	d := newDesk(t)
	k := d.keeper()
	d.book.Put(handlerstest.In(change.Pending, nil))
	d.opens(ben)
	for range 3 {
		d.book.Edit("7Q2MZK", func(*change.Request) {}) // its version is another
		if err := d.tabs.MarkHomesDirty(t.Context(), []string{ben.ID}); err != nil {
			t.Fatal(err)
		}
		if n := d.drains(k); n != 0 {
			t.Errorf("%d were published", n)
		}
	}
	if s := handlerstest.ToJSON(t, d.slack.Homes[ben.ID]); !strings.Contains(s, `"7Q2MZK:1"`) {
		t.Errorf("its buttons do not carry the version since which it waits: %s", s)
	}
}

func TestATabThatCanNotBeDrawnIsTriedAgain(t *testing.T) {
	d := newDesk(t)
	k := d.keeper()
	d.opens(ben)
	d.book.Put(handlerstest.Pending())
	want := func(drawn, kept bool) {
		t.Helper()
		if _, err := k.DrawOne(t.Context()); (err == nil) != drawn || d.tabs.open[ben.ID] != kept {
			t.Errorf("%v; kept: %v", err, d.tabs.open)
		}
	}
	if err := d.tabs.MarkHomesDirty(t.Context(), []string{ben.ID}); err != nil {
		t.Fatal(err)
	}
	d.slack.Fail["home"] = []error{&bot.Error{Method: "views.publish", Kind: bot.Limited, RetryAfter: time.Minute}}
	want(false, true)
	d.tabs.endLeases()
	d.book.SetDown(errors.New("away")) // an excuse in place of what it shows would be no news
	want(false, true)
	if s := handlerstest.ToJSON(t, d.slack.Homes[ben.ID]); strings.Contains(s, "warning") {
		t.Errorf("ben sees %s", s)
	}
	d.book.SetDown(nil)
	d.tabs.endLeases()
	want(true, true)
	d.book.Edit("7Q2MZK", func(r *change.Request) { r.State = change.Rejected })
	if err := d.tabs.MarkHomesDirty(t.Context(), []string{ben.ID}); err != nil {
		t.Fatal(err)
	}
	d.slack.Fail["home"] = []error{&bot.Error{Method: "views.publish", Code: "user_not_found", Kind: bot.Gone}}
	want(false, false)
	d.tabs.endLeases()
	if more, err := k.DrawOne(t.Context()); more || err != nil {
		t.Errorf("a tab that no longer exists was tried again: %v, %v", more, err)
	}
}

func TestOpeningSurvivesAStoreThatIsAway(t *testing.T) {
	d := newDesk(t)
	d.tabs.down = errors.New("away")
	d.opens(ben)
	if s := handlerstest.ToJSON(t, d.slack.Homes[ben.ID]); !strings.Contains(s, ":warning:") {
		t.Errorf("ben sees %s", s)
	}
}

// What the watch finds is seen on the tabs of those who follow the connection, and of nobody else.
func TestTabsOfFollowersFollowTheWatch(t *testing.T) {
	d := newDesk(t)
	d.connected()
	k := d.keeper()
	var heard []string
	*d.onStatusChange = func(ctx context.Context, m link.ManagedConnection) {
		heard = append(heard, m.Name().String())
		k.OnStatusChange(ctx, m)
	}
	look := func() {
		t.Helper()
		d.checks.Due()
		heard = nil
		if err := d.monitor.CheckDue(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	d.follows(ben, actionFollow, name)
	d.opens(ben, asker, anna)
	look()
	if n := d.drains(k); n != 2 || len(heard) != 1 {
		t.Errorf("the first look: %d published, heard %v", n, heard)
	}
	look()
	if len(heard) != 0 {
		t.Errorf("a look that found nothing new is news: %v", heard)
	}
	d.world.Platform("cloud").Find("b2").Invalidate()
	look()
	if n := d.drains(k); n != 2 {
		t.Errorf("a problem: %d published, heard %v", n, heard)
	}
	for _, u := range []bot.User{ben, asker} {
		if s := handlerstest.ToJSON(t, d.slack.Homes[u.ID]); !strings.Contains(s, "*lost* since") || !strings.Contains(s, cards.ConnectionPrefix+"diagnose") {
			t.Errorf("%s sees %s", u.ID, s)
		}
	}
	if s := handlerstest.ToJSON(t, d.slack.Homes[anna.ID]); strings.Contains(s, "search-eu") {
		t.Errorf("anna, who does not follow it, sees %s", s)
	}
	d.book.Records = nil
	look()
	if n := d.drains(k); n != 2 {
		t.Errorf("not managed any more: %d published, heard %v", n, heard)
	}
	if s := handlerstest.ToJSON(t, d.slack.Homes[ben.ID]); !strings.Contains(s, "no longer managed") {
		t.Errorf("ben sees %s", s)
	}
}
