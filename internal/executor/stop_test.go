package executor_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor/executortest"
)

func TestStopLetsARunningStepFinishAndBeginsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.put("a", "slow", "create-key")
		began := make(chan struct{})
		slow := executortest.Func{StepName: "slow", OnApply: func(ctx context.Context, _ change.Evidence, _ change.Note) error {
			close(began)
			time.Sleep(15 * time.Second)
			return ctx.Err()
		}}
		kind := executortest.Kind{Each: []executortest.Func{slow, b.me.Create("key")}}
		b.start(b.mem, kind)
		<-began
		b.stopped()
		r := b.get("a")
		if diff := cmp.Diff(map[string]change.StepState{"slow": change.StepDone}, states(r)); diff != "" {
			t.Errorf("journal after the stop (-want +got):\n%s", diff)
		}
		start := time.Now()
		b.start(b.mem, kind)
		synctest.Wait()
		if r := b.get("a"); r.State != change.Applied || time.Since(start) != 0 {
			t.Errorf("the claim was not given back: request is %s", r.State)
		}
	})
}

// A step that does not end in time is cut off. The claim is then left to its end, and the next worker waits.
func TestStopCutsOffAStepAndLeavesItInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.o.Drain = 3 * time.Second
		b.put("a")
		b.world.Meet = func(c executortest.Call) executortest.Fault {
			if c.Verb == "create" {
				return executortest.Fault{Slow: 6 * time.Second}
			}
			return executortest.Fault{}
		}
		kind := executortest.Kind{Each: []executortest.Func{b.me.Create("key")}}
		b.start(b.mem, kind)
		synctest.Wait()
		start := time.Now()
		b.stopped()
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("the stop took %v, want 3 s", took)
		}
		b.start(b.mem, kind)
		b.until("a", change.Applied)
		if doubled := b.world.Doubled(); len(doubled) != 0 {
			t.Errorf("created twice: %v", doubled)
		}
	})
}

func TestStopWhileWaitingInDoubtKeepsTheDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.put("a")
		first, err := b.mem.Claim(t.Context(), "dead", 8*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		begun := change.StepRecord{Step: "create-key", State: change.StepBegun}
		if err := b.mem.Record(t.Context(), first.Claim, begun, change.Entry{}); err != nil {
			t.Fatal(err)
		}
		kind := executortest.Kind{Each: []executortest.Func{b.me.Create("key")}}
		b.start(b.mem, kind)
		time.Sleep(9 * time.Second) // taken over, and waiting
		b.stopped()
		next, err := b.mem.Claim(t.Context(), "next", time.Second)
		if !errors.Is(err, change.ErrNoWork) {
			t.Errorf("claimed at once: %+v, error %v", next.Claim, err)
		}
	})
}

func TestStopBetweenAttemptsGivesBackAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.o.Backoff = func(int) time.Duration { return time.Minute }
		b.put("a", "one")
		b.start(b.mem, executortest.Kind{Each: []executortest.Func{failing("one", change.Temporary(errBroken))}})
		time.Sleep(time.Second)
		start := time.Now()
		b.stopped()
		if took := time.Since(start); took != 0 {
			t.Errorf("the stop took %v", took)
		}
		c, err := b.mem.Claim(t.Context(), "next", time.Minute)
		if err != nil || c.TakenOver {
			t.Errorf("claimed %+v, error %v", c, err)
		}
	})
}

// late is a queue whose claims take a while, and are lost on those who don't wait.
type late struct{ executor.Queue }

func (l late) Claim(ctx context.Context, worker string, lease time.Duration) (executor.Claimed, error) {
	c, err := l.Queue.Claim(ctx, worker, lease)
	if err == nil {
		time.Sleep(time.Second)
		err = ctx.Err()
	}
	return c, err
}

func TestStopWhileClaimingGivesTheClaimBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.put("a")
		b.start(late{b.mem}, executortest.Kind{Each: []executortest.Func{b.me.Create("key")}})
		time.Sleep(500 * time.Millisecond)
		b.stopped()
		c, err := b.mem.Claim(t.Context(), "next", time.Minute)
		if err != nil || c.TakenOver || len(b.world.Calls()) != 0 {
			t.Errorf("claimed %+v, error %v, calls %v", c.Claim, err, b.world.Calls())
		}
	})
}
