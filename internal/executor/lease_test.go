package executor_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor/executortest"
)

// clock is a clock that can jump: a process that was frozen finds it ahead when it wakes, before any of its
// timers has run.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time       { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) jump(d time.Duration) { c.ahead.Add(int64(d)) }

func TestFrozenWorkerSendsNothingWhenItWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c clock
		b := newBench(t)
		b.o.Now = c.now
		b.world = executortest.NewWorld(c.now, executortest.Things{})
		b.mem = executortest.NewMem(c.now)
		b.me.World = b.world
		b.world.Meet = func(call executortest.Call) executortest.Fault {
			if call.Verb == "create" && c.ahead.Load() == 0 {
				c.jump(9 * time.Second) // frozen right before the call goes out
			}
			return executortest.Fault{}
		}
		var woken atomic.Bool
		q := line{Queue: b.mem, meet: func(op string) error {
			if c.ahead.Load() > 0 && !woken.Load() {
				t.Errorf("after its lease had ended the worker sent to the queue: %s", op)
			}
			return nil
		}}
		b.put("a")
		step := b.me.Create("key")
		apply := step.OnApply
		step.OnApply = func(ctx context.Context, had change.Evidence, note change.Note) error {
			err := apply(ctx, had, note)
			if err != nil && !woken.Load() {
				// A step that goes on regardless: the executor has to hold it as well.
				if err := note(ctx, change.Evidence{"late": "yes"}); !errors.Is(err, change.ErrFenced) {
					t.Errorf("a note after the lease's end: error %v, want %v", err, change.ErrFenced)
				}
				woken.Store(true)
			}
			return err
		}
		b.start(q, executortest.Kind{Each: []executortest.Func{step}})
		r := b.until("a", change.Applied) // by a later claim
		creates := 0
		for _, call := range b.world.Calls() {
			if call.Verb == "create" {
				creates++
			}
		}
		if creates != 1 {
			t.Errorf("%d calls went out, want 1: that of the second claim", creates)
		}
		if r.Epoch != 2 || r.Record("create-key").Evidence["late"] != "" {
			t.Errorf("epoch %d, journal %+v", r.Epoch, r.Journal)
		}
	})
}

func TestDeadlineMovesWithTheLeaseAndBindsWhatIsDerived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		start := time.Now()
		r := b.apply(change.Applied, executortest.Func{StepName: "long", OnApply: func(ctx context.Context, _ change.Evidence, _ change.Note) error {
			call, cancel := context.WithTimeout(ctx, 7*time.Second)
			defer cancel()
			for at, want := range map[time.Duration]time.Duration{0: 8 * time.Second} {
				if d, ok := ctx.Deadline(); !ok || d.Sub(start) != want {
					t.Errorf("after %v the deadline is %v, want %v", at, d.Sub(start), want)
				}
			}
			if d, _ := call.Deadline(); d.Sub(start) != 7*time.Second {
				t.Errorf("the call's deadline is %v", d.Sub(start))
			}
			time.Sleep(20*time.Second + time.Millisecond) // renewed ten times
			if d, _ := ctx.Deadline(); d.Sub(start) != 28*time.Second {
				t.Errorf("after 20 s the deadline is %v, want 28 s", d.Sub(start))
			}
			late, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			if d, _ := late.Deadline(); d.Sub(start) > 28*time.Second {
				t.Errorf("a derived deadline of %v outlives the lease", d.Sub(start))
			}
			return ctx.Err()
		}})
		if r.Epoch != 1 {
			t.Errorf("claimed %d times", r.Epoch)
		}
	})
}

func TestLeaseIsMeasuredFromBeforeTheRenewalWasSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.put("a", "one")
		start := time.Now()
		var lost atomic.Int64
		extends := 0
		q := line{Queue: b.mem, heard: func(op string) error {
			if op != "extend" {
				return nil
			}
			if extends++; extends == 1 {
				time.Sleep(3 * time.Second) // the answer takes its time; the lease has been running
				return nil
			}
			return change.ErrUnavailable
		}}
		b.start(q, executortest.Kind{Each: []executortest.Func{{StepName: "one", OnApply: func(ctx context.Context, _ change.Evidence, _ change.Note) error {
			<-ctx.Done()
			if lost.CompareAndSwap(0, int64(time.Since(start))) {
				if cause := context.Cause(ctx); !errors.Is(cause, change.ErrFenced) {
					t.Errorf("cause %v, want %v", cause, change.ErrFenced)
				}
				if !errors.Is(ctx.Err(), context.Canceled) {
					t.Errorf("error %v", ctx.Err())
				}
			}
			return ctx.Err()
		}}}})
		time.Sleep(12 * time.Second)
		if got, want := time.Duration(lost.Load()), 10*time.Second; got != want { // renewed at 2 s, for 8 s
			t.Errorf("work ended after %v, want %v", got, want)
		}
	})
}

func TestFencedRenewalEndsTheWorkAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.put("a", "one")
		start := time.Now()
		var lost atomic.Int64
		q := line{Queue: b.mem, meet: func(op string) error {
			if lost.Load() > 0 && op != "claim" {
				t.Errorf("a fenced worker still sent: %s", op)
			}
			if op == "extend" {
				return change.ErrFenced
			}
			return nil
		}}
		b.start(q, executortest.Kind{Each: []executortest.Func{{StepName: "one", OnApply: func(ctx context.Context, _ change.Evidence, _ change.Note) error {
			<-ctx.Done()
			lost.Store(int64(time.Since(start)))
			return change.Temporary(ctx.Err())
		}}}})
		time.Sleep(7 * time.Second)
		if got := time.Duration(lost.Load()); got != 2*time.Second {
			t.Errorf("work ended after %v, want 2 s", got)
		}
	})
}

func TestNoRenewalCrossesTheEndOfTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.put("a")
		var ending atomic.Bool
		q := line{Queue: b.mem, meet: func(op string) error {
			if op == "extend" && ending.Load() {
				t.Error("renewed while the claim was ending: the refusal would look like a lost claim")
			}
			return nil
		}, heard: func(op string) error {
			if op == "advance" {
				ending.Store(true)
				time.Sleep(5 * time.Second) // the answer takes its time
			}
			return nil
		}}
		b.start(q, executortest.Kind{Each: []executortest.Func{b.me.Create("key")}})
		b.until("a", change.Applied)
		time.Sleep(10 * time.Second)
	})
}
