package executor_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor/executortest"
)

func TestQueueAwayForAMomentIsNoticedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var away atomic.Bool
		var refused atomic.Int64
		q := line{Queue: b.mem, meet: func(string) error {
			if away.Load() {
				refused.Add(1)
				return change.ErrUnavailable
			}
			return nil
		}}
		b.put("a")
		step := b.me.Create("key")
		apply := step.OnApply
		step.OnApply = func(ctx context.Context, had change.Evidence, note change.Note) error {
			err := apply(ctx, had, note)
			away.Store(true)
			time.AfterFunc(5*time.Second, func() { away.Store(false) })
			return err
		}
		b.start(q, executortest.Kind{Each: []executortest.Func{step}})
		r := b.until("a", change.Applied)
		if r.Epoch != 1 {
			t.Errorf("claimed %d times: five seconds should be survived", r.Epoch)
		}
		if refused.Load() < 3 {
			t.Errorf("tried %d times only", refused.Load())
		}
		log := b.log.String()
		if n, m := strings.Count(log, "the queue is away"), strings.Count(log, "the queue is back"); n != 1 || m != 1 {
			t.Errorf("away was logged %d times, back %d times:\n%s", n, m, log)
		}
	})
}

func TestQueueAwayForLongNeverSpins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var calls atomic.Int64
		q := line{Queue: b.mem, meet: func(string) error {
			calls.Add(1)
			return change.ErrUnavailable
		}}
		b.start(q, executortest.Kind{})
		time.Sleep(10 * time.Minute)
		if n := calls.Load(); n < 100 || n > 1000 {
			t.Errorf("%d calls in ten minutes", n)
		}
		if n := strings.Count(b.log.String(), "the queue is away"); n != 1 {
			t.Errorf("logged %d times", n)
		}
	})
}

// nagging wakes at once, always.
type nagging struct{ calls atomic.Int64 }

func (n *nagging) Wait(context.Context, time.Duration) error {
	n.calls.Add(1)
	return nil
}

func TestWakerGoneWrongDoesNotMakeAWorkerSpin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var waker nagging
		e, err := executor.New(b.mem, &waker, nil, nil, b.o)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := e.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if n := waker.calls.Load(); n > 300 {
			t.Errorf("woken %d times in a minute", n)
		}
	})
}
