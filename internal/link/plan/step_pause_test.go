package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// busy is a connection by certificates that is about to use a key, with tasks that run through it.
func busy(t *testing.T) *fixture {
	t.Helper()
	h := certified(t)
	through := []string{"logs:logs-*"}
	h.local.SetTasks(
		elastic.Task{Kind: elastic.TaskTransform, Name: "daily", Sources: through, Running: true, OwnKey: true},
		elastic.Task{Kind: elastic.TaskTransform, Name: "stopped", Sources: through},
		elastic.Task{Kind: elastic.TaskTransform, Name: "another", Sources: []string{"logs-*"}, Running: true},
		elastic.Task{Kind: elastic.TaskDatafeed, Name: "spikes", Sources: through, Running: true},
		elastic.Task{Kind: elastic.TaskWatch, Name: "alarms", Sources: through, Running: true},
		elastic.Task{Kind: elastic.TaskFollower, Name: "copy", Aliases: []string{"logs"}, Running: true},
	)
	p := h.move("logs")
	p.Pause = true
	return h.goesOnWith(t, plan.NewMigratePlanner(h.roster, h.o()), p)
}

var (
	allRun    = []string{"daily", "another", "spikes", "alarms", "copy"}
	onlyOther = []string{"another", "alarms"}
)

func TestAMigrationPausesWhatRunsThroughTheAlias(t *testing.T) {
	h := busy(t)
	first, last := h.approved.Steps[0], h.approved.Steps[len(h.approved.Steps)-1]
	if first.Name != steps.StepPauseTasks || first.Title != "Pause follower index copy, transform daily, datafeed spikes" {
		t.Errorf("the first step is %s: %s", first.Name, first.Title)
	}
	if i := slices.IndexFunc(h.approved.Steps, func(s change.PlannedStep) bool { return s.Name == steps.StepResumeTasks }); i < 0 ||
		!strings.HasPrefix(h.approved.Steps[i-1].Name, steps.StepVerify) {
		t.Errorf("it is resumed as step %d, before %s", i, last.Name)
	}
	if !slices.Contains(h.approved.Target, "tasks/ece-prod/d-local") { // another migration would resume them too early
		t.Errorf("targets %v", h.approved.Target)
	}
	var calls []string
	for _, c := range first.Calls {
		calls = append(calls, c.Method+" "+c.Path)
	}
	if want := []string{"POST /copy/_ccr/pause_follow", "POST /_transform/daily/_stop", "POST /_ml/datafeeds/spikes/_stop"}; !slices.Equal(calls, want) {
		t.Errorf("calls %v, want %v", calls, want)
	}
	contains(t, strings.Join(h.approved.Warnings, "\n"), "renewed afterwards: transform daily", "Kibana's rules and data views are not checked", "following would stop")
}

// asked are the steps with the state before each, and after it.
var asked = map[string]struct{ before, after []string }{
	steps.StepPauseTasks:  {allRun, onlyOther},
	steps.StepResumeTasks: {onlyOther, allRun},
}

// busyBefore is busy as it is before a step.
func busyBefore(t *testing.T, step string) *fixture {
	t.Helper()
	h := busy(t)
	if step == steps.StepResumeTasks {
		h.settleApply(t, steps.StepPauseTasks)
	}
	return h
}

func (h *fixture) runs(t *testing.T, want []string) {
	t.Helper()
	if got := h.local.Running(); !slices.Equal(got, want) {
		t.Errorf("running are %v, want %v", got, want)
	}
}

func TestTasksArePausedAndResumedAndBack(t *testing.T) {
	for step, tt := range asked {
		t.Run(step, func(t *testing.T) {
			h := busyBefore(t, step)
			if err := h.undo(t.Context(), step); err != nil {
				t.Fatalf("undoing nothing: %v", err)
			}
			h.runs(t, tt.before)
			for range 2 {
				h.settleApply(t, step)
				h.runs(t, tt.after)
			}
			for range 2 {
				h.settleUndo(t, step)
				h.runs(t, tt.before)
			}
		})
	}
}

func TestPausingHealsAndUndoesAfterAnyFault(t *testing.T) {
	for step, tt := range asked {
		for _, call := range []string{"Deployment", "Tasks transform", "Pause", "Resume", "Note"} {
			for name, f := range map[string]linktest.Fault{
				"unavailable":           {},
				"answer lost, not done": {Err: linktest.NoAnswer("x", "y")},
				"answer lost, but done": {Err: linktest.NoAnswer("x", "y"), After: true},
				"the second":            {Skip: 1},
			} {
				f.Call, f.Times = call, 1
				t.Run(step+" "+call+" "+name, func(t *testing.T) {
					h := busyBefore(t, step)
					h.w.Fail(f)
					_ = h.apply(t.Context(), step)
					h.w.Heal()
					half := h.local.Running()
					h.settleUndo(t, step)
					h.runs(t, tt.before)
					if h = busyBefore(t, step); len(half) == 0 {
						t.Error("all was paused, others' too")
					}
					h.w.Fail(f)
					_ = h.apply(t.Context(), step)
					h.w.Heal()
					h.settleApply(t, step)
					h.runs(t, tt.after)
				})
			}
		}
	}
}

// What somebody has paused meanwhile stays paused when all is taken back, and what is gone is no error.
func TestWhatSomebodyElseHasPausedStaysPaused(t *testing.T) {
	h := busy(t)
	h.local.Turn(elastic.TaskDatafeed, "spikes", false)
	h.local.Turn(elastic.TaskTransform, "daily", true)
	h.settleApply(t, steps.StepPauseTasks)
	h.runs(t, onlyOther)
	h.settleUndo(t, steps.StepPauseTasks)
	h.runs(t, []string{"daily", "another", "alarms", "copy"})
	h.local.SetTasks()
	h.settleApply(t, steps.StepResumeTasks)
}

// What can't be looked at is named, and is no failure: a module may be missing.
func TestWhatCannotBeLookedAtIsNamed(t *testing.T) {
	h := busy(t)
	h.w.Fail(linktest.Fault{Call: "Tasks transform"})
	r, err := h.propose(plan.NewMigratePlanner(h.roster, h.o()), h.move("logs"))
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Join(r.Proposal.Warnings, "\n")
	contains(t, said, "Could not be checked: transforms (", "Datafeed spikes, follower index copy: not paused")
	if strings.Contains(said, "daily") {
		t.Errorf("says %s", said)
	}
}
