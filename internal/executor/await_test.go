package executor_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor/executortest"
)

// answer is what a person, or the clock, says about what a request waits for.
func (b *bench) answer(r *change.Request, a change.Answer, does func(*executortest.Things)) {
	b.Helper()
	if does != nil {
		b.world.Hand(does)
	}
	m := change.Transition{ID: r.ID, Version: r.Version, Event: change.Continue, From: r.State, To: change.Applying, Wait: &r.Wait}
	if r.Wait.Undo {
		m.Event, m.To = change.ContinueUndo, change.Undoing
	}
	r.Wait.Answer = a
	if err := b.mem.Move(b.Context(), m); err != nil {
		b.Fatal(err)
	}
	synctest.Wait()
}

func create(t *executortest.Things) { t.Objects["file"] = 1 }
func remove(t *executortest.Things) { delete(t.Objects, "file") }

func TestAPersonIsWaitedForWithoutAWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		began := time.Now()
		r := b.apply(change.WaitingForPerson, b.me.Set("old", "2"), b.me.ByHand("file"))
		want := change.Wait{Step: "hand-file", Ask: "create", Say: "Create file", Until: r.Wait.Until}
		if r.Wait != want || !r.Wait.Until.After(began.Add(9*time.Minute)) {
			t.Errorf("it waits for %+v", r.Wait)
		}
		time.Sleep(time.Minute)
		if now := b.get("a"); now.Version != r.Version || now.Epoch != 1 {
			t.Errorf("somebody worked on it meanwhile: %+v", now)
		}

		// What is not so is asked for again, and that gives no more time.
		b.answer(r, change.AnswerDone, nil)
		again := b.until("a", change.WaitingForPerson)
		if again.Wait != want || again.Version == r.Version {
			t.Errorf("it waits for %+v, want %+v", again.Wait, want)
		}
		b.answer(again, change.AnswerDone, create)
		r = b.until("a", change.Applied)
		if line := r.Record("hand-file"); line.Resumed || line.Attempts != 1 || line.Trouble != "" {
			t.Errorf("its line %+v", line)
		}
	})
}

func TestWhatNobodyDoesInTimeIsUndone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		r := b.apply(change.WaitingForPerson, b.me.Set("old", "2"), b.me.ByHand("file"))
		b.answer(r, change.AnswerNever, nil)
		r = b.until("a", change.RolledBack)
		if r.Outcome.Failed != "hand-file" || r.Outcome.Why != "It was not done in time: Create file" || b.world.Things().Settings["old"] != "1" {
			t.Errorf("outcome %+v, world %+v", r.Outcome, b.world.Things())
		}
	})
}

func TestAnUndoThatNobodyFinishesIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		r := b.apply(change.WaitingForPerson, b.me.Set("old", "2"), b.me.ByHand("file"), failing("last", errBroken))
		b.answer(r, change.AnswerDone, create)
		r = b.until("a", change.WaitingForPerson)
		if !r.Wait.Undo || r.Wait.Ask != "delete" || r.Outcome.Failed != "last" {
			t.Fatalf("it waits for %+v after %+v", r.Wait, r.Outcome)
		}
		b.answer(r, change.AnswerNever, nil)
		r = b.until("a", change.Stuck)
		if left := r.Outcome.Leftovers; len(left) != 1 || left[0].Step != "hand-file" || b.world.Things().Settings["old"] != "1" {
			t.Errorf("left %+v, world %+v", left, b.world.Things())
		}

		// Tried again, it is asked for again, with time of its own.
		b.world.Hand(remove)
		b.retry("a")
		r = b.until("a", change.RolledBack)
		if r.Outcome.Failed != "last" || len(r.Outcome.Leftovers) > 0 {
			t.Errorf("outcome %+v", r.Outcome)
		}
	})
}
