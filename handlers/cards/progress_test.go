package cards

import (
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// What was undone carries no tick and says so; a step that only looked has nothing to undo; each time is its own.
func TestARolledBackStepDoesNotLookDone(t *testing.T) {
	r := handlerstest.EveryState()["rolled_back"]
	rows := progressRows(r)
	for _, want := range []struct {
		step   int
		status slack.TaskCardStatus
		word   string
		said   string
	}{
		{0, slack.TaskCardStatusComplete, "done in 1.0 s", "both sides are at 8.19.3"},
		{1, slack.TaskCardStatusPending, "done in 2.0 s, undone in 1.5 s", "undone: stored key K1 as cluster.remote.search-eu.credentials"},
		{3, slack.TaskCardStatusError, "failed in 4.0 s", r.Outcome.Why},
	} {
		got := rows[want.step]
		if got.status != want.status || got.word != want.word || strings.Join(got.said, "|") != want.said {
			t.Errorf("step %d: %s, %q, %q; want %s, %q, %q", want.step, got.status, got.word, got.said, want.status, want.word, want.said)
		}
	}
	r.Journal = append(r.Journal, change.StepRecord{Step: "unheard_of", State: change.StepUndone})
	if got := progressRows(r)[4]; got.status != slack.TaskCardStatusPending {
		t.Errorf("a step that is not in the plan: %+v", got)
	}
}

func TestTheCardSaysWhichStepIsUnderWay(t *testing.T) {
	r := handlerstest.EveryState()["applying"]
	want := "\nStep 2 of 4: Issue a key and store it…\nResumed after a restart.\n" +
		":warning: search-eu did not answer in time. Next try (3) at 09:30:12 UTC."
	if got := workLine(r); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	r.Journal[1].Resumed, r.Journal[1].Trouble, r.Journal[1].State = false, "", change.StepDone
	if got := workLine(r); got != "\nStep 3 of 4: Point logs-prod at search-eu…" {
		t.Errorf("between two steps: %q", got)
	}
	r.Journal[1].Epoch = 2
	if got := workLine(r); !strings.Contains(got, "Resumed") {
		t.Errorf("another worker goes on between two steps: %q", got)
	}
}

func TestMissingApprovalsAreASentence(t *testing.T) {
	need := func(count int, group string, who ...string) change.Need {
		return change.Need{Who: who, Group: group, Count: count}
	}
	for want, v := range map[string]*change.Evaluation{
		"":                                       nil,
		"Needs 1 approval from <@U0A> or <@U0B>": {Needed: 1, Missing: []change.Need{need(1, "owners", "U0A", "U0B")}},
		"Needs 2 approvals from <@U0A> and <@U0B>":                                 {Needed: 2, Missing: []change.Need{need(2, "owners", "U0A", "U0B")}},
		"1 of 2 approved. Still needs <@U0B>":                                      {Needed: 2, Missing: []change.Need{need(1, "owners", "U0B")}},
		"1 of 3 approved. Still needs 2 approvals from <@U0A>, <@U0B> or <@U0C>":   {Needed: 3, Missing: []change.Need{need(2, "owners", "U0A", "U0B", "U0C")}},
		"Needs 1 approval from <@U0A> (local) and 1 approval from <@U0B> (remote)": {Needed: 2, Missing: []change.Need{need(1, "local", "U0A"), need(1, "remote", "U0B")}},
		"Needs 1 approval from owners":                                             {Needed: 1, Missing: []change.Need{need(1, "owners")}},
	} {
		if got := MissingLine(v); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestARetrySaysWhen(t *testing.T) {
	rec := &change.StepRecord{Attempts: 1, Trouble: "no answer", Next: time.Date(2026, 3, 2, 9, 30, 4, 0, time.UTC)}
	if got := retryLine(rec); got != "Next try (2) at 09:30:04 UTC." {
		t.Error(got)
	}
	rec.Next = time.Time{}
	if got := retryLine(rec); got != "" {
		t.Error(got)
	}
}
