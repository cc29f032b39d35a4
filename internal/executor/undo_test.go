package executor_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor/executortest"
)

func TestFailureIsTakenBackInReverse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		half := b.me.Create("half") // fails after it acted
		whole := half.OnApply
		half.OnApply = func(ctx context.Context, had change.Evidence, note change.Note) error {
			if err := whole(ctx, had, note); err != nil {
				return err
			}
			return &change.ExplainedError{Say: "The key was refused: SEKRIT.", Err: errBroken}
		}
		r := b.apply(change.RolledBack, b.me.Set("old", "2"), half, b.me.Create("never"))
		want := executortest.Things{Settings: map[string]string{"old": "1"}, Objects: map[string]int{}}
		if diff := cmp.Diff(want, b.world.Things()); diff != "" {
			t.Errorf("world (-want +got):\n%s", diff)
		}
		if r.Outcome.Failed != "create-half" || r.Outcome.Why != "The key was refused: ••••." || r.Outcome.Error != "it broke on ••••" {
			t.Errorf("outcome %+v", r.Outcome)
		}
		if diff := cmp.Diff(map[string]change.StepState{"set-old": change.StepUndone, "create-half": change.StepUndone}, states(r)); diff != "" {
			t.Errorf("journal (-want +got):\n%s", diff)
		}
		wantEnd := []string{
			"step:create-half:failed", "fail", "step:create-half:undoing", "step:create-half:undone",
			"step:set-old:undoing", "step:set-old:undone", "undone",
		}
		audit := b.audit()
		if diff := cmp.Diff(wantEnd, audit[len(audit)-len(wantEnd):]); diff != "" {
			t.Errorf("end of the audit (-want +got):\n%s", diff)
		}
	})
}

func TestUndoGoesOnPastAFailureAndNamesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		clean := false
		cursed := b.me.Set("cursed", "1")
		undo := cursed.OnUndo
		cursed.OnUndo = func(ctx context.Context, had change.Evidence) error {
			if clean {
				return undo(ctx, had)
			}
			return &change.LeftoverError{
				Leftover: change.Leftover{What: "the setting cursed", Command: "DELETE /cursed?SEKRIT"}, Err: errBroken,
			}
		}
		silent := executortest.Func{StepName: "silent", OnUndo: func(context.Context, change.Evidence) error { return errBroken }}
		r := b.apply(change.Stuck, b.me.Create("key"), cursed, silent, failing("last", errBroken))
		want := []change.Leftover{
			{Step: "silent", What: `whatever "Step silent" did`, Cause: "it broke on ••••"},
			{Step: "set-cursed", What: "the setting cursed", Command: "DELETE /cursed?••••", Cause: "it broke on ••••"},
		}
		if diff := cmp.Diff(want, r.Outcome.Leftovers); diff != "" {
			t.Errorf("leftovers (-want +got):\n%s", diff)
		}
		if n := b.world.Things().Objects["key"]; n != 0 {
			t.Errorf("undo did not go on past a failure: %d keys are left", n)
		}
		if got := r.Record("set-cursed"); got.State != change.StepUndoFailed || got.Leftover == nil || got.Leftover.Command == "" {
			t.Errorf("journal line %+v", got)
		}

		// A person cleaned up and asks for another try: only what is left is taken back.
		clean = true
		silentAgain := len(b.world.Calls())
		b.retry("a")
		r = b.until("a", change.Stuck) // silent fails as ever
		if diff := cmp.Diff(want[:1], r.Outcome.Leftovers); diff != "" {
			t.Errorf("leftovers after the retry (-want +got):\n%s", diff)
		}
		if r.Outcome.Failed != "last" || r.Outcome.Why != "an unexpected error" {
			t.Errorf("the retry lost what had failed: %+v", r.Outcome)
		}
		for _, c := range b.world.Calls()[silentAgain:] {
			if c.Name != "cursed" {
				t.Errorf("the retry called %+v", c)
			}
		}
	})
}

func (b *bench) retry(id string) {
	b.Helper()
	r := b.get(id)
	err := b.mem.Move(b.Context(), change.Transition{
		ID: id, Version: r.Version, Event: change.Retry, From: change.Stuck, To: change.Undoing, Decisions: r.Decisions, Wait: &change.Wait{},
	})
	if err != nil {
		b.Fatal(err)
	}
	synctest.Wait()
	time.Sleep(time.Second)
}

// A worker wrote down that a step failed, and died before the request moved.
func TestFailureWrittenBeforeATakeOverIsNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.put("a")
		first, err := b.mem.Claim(t.Context(), "dead", time.Second)
		if err != nil {
			t.Fatal(err)
		}
		failed := change.StepRecord{Step: "create-key", State: change.StepFailed, Trouble: "The key was refused."}
		if err := b.mem.Record(t.Context(), first.Claim, failed, change.Entry{}); err != nil {
			t.Fatal(err)
		}
		b.start(b.mem, executortest.Kind{Each: []executortest.Func{b.me.Create("key")}})
		r := b.until("a", change.RolledBack)
		if r.Outcome.Failed != "create-key" || r.Outcome.Why != "The key was refused." {
			t.Errorf("outcome %+v", r.Outcome)
		}
		for _, c := range b.world.Calls() {
			if c.Writes() {
				t.Errorf("tried again: %+v", c)
			}
		}
	})
}

// fatal is a queue whose requests have killed their workers.
type fatal struct{ executor.Queue }

func (q fatal) Claim(ctx context.Context, worker string, lease time.Duration) (executor.Claimed, error) {
	c, err := q.Queue.Claim(ctx, worker, lease)
	c.TakeOvers = 5
	return c, err
}

func (q fatal) TakeOver(ctx context.Context, worker string, lease time.Duration) (executor.Claimed, error) {
	c, err := q.Queue.TakeOver(ctx, worker, lease)
	c.TakeOvers = 5
	return c, err
}

func TestARequestThatKillsItsWorkersIsLeftToPeople(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.put("a")
		first, err := b.mem.Claim(t.Context(), "dead", time.Second)
		if err != nil {
			t.Fatal(err)
		}
		begun := change.StepRecord{Step: "create-key", State: change.StepBegun}
		if err := b.mem.Record(t.Context(), first.Claim, begun, change.Entry{}); err != nil {
			t.Fatal(err)
		}
		b.start(fatal{b.mem}, b.planned(b.me.Create("key")))
		r := b.until("a", change.Stuck)
		if left := r.Outcome.Leftovers; len(left) != 1 || left[0].Step != "create-key" || len(b.world.Calls()) > 0 {
			t.Errorf("left %v, calls %v", left, b.world.Calls())
		}
	})
}

// The times of a step that was undone are its own: how long it took to do, and how long to undo.
func TestAnUndoneStepKeepsBothTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		slow := executortest.Func{
			StepName: "slow",
			OnApply:  func(context.Context, change.Evidence, change.Note) error { time.Sleep(3 * time.Second); return nil },
			OnUndo:   func(context.Context, change.Evidence) error { time.Sleep(time.Second); return nil },
		}
		r := b.apply(change.RolledBack, slow, failing("last", errBroken))
		line := r.Record("slow")
		if line.Applied != 3*time.Second || line.Ended.Sub(line.Begun) != time.Second {
			t.Errorf("applied in %s, undone in %s", line.Applied, line.Ended.Sub(line.Begun))
		}
	})
}
