package executor_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor/executortest"
)

// A worker sends a call and dies; the call is carried out seconds later, when the next worker has the request.
func TestInDoubtIsWaitedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.o.Lease, b.o.Renew = 8*time.Second, 6*time.Second
		died := make(chan struct{})
		var dead atomic.Bool
		b.world.Meet = func(c executortest.Call) executortest.Fault {
			if c.Verb != "create" || dead.Swap(true) {
				return executortest.Fault{}
			}
			time.Sleep(5900 * time.Millisecond) // the next renewal is due, and never comes
			return executortest.Fault{Slow: 6500 * time.Millisecond}
		}
		gone := line{Queue: b.mem, meet: func(op string) error {
			if dead.Load() {
				<-died
				return change.ErrFenced
			}
			return nil
		}}
		b.put("a")
		kind := executortest.Kind{Each: []executortest.Func{b.me.Create("key")}}
		b.start(gone, kind)
		time.Sleep(6 * time.Second)
		b.start(b.mem, kind)
		b.Cleanup(func() { close(died) })
		b.until("a", change.Applied)
		time.Sleep(10 * time.Second) // whatever is still on its way arrives
		if doubled := b.world.Doubled(); len(doubled) != 0 {
			t.Errorf("created twice: %v", doubled)
		}
		if n := b.world.Things().Objects["key"]; n != 1 {
			t.Errorf("%d keys", n)
		}
	})
}

// The first attempt acts and its answer is lost; the second finds that work, and notes it as what was there.
func TestFirstEvidenceWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		lost := map[string]bool{}
		b.world.Meet = func(c executortest.Call) executortest.Fault {
			if c.Writes() && !lost[c.Name] {
				lost[c.Name] = true
				return executortest.Fault{Lost: change.Temporary(errors.New("no answer"))}
			}
			return executortest.Fault{}
		}
		before := b.world.Things()
		r := b.apply(change.RolledBack, b.me.Set("old", "2"), b.me.Create("key"), failing("last", errBroken))
		if diff := cmp.Diff(before, b.world.Things()); diff != "" {
			t.Errorf("world after the rollback (-before +after):\n%s", diff)
		}
		if got := r.Record("set-old").Evidence["was"]; got != "1" {
			t.Errorf("noted as found: %q, want 1", got)
		}
	})
}

func TestRefusedNoteStopsTheStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.put("a", "stubborn")
		var notes, acted atomic.Int64
		var away atomic.Bool
		q := line{Queue: b.mem, meet: func(op string) error {
			if op == "record" && away.Load() { // while the lease can be renewed
				return change.ErrUnavailable
			}
			return nil
		}}
		stubborn := executortest.Func{StepName: "stubborn", OnApply: func(ctx context.Context, _ change.Evidence, note change.Note) error {
			if notes.Add(1) == 1 {
				away.Store(true)
			}
			err := note(ctx, change.Evidence{"name": "key"})
			if err != nil && ctx.Err() == nil {
				t.Error("a step may go on without its evidence written down")
			}
			if ctx.Err() == nil {
				acted.Add(1)
			}
			away.Store(false)
			return nil // whatever became of the note
		}}
		b.start(q, executortest.Kind{Each: []executortest.Func{stubborn}})
		r := b.until("a", change.Applied)
		if notes.Load() != 2 || acted.Load() != 1 || r.Record("stubborn").Evidence["name"] != "key" {
			t.Errorf("noted %d times, acted %d times, journal %+v", notes.Load(), acted.Load(), r.Journal)
		}
	})
}
