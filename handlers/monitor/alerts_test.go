package monitor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

var down = diagnose.Problem{Kind: diagnose.ProblemDown, Say: "The remote cluster can't be reached.", Fix: link.KindUpdate}

// connections are five of each of n local deployments, each to another remote one.
func connections(locals int) []link.ManagedConnection {
	var all []link.ManagedConnection
	for i := range locals {
		for j := range 5 {
			all = append(all, link.ManagedConnection{
				Local:     elastic.Ref{Platform: "ece-prod", Deployment: fmt.Sprintf("l%04d", i)},
				Remote:    elastic.Ref{Platform: "cloud", Deployment: fmt.Sprintf("r%d", j)},
				Alias:     fmt.Sprintf("alias-%d", j),
				LocalName: fmt.Sprintf("logs-%04d", i), Record: change.StoredRecord{Request: "r1", By: change.Actor{User: "U0ASKER"}},
			})
		}
	}
	return all
}

// What an outage costs in Slack: however many connections it takes down, one message, and one edit of it for each turn in
// which something changes.
func TestAnOutageIsOneMessage(t *testing.T) {
	for _, locals := range []int{10, 40} {
		w := newWard(t, connections(locals)...)
		w.check()
		w.check(down)
		got := w.slack.Visible()
		if len(got) != 1 || got[0].Updates != 0 {
			t.Fatalf("%d connections: %d messages", 5*locals, len(got))
		}
		if locals == 10 {
			handlerstest.GoldenMessage(t, "alert_platform", got[0].Msg)
		}
		w.check(down)
		if got := w.slack.Visible(); len(got) != 1 || got[0].Updates != 0 {
			t.Errorf("nothing has changed: %d messages, %d edits", len(got), got[0].Updates)
		}
		w.problems = map[link.Name][]diagnose.Problem{} // all but three come back
		for _, m := range w.managed[3:] {
			w.problems[m.Name()] = nil
		}
		w.check(down)
		if got := w.slack.Visible(); len(got) != 1 || got[0].Updates != 1 || !strings.Contains(got[0].Msg.Text, "*3 connections*") {
			t.Errorf("three are left: %d messages, %+v", len(got), got[0])
		}
		w.check()
		got = w.slack.Visible()
		if len(got) != 1 || got[0].Updates != 2 || !strings.Contains(got[0].Msg.Text, "work again") || len(w.store.Noted[partAlerts]) != 0 {
			t.Errorf("it is over: %d messages, %+v, noted %v", len(got), got[0], w.store.Noted)
		}
		if locals == 10 {
			handlerstest.GoldenMessage(t, "alert_platform_resolved", got[0].Msg)
		}
	}
}

func TestTheNarrowestCauseIsTold(t *testing.T) {
	at := func(local, remote string) link.ManagedConnection {
		return link.ManagedConnection{
			Local: elastic.Ref{Platform: "ece-prod", Deployment: local}, Remote: elastic.Ref{Platform: "cloud", Deployment: remote}, Alias: remote,
			LocalName: "logs", Record: change.StoredRecord{Request: "r1"},
		}
	}
	several := func(n int, one func(i int) link.ManagedConnection) (all []link.ManagedConnection) {
		for i := range n {
			all = append(all, one(i))
		}
		return all
	}
	ofOneLocal := several(6, func(i int) link.ManagedConnection { return at("l", fmt.Sprint("r", i)) })
	ofOneRemote := several(6, func(i int) link.ManagedConnection { return at(fmt.Sprint("l", i), "r") })
	for name, test := range map[string]struct {
		down []link.ManagedConnection
		want []string // what the messages are about
	}{
		"a handful":              {several(handful, func(i int) link.ManagedConnection { return at("l", fmt.Sprint("r", i)) }), slices.Repeat([]string{"one"}, handful)},
		"a local":                {ofOneLocal, []string{"local ece-prod/l"}},
		"a remote":               {ofOneRemote, []string{"remote cloud/r"}},
		"a local and another":    {append(slices.Clip(ofOneLocal), at("other", "r9")), []string{"local ece-prod/l", "one"}},
		"a platform":             {append(slices.Clip(ofOneLocal), several(6, func(i int) link.ManagedConnection { return at(fmt.Sprint("o", i), fmt.Sprint("p", i)) })...), []string{"platform ece-prod"}},
		"of the platform's many": {several(12, func(i int) link.ManagedConnection { return at(fmt.Sprint("l", i/3), fmt.Sprint("r", i)) }), []string{"platform ece-prod"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWard(t, test.down...)
			w.check(down)
			open, err := w.openAlerts(t.Context())
			var got []string
			for key := range open {
				if kind, _, _ := strings.Cut(key, " "); !slices.Contains([]string{causeLocal, causeRemote, causePlatform}, kind) {
					key = "one"
				}
				got = append(got, key)
			}
			slices.Sort(got)
			slices.Sort(test.want)
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("told of %v, want %v (%v)", got, test.want, err)
			}
		})
	}
}

// Messages of single connections become part of the one about their cause.
func TestSingleMessagesEndInTheOneAboutTheirCause(t *testing.T) {
	w := newWard(t, connections(2)...)
	w.problems = map[link.Name][]diagnose.Problem{}
	for _, m := range w.managed[2:] {
		w.problems[m.Name()] = nil
	}
	w.check(down)
	if got := w.slack.Visible(); len(got) != 2 {
		t.Fatalf("%d messages of two connections", len(got))
	}
	w.problems = nil
	w.check(down)
	got := w.slack.Visible()
	if len(got) != 3 || !strings.Contains(got[2].Msg.Text, "*10 connections* of the platform") {
		t.Fatalf("%d messages", len(got))
	}
	for _, m := range got[:2] {
		if m.Updates != 1 || !strings.Contains(m.Msg.Text, "it is now part of the message about ece-prod") {
			t.Errorf("%s", m.Msg.Text)
		}
	}
}

// An alert waits for as long as a card of a request does.
func TestCardsGoBeforeAlerts(t *testing.T) {
	w := newWard(t, connections(1)...)
	busy := true
	w.o.WaitIdle = func(ctx context.Context) error {
		if !busy {
			return nil
		}
		ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		<-ctx.Done()
		return ctx.Err()
	}
	w.all = []diagnose.Problem{down}
	if err := w.CheckDue(t.Context()); !errors.Is(err, context.DeadlineExceeded) || len(w.slack.Visible()) != 0 {
		t.Errorf("%d messages before the card (%v)", len(w.slack.Visible()), err)
	}
	busy = false
	if err := w.CheckDue(t.Context()); err != nil || len(w.slack.Visible()) != 5 {
		t.Errorf("%d messages after the card (%v)", len(w.slack.Visible()), err)
	}
}

// Whatever is called how, Slack takes the message about a cause.
func TestTheLongestAlertFits(t *testing.T) {
	for _, m := range []string{"", handlerstest.Nasty(3000)} {
		a := alert{cause: cause{causeLocal, "p/d", m + "x"}, openAlert: openAlert{Since: handlerstest.Start}}
		for i := range 50 {
			a.affected = append(a.affected, troubled{
				name:   link.Name{Local: elastic.Ref{Platform: "p", Deployment: "d"}, Alias: fmt.Sprint(i) + m},
				status: StatusRecord{On: m, Problems: []OpenProblem{{Kind: diagnose.ProblemKinds()[i%4], Say: m}}},
			})
		}
		if err := handlerstest.CheckMessage(causeMessage(a, "/remote-cluster")); err != nil {
			t.Error(err)
		}
	}
}
