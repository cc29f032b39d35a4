package handlers

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

// follows presses a button of following, in a channel.
func (d *desk) follows(u bot.User, action, connection string) bot.Message {
	d.t.Helper()
	d.finish(d.follower.followPressed(d.t.Context(), bot.Action{
		ID: action, Value: bot.Value{Text: connection}, User: u, Channel: "C0REQUESTS", ResponseURL: "https://hooks",
	}))
	return d.shown()
}

func (d *desk) connectionsOf(u bot.User) string {
	d.t.Helper()
	blocks, err := d.home.myConnections(d.t.Context(), cards.Actor(u, ""))
	if err != nil {
		d.t.Fatal(err)
	}
	return handlerstest.ToJSON(d.t, blocks)
}

func TestFollowingWhatOthersMade(t *testing.T) {
	d := newDesk(t)
	d.connected()
	if s := d.connectionsOf(ben); s != "null\n" && s != "null" {
		t.Errorf("ben, who follows nothing, sees %s", s)
	}
	if m := d.follows(ben, actionFollow, name); !strings.Contains(m.Text, "You follow `ece-prod/a1/search-eu` now") || !strings.Contains(handlerstest.ToJSON(t, m.Blocks), actionUnfollow) {
		t.Errorf("told %s", handlerstest.ToJSON(t, m))
	}
	if s := d.connectionsOf(ben); !strings.Contains(s, "connected · checked") || !strings.Contains(s, actionUnfollow) {
		t.Errorf("before the watch has looked: %s", s)
	}
	if err := d.monitor.CheckDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := d.connectionsOf(ben); !strings.Contains(s, "connected") || !strings.Contains(s, "*logs-prod* → *search-eu*") {
		t.Errorf("after the watch has looked: %s", s)
	}
	handlerstest.GoldenMessage(t, "follow_unfollowed", d.follows(ben, actionUnfollow, name))
	if s := d.connectionsOf(ben); strings.Contains(s, "search-eu") {
		t.Errorf("after unfollowing: %s", s)
	}
	if len(d.tabs.said[ben.ID]) != 0 {
		t.Errorf("what is as by default is remembered: %v", d.tabs.said)
	}
}

func TestMyOwnAreFollowedUntilISayOtherwise(t *testing.T) {
	d := newDesk(t)
	d.connected()
	if s := d.connectionsOf(asker); !strings.Contains(s, "search-eu") {
		t.Fatalf("the requester sees %s", s)
	}
	d.types("list")
	if s := handlerstest.ToJSON(t, d.shown().Blocks); !strings.Contains(s, `"unfollow `+name+`"`) {
		t.Errorf("the list offers %s", s)
	}
	d.follows(asker, actionUnfollow, name)
	if s := d.connectionsOf(asker); strings.Contains(s, "search-eu") {
		t.Errorf("after unfollowing: %s", s)
	}
	d.types("status search-eu")
	if s := handlerstest.ToJSON(t, d.shown().Blocks); !strings.Contains(s, `"`+actionFollow+`"`) {
		t.Errorf("the status offers %s", s)
	}
	d.follows(asker, actionFollow, name)
	if s := d.connectionsOf(asker); !strings.Contains(s, "search-eu") || len(d.tabs.said[asker.ID]) != 0 {
		t.Errorf("followed again: %v, %s", d.tabs.said, s)
	}
}

func TestFollowingSaysWhatItCanNotDo(t *testing.T) {
	d := newDesk(t)
	d.connected()
	if m := d.follows(ben, actionFollow, "ece-prod/a1/nothing"); !strings.Contains(m.Text, "does not manage `ece-prod/a1/nothing` any more") {
		t.Errorf("of one that no longer exists: %s", m.Text)
	}
	for n := range notify.MaxSaid {
		if _, err := d.tabs.Follow(t.Context(), ben.ID, fmt.Sprintf("ece-prod/a1/x%d", n), notify.SaidFollow, notify.MaxSaid); err != nil {
			t.Fatal(err)
		}
	}
	if m := d.follows(ben, actionFollow, name); !strings.Contains(m.Text, "Nothing was changed") {
		t.Errorf("of one too many: %s", m.Text)
	}
	for _, value := range []string{"", "nonsense", name + " mended"} {
		if _, err := d.follower.followPressed(t.Context(), bot.Action{ID: actionFollow, Value: bot.Value{Text: value}}); err == nil {
			t.Errorf("%q was taken", value)
		}
	}
	d.tabs.down = errors.New("away")
	d.types("list")
	if s := handlerstest.ToJSON(t, d.shown().Blocks); !strings.Contains(s, "search-eu") || strings.Contains(s, actionFollow) {
		t.Errorf("the list without what is followed: %s", s)
	}
}

// A connection that is gone is shown until its follower has seen that.
func TestWhatIsNotManagedAnyMoreIsShownToItsFollowers(t *testing.T) {
	d := newDesk(t)
	d.connected()
	d.follows(ben, actionFollow, name)
	d.book.Records = nil
	if s := d.connectionsOf(ben); !strings.Contains(s, "no longer managed") || !strings.Contains(s, actionUnfollow) {
		t.Errorf("ben sees %s", s)
	}
	if s := d.connectionsOf(asker); strings.Contains(s, "search-eu") {
		t.Errorf("the requester, who said nothing, sees %s", s)
	}
	d.follows(ben, actionUnfollow, name)
	if s := d.connectionsOf(ben); strings.Contains(s, "search-eu") {
		t.Errorf("after unfollowing: %s", s)
	}
}

// stands are connections in every state, with names as nasty as they come.
type stands map[link.Name]monitor.Status

func everyStand(names func(int) string) stands {
	all := stands{}
	add := func(alias string, s monitor.Status) {
		m := link.ManagedConnection{Local: elastic.Ref{Platform: "ece-prod", Deployment: "a1"}, Alias: alias, MadeBy: "U0ASKER"}
		s.Managed = m
		if s.Local == "" {
			s.Local, s.Remote = names(mrkdwn.MaxName*2), names(mrkdwn.MaxName*2)
		}
		all[m.Name()] = s
	}
	trouble := func(t diagnose.ProblemKind) monitor.OpenProblem {
		return monitor.OpenProblem{Kind: t, Say: names(mrkdwn.MaxTold * 2), Since: handlerstest.Start}
	}
	add("well", monitor.Status{CheckedAt: handlerstest.Start, Expires: handlerstest.Start.Add(30 * cards.Day)})
	add("new", monitor.Status{Local: "logs-prod"})
	add("late", monitor.Status{CheckedAt: handlerstest.Start, Late: true})
	for _, t := range diagnose.ProblemKinds() {
		add(string(t), monitor.Status{CheckedAt: handlerstest.Start, Problems: []monitor.OpenProblem{trouble(t)}})
	}
	add("all", monitor.Status{CheckedAt: handlerstest.Start, Problems: []monitor.OpenProblem{
		trouble(diagnose.ProblemDown), trouble(diagnose.ProblemDegraded), trouble(diagnose.ProblemExpiring), trouble(diagnose.ProblemDrifted),
	}})
	return all
}

func TestFollowedConnectionsInEveryState(t *testing.T) {
	short := func(int) string { return "logs-prod" }
	for file, names := range map[string]func(int) string{"home_connections": short, "home_connections_nasty": handlerstest.Nasty} {
		all := everyStand(names)
		if file == "home_connections_nasty" {
			for n := range homeConnections {
				alias := fmt.Sprintf("%02d", n) + handlerstest.Nasty(200)
				all[link.Name{Local: elastic.Ref{Platform: "p", Deployment: "d"}, Alias: alias}] = monitor.Status{
					Managed: link.ManagedConnection{Local: elastic.Ref{Platform: "p", Deployment: "d"}, Alias: alias, MadeBy: "U0ASKER"}, Local: names(200),
				}
			}
		}
		d := newDesk(t)
		d.tabs.said["U0ASKER"] = map[string]string{"ece-prod/a1/ended": notify.SaidFollow}
		for n := range homeShown + 3 { // the other parts at their fullest
			r := handlerstest.Pending()
			r.ID, r.Proposal.Title, r.Reason = fmt.Sprintf("R%03d", n), handlerstest.Nasty(400), handlerstest.Nasty(400)
			d.book.Put(r)
			mine := handlerstest.Pending()
			mine.ID, mine.Requester.User = fmt.Sprintf("S%03d", n), "U0OTHER"
			d.book.Put(mine)
		}
		d.with(func(o *Options) {
			o.Status, o.Policy = fixed(all), change.Approvers{Users: []string{"U0ASKER"}, Count: 1}
		})
		view, err := d.DrawHome(t.Context(), cards.Actor(asker, ""))
		if err != nil {
			t.Fatal(err)
		}
		if err := handlerstest.CheckHome(view); err != nil {
			t.Error(err)
		}
		if s := handlerstest.ToJSON(t, view); strings.Contains(s, "<!channel>") || strings.Contains(s, "<@U0EVIL>") {
			t.Error("what comes from outside is not escaped")
		}
		blocks, err := d.home.myConnections(t.Context(), cards.Actor(asker, ""))
		if err != nil {
			t.Fatal(err)
		}
		handlerstest.Golden(t, file, blocks)
	}
}

func TestTheFullestHomeTabFits(t *testing.T) {
	if most := len(homeParts()) * (homePerPart + 1); most > maxHome {
		t.Errorf("%d blocks", most)
	}
	if 2*homeConnections+2 > homePerPart || 2*homeShown+3 > homePerPart {
		t.Error("a part is cut in the middle")
	}
}
