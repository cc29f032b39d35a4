package executor_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor/executortest"
)

func TestTemporaryFailuresAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		attempts := 0
		step := executortest.Func{StepName: "one", OnApply: func(context.Context, change.Evidence, change.Note) error {
			attempts++
			switch {
			case attempts <= 3:
				return change.Temporary(&change.ExplainedError{Say: "The platform is busy.", Err: errBroken})
			case attempts <= 5:
				return change.Temporary(&change.ExplainedError{Say: "The platform is away.", Err: errBroken})
			}
			return nil
		}}
		r := b.apply(change.Applied, step)
		if got := r.Record("one"); got.Attempts != 6 || got.Trouble != "" {
			t.Errorf("journal line %+v", got)
		}
		var details []string
		for _, e := range b.mem.Audit() {
			if e.What == "step:one:begun" {
				details = append(details, e.Detail)
			}
		}
		if diff := cmp.Diff([]string{"", "The platform is busy.", "The platform is busy.", "The platform is busy.", "The platform is away.", "The platform is away."}, details); diff != "" {
			t.Errorf("written while trying (-want +got):\n%s", diff)
		}
	})
}

// Waiting for a platform's plan is no failed try: what is waited for is told, and nothing is counted.
func TestWaitingIsNoTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		looks := 0
		step := executortest.Func{StepName: "one", OnApply: func(context.Context, change.Evidence, change.Note) error {
			if looks++; looks <= 3 {
				return change.Waiting(&change.ExplainedError{Say: "A plan is under way.", Err: errBroken})
			}
			return nil
		}}
		r := b.apply(change.Applied, step)
		if got := r.Record("one"); got.Attempts != 1 || looks != 4 {
			t.Errorf("after %d looks the journal says %+v", looks, got)
		}
		var details []string
		for _, e := range b.mem.Audit() {
			if e.What == "step:one:begun" {
				details = append(details, e.Detail)
			}
		}
		if diff := cmp.Diff([]string{"", "A plan is under way."}, details); diff != "" {
			t.Errorf("written while waiting (-want +got):\n%s", diff)
		}
	})
}

// crowded is a server that says when to come back.
type crowded struct{ error }

func (crowded) After() time.Duration { return 40 * time.Second }

func TestAServerIsLeftAloneForAsLongAsItAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var times []time.Time
		step := executortest.Func{StepName: "one", OnApply: func(context.Context, change.Evidence, change.Note) error {
			if times = append(times, time.Now()); len(times) == 1 {
				return change.Temporary(&change.ExplainedError{Say: "Too many requests.", Err: crowded{errBroken}})
			}
			return nil
		}}
		b.apply(change.Applied, step)
		if waited := times[1].Sub(times[0]); waited != 40*time.Second {
			t.Errorf("it was asked again after %s", waited)
		}
	})
}

func TestPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.o.StepTimeout = 20 * time.Second
		for id, c := range map[string]struct {
			step executortest.Func
			want time.Duration
		}{
			"a": {failing("one", change.Temporary(errBroken)), time.Hour},
			"b": {hasty(failing("one", change.Temporary(errBroken))), 20 * time.Second},
		} {
			b.put(id, "one")
			start := time.Now()
			b.start(b.mem, executortest.Kind{Each: []executortest.Func{c.step}})
			time.Sleep(c.want + time.Second)
			b.stopped()
			r := b.get(id)
			if r.State != change.RolledBack {
				t.Fatalf("%s is %s after %v", id, r.State, time.Since(start))
			}
			if took := r.Record("one").Ended.Sub(start); took > c.want || took < c.want-3*time.Second {
				t.Errorf("%s was tried for %v, want about %v", id, took, c.want)
			}
			if !strings.HasPrefix(r.Outcome.Error, "gave up after attempt ") {
				t.Errorf("outcome %+v", r.Outcome)
			}
		}
	})
}

// hasty is a step without a patience of its own.
func hasty(f executortest.Func) executortest.Func {
	f.Lasting = -1
	return f
}

// An attempt that outlasts the step's patience is cut off; what it sent may be carried out before undo looks.
func TestCutAttemptIsWaitedOutBeforeUndo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.world.Meet = func(c executortest.Call) executortest.Fault {
			if c.Verb == "create" {
				return executortest.Fault{Slow: 6 * time.Second}
			}
			return executortest.Fault{}
		}
		step := b.me.Create("key")
		step.Lasting = time.Second
		b.apply(change.RolledBack, step)
		time.Sleep(10 * time.Second)
		if n := b.world.Things().Objects["key"]; n != 0 {
			t.Errorf("%d keys are left after the rollback", n)
		}
	})
}

func TestExponentialIsBoundedAndJittered(t *testing.T) {
	for _, random := range []float64{0, 0.5, 0.999} {
		backoff := executor.Exponential(time.Second, 10*time.Second, func() float64 { return random })
		for attempt, whole := range map[int]time.Duration{
			0: time.Second, 1: time.Second, 2: 2 * time.Second, 4: 8 * time.Second, 5: 10 * time.Second, 5000: 10 * time.Second,
		} {
			if got := backoff(attempt); got < whole/2 || got > whole {
				t.Errorf("attempt %d, random %v: %v is not in [%v, %v]", attempt, random, got, whole/2, whole)
			}
		}
	}
}

func BenchmarkClaimToFirstStep(b *testing.B) {
	mem := executortest.NewMem(time.Now)
	began := make(chan struct{})
	step := executortest.Func{StepName: "one", OnApply: func(context.Context, change.Evidence, change.Note) error {
		began <- struct{}{}
		return nil
	}}
	kind := executortest.Kind{Each: []executortest.Func{step}}
	e, err := executor.New(mem, mem, map[change.Kind]change.Planner{"test.change": kind}, kind.Registry(),
		executor.Options{Workers: 1, Now: time.Now, Backoff: func(int) time.Duration { return time.Second }})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = e.Run(ctx)
	}()
	for b.Loop() {
		if err := mem.Put(ctx, executortest.Approved(b.Name()+time.Now().String(), "one")); err != nil {
			b.Fatal(err)
		}
		<-began
	}
	cancel()
	<-ended
}
