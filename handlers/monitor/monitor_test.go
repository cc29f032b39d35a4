package monitor

import (
	"context"
	"errors"
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

func TestMonitorTellsEachProblemOnceUntilItEnds(t *testing.T) {
	w := newWard(t, link.ManagedConnection{
		Local: elastic.Ref{Platform: "ece-prod", Deployment: "b3fe867e5233ed79d3cfa56035a3b9b9"}, Alias: "search-eu", LocalName: "logs-prod",
		Record: change.StoredRecord{Request: "r1", By: change.Actor{User: "U0ASKER"}},
	})
	name := w.managed[0].Name()
	stands := func(managed, down, drift int) {
		t.Helper()
		now, err := w.Summary(t.Context())
		if err != nil || now.Managed != managed || now.Problems[diagnose.ProblemDown] != down || now.Problems[diagnose.ProblemDrifted] != drift ||
			len(now.Problems) != len(diagnose.ProblemKinds()) {
			t.Errorf("it stands %+v, %v", now, err)
		}
	}
	w.check()
	if len(w.slack.Visible()) != 0 {
		t.Fatal("it was not quiet")
	}
	down := diagnose.Problem{Kind: diagnose.ProblemDown, Say: "The key no longer exists.", Fix: link.KindRotate}
	drift := diagnose.Problem{Kind: diagnose.ProblemDrifted, Say: "skip_unavailable is true, and was false", Fix: link.KindUpdate}
	w.check(down)
	w.check(down, drift)
	stands(1, 1, 1)
	if got := w.slack.Visible(); len(got) != 2 || got[0].Updates != 0 {
		t.Fatalf("%d messages, updates %d", len(got), got[0].Updates)
	}
	if all, err := w.Statuses(t.Context(), name); err != nil || all[name].Known().State() != diagnose.StateDown || all[name].Known().Worst.Say != down.Say {
		t.Errorf("it is %+v, %v", all, err)
	}
	handlerstest.GoldenMessage(t, "watch_lost", w.slack.Visible()[0].Msg)
	handlerstest.GoldenMessage(t, "watch_drift", w.slack.Visible()[1].Msg)
	down.Say = "The remote deployment no longer exists."
	w.check(down, drift)
	if got := w.slack.Visible(); len(got) != 2 || got[0].Updates != 1 || !strings.Contains(got[0].Msg.Text, "deployment no longer exists") {
		t.Fatalf("a change: %+v", got)
	}
	w.err = errors.New("the platform is away")
	w.check()
	if got := w.slack.Visible(); got[0].Updates != 1 {
		t.Error("a platform that is away was taken for news")
	}
	w.err = nil
	w.check(drift)
	if got := w.slack.Visible(); got[0].Updates != 2 || !strings.Contains(got[0].Msg.Text, "the problem is solved") {
		t.Errorf("it ended: %+v", got[0])
	}
	handlerstest.GoldenMessage(t, "watch_resolved", w.slack.Visible()[0].Msg)
	w.managed = nil
	w.check()
	if got := w.slack.Visible(); len(got) != 2 || !strings.Contains(got[1].Msg.Text, "no longer manages it") || len(w.store.Noted[partAlerts])+len(w.store.Found) != 0 {
		t.Errorf("the bot no longer manages it: %v, %v", w.store.Noted, w.store.Found)
	}
	stands(0, 0, 0)
	if got := strings.Join(w.checked, " "); got != "healthy problems problems problems failed problems" {
		t.Errorf("the checks came to %s", got)
	}
}

// In the middle of a change a connection may look lost, or not as approved: that is no news.
func TestMonitorIsQuietWhileAConnectionIsChanged(t *testing.T) {
	m := link.ManagedConnection{Local: elastic.Ref{Platform: "ece-prod", Deployment: "a1"}, Alias: "search-eu", Record: change.StoredRecord{Request: "r1"}}
	for target, told := range map[string]map[change.State]int{
		link.Target(m.Local, m.Alias):         {change.Pending: 1, change.Applying: 0, change.Undoing: 0, change.Stuck: 1},
		link.Target(m.Local, link.EveryAlias): {change.Pending: 1, change.Applying: 0},
		link.Target(m.Local, "other"):         {change.Applying: 1},
	} {
		for state, want := range told {
			w := newWard(t, m)
			w.store.Held = map[string]*change.Request{target: {State: state}}
			w.check(diagnose.Problem{Kind: diagnose.ProblemDrifted, Say: "proxy_address is another"})
			if got := len(w.slack.Visible()); got != want {
				t.Errorf("%s is %s: %d messages, want %d", target, state, got, want)
			}
		}
	}
}

// Nobody works on a request that was put aside: its connection is watched, and what it left there is told.
func TestMonitorWatchesAConnectionWhoseRequestCantBeRead(t *testing.T) {
	m := link.ManagedConnection{Local: elastic.Ref{Platform: "ece-prod", Deployment: "a1"}, Alias: "search-eu", Record: change.StoredRecord{Request: "r1"}}
	w := newWard(t, m)
	w.store.Held = map[string]*change.Request{link.Target(m.Local, m.Alias): nil}
	w.check(diagnose.Problem{Kind: diagnose.ProblemDrifted, Say: "proxy_address is another"})
	if got := len(w.slack.Visible()); got != 1 {
		t.Errorf("%d messages", got)
	}
}

func TestMonitorFindsAMessageWhoseAnswerWasLost(t *testing.T) {
	w := newWard(t, link.ManagedConnection{Local: elastic.Ref{Platform: "ece-prod", Deployment: "a"}, Alias: "x"})
	w.all = []diagnose.Problem{{Kind: diagnose.ProblemDown, Say: "gone"}}
	w.slack.Lost["post"] = true
	if err := w.CheckDue(t.Context()); err == nil {
		t.Fatal("a lost answer is no error")
	}
	checks := w.checks
	if err := w.CheckDue(t.Context()); err != nil || w.checks != checks {
		t.Fatalf("it was checked again before it was due: %d checks after %d, %v", w.checks, checks, err)
	}
	if got := w.slack.Visible(); len(got) != 1 || len(w.store.Noted[partAlerts]) != 1 {
		t.Fatalf("%d messages, noted %v", len(got), w.store.Noted)
	}
	if open, err := w.openAlerts(t.Context()); err != nil || open[problemKey(w.managed[0].Name(), diagnose.ProblemDown)].TS == "" {
		t.Errorf("noted %v, %v", open, err)
	}
}

// What connections share is read once a cycle, but not for the first check after a change, and not before a problem is
// told of or found to be over.
func TestChecksReadEverythingBeforeTheyTell(t *testing.T) {
	w := newWard(t, link.ManagedConnection{Local: elastic.Ref{Platform: "ece-prod", Deployment: "a"}, Alias: "x", Record: change.StoredRecord{Request: "r1"}})
	every := w.o.Every
	for i, step := range []struct {
		request  string
		problems []diagnose.Problem
		want     []time.Duration
	}{
		{"r1", nil, []time.Duration{0}},
		{"r1", nil, []time.Duration{every}},
		{"r1", []diagnose.Problem{down}, []time.Duration{every, 0}},
		{"r1", []diagnose.Problem{down}, []time.Duration{0}},
		{"r1", nil, []time.Duration{0}},
		{"r1", nil, []time.Duration{every}},
		{"r2", nil, []time.Duration{0}},
	} {
		w.recent, w.managed[0].Record.Request = nil, step.request
		w.check(step.problems...)
		if !slices.Equal(w.recent, step.want) {
			t.Errorf("check %d read what was at most %v old, want %v", i, w.recent, step.want)
		}
	}
}

// The bot stops in the middle of a check: the next one begins after a tick, and not once the claim has ended.
func TestACheckThatIsBrokenOffIsGivenBack(t *testing.T) {
	t.Parallel()
	w := newWard(t, link.ManagedConnection{Local: elastic.Ref{Platform: "ece-prod", Deployment: "a1"}, Alias: "search-eu"})
	ctx, stop := context.WithCancel(t.Context())
	w.during, w.err = stop, context.Canceled
	if err := w.CheckDue(ctx); err == nil {
		t.Error("it was not broken off")
	}
	if w.store.Finished != 1 || w.store.Next != 10*time.Second {
		t.Errorf("given back %d times, for %s", w.store.Finished, w.store.Next)
	}
}
