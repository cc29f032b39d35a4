package monitor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

// forAWhile is a connection that ends so long after the tests begin.
func forAWhile(in time.Duration) link.ManagedConnection {
	until := handlerstest.Start.Add(in)
	return link.ManagedConnection{
		Local: elastic.Ref{Platform: "ece-prod", Deployment: "a1"}, Alias: "search-eu", LocalName: "logs-prod", Until: until, MadeBy: "U0ASKER",
		Record: change.StoredRecord{
			Request: "r1", By: change.Actor{User: "U0ASKER"}, At: handlerstest.Start.Add(-10 * 24 * time.Hour),
			Approval: &change.Approval{Request: "r1", Approvers: []string{"U0ANNA"}, Until: until},
		},
	}
}

var endsSoon = diagnose.Problem{Kind: diagnose.ProblemEnding, Say: "It ends on 2026-03-03 09:30 UTC; the bot then removes it.", Fix: link.KindExtend}

// removals is a ConnectionEndings that notes what it is asked.
type removals struct {
	shared time.Time
	asked  int
	forgot []string
	next   time.Duration
	err    error
}

func (r *removals) Ask(_ context.Context, _ link.ManagedConnection, shared time.Time) (time.Duration, error) {
	r.asked++
	r.shared = shared
	return r.next, r.err
}

func (r *removals) Forget(_ context.Context, key string) error {
	r.forgot = append(r.forgot, key)
	return nil
}

// Those concerned are asked once, by name, and it is no problem: the connection is well.
func TestThoseConcernedAreAskedBeforeTheEnd(t *testing.T) {
	w := newWard(t, forAWhile(24*time.Hour))
	w.store.Follow = []string{"U0CARL", "U0ANNA"}
	w.check(endsSoon)
	w.check(endsSoon)
	got := w.slack.Visible()
	if len(got) != 1 || got[0].Updates != 0 {
		t.Fatalf("%+v", got)
	}
	handlerstest.GoldenMessage(t, "watch_ending", got[0].Msg)
	if all, err := w.Statuses(t.Context(), w.managed[0].Name()); err != nil || all[w.managed[0].Name()].State() != diagnose.StateEnding {
		t.Errorf("%+v, %v", all, err)
	}
	if got := strings.Join(w.checked, " "); got != "healthy healthy" {
		t.Error(got)
	}
	w.managed[0].Until = handlerstest.Start.Add(14 * 24 * time.Hour) // it was extended
	w.check()
	if got := w.slack.Visible(); got[0].Updates != 1 || !strings.Contains(got[0].Msg.Text, "was about to end: it ends on 2026-03-16 09:30 UTC") {
		t.Errorf("%+v", got[0].Msg.Text)
	}
}

func TestWhatHasEndedIsToldAsSuch(t *testing.T) {
	w := newWard(t, forAWhile(time.Hour))
	w.check(endsSoon)
	w.managed = nil
	w.check()
	if got := w.slack.Visible(); len(got) != 1 || !strings.Contains(got[0].Msg.Text, "was about to end: it has ended") {
		t.Errorf("%+v", got)
	}
}

// A notice has no cause that it could share with others: each has its message, beside those of problems.
func TestNoticesAreNotCountedAmongProblems(t *testing.T) {
	var all []link.ManagedConnection
	for i := range handful + 1 {
		m := forAWhile(time.Hour)
		m.Alias = fmt.Sprintf("alias-%d", i)
		all = append(all, m)
	}
	w := newWard(t, all...)
	w.check(endsSoon)
	if got := w.slack.Visible(); len(got) != handful+1 {
		t.Errorf("%d messages", len(got))
	}
	w.check(diagnose.Problem{Kind: diagnose.ProblemDown, Say: "lost"}, endsSoon)
	if got := w.slack.Visible(); len(got) != handful+2 || !strings.Contains(got[handful+1].Msg.Text, "6 connections") {
		t.Errorf("%d messages, the last is %s", len(got), got[len(got)-1].Msg.Text)
	}
}

func TestAnEndIsLookedAtInEveryCheck(t *testing.T) {
	w := newWard(t, forAWhile(time.Hour))
	r := &removals{next: time.Minute}
	w.o.Endings = r
	w.check()
	if r.asked != 1 || w.store.Next != time.Minute {
		t.Errorf("%+v, next after %s", r, w.store.Next)
	}
	r.next, r.err = 20*time.Minute, errors.New("a platform is away")
	w.check()
	if r.asked != 2 || w.store.Next != 15*time.Minute {
		t.Errorf("%+v, next after %s", r, w.store.Next)
	}
	w.err = errors.New("it can't be read")
	w.check()
	if r.asked != 3 {
		t.Error("nobody looks at the end of what can't be read")
	}
	w.err, w.managed = nil, nil
	w.check()
	if len(r.forgot) != 1 {
		t.Errorf("%+v", r.forgot)
	}
}

// That a connection should have ended is known though nothing of it can be read.
func TestWhatShouldHaveEndedIsTold(t *testing.T) {
	w := newWard(t, forAWhile(-2*time.Hour))
	w.err = errors.New("the platform is away")
	w.check()
	w.check()
	got := w.slack.Visible()
	if len(got) != 1 || got[0].Updates != 0 {
		t.Fatalf("%+v", got)
	}
	handlerstest.GoldenMessage(t, "watch_overdue", got[0].Msg)
	all, err := w.Troubled(t.Context())
	if err != nil || len(all) != 1 || all[0].Problems[0].Kind != diagnose.ProblemOverdue {
		t.Errorf("%+v, %v", all, err)
	}
}
