package executor_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor/executortest"
)

// abandon has a worker claim request a, which dies after what it did; it returns when it died.
func (b *bench) abandon(did func(change.Claim) error) time.Time {
	b.Helper()
	c, err := b.mem.Claim(b.Context(), "dead", b.o.Lease)
	if err == nil {
		err = b.mem.Record(b.Context(), c.Claim, change.StepRecord{Step: "create-key", State: change.StepBegun}, change.Entry{})
	}
	if err == nil {
		err = did(c.Claim)
	}
	if err != nil {
		b.Fatal(err)
	}
	return time.Now()
}

// firstWrite is when the world was first written to after a time.
func (b *bench) firstWrite() time.Time {
	for _, c := range b.world.Calls() {
		if c.Writes() {
			return c.Sent
		}
	}
	return time.Time{}
}

func TestATakeOverWaitsForTheCallThatWasSentAndNoLonger(t *testing.T) {
	for name, c := range map[string]struct {
		did  func(*bench, change.Claim) error
		want time.Duration // from the death to the next write
	}{
		"nothing in flight": {func(*bench, change.Claim) error { return nil }, 0},
		"a call that was answered": {func(b *bench, c change.Claim) error {
			if err := b.mem.BeginCall(b.Context(), c, 1, 8*time.Second); err != nil {
				return err
			}
			return b.mem.EndCalls(b.Context(), c, 1)
		}, 0},
		"a call in flight": {func(b *bench, c change.Claim) error {
			return b.mem.BeginCall(b.Context(), c, 1, 8*time.Second)
		}, 8 * time.Second},
		"a later call in flight": {func(b *bench, c change.Claim) error {
			for n := range int64(2) {
				if err := b.mem.BeginCall(b.Context(), c, n+1, 8*time.Second); err != nil {
					return err
				}
			}
			return b.mem.EndCalls(b.Context(), c, 1) // arrives late
		}, 8 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				const lease = 3 * time.Second
				b.o.Lease, b.o.Renew = lease, 0
				b.put("a")
				died := b.abandon(func(claim change.Claim) error { return c.did(b, claim) })
				b.start(b.mem, executortest.Kind{Each: []executortest.Func{b.me.Create("key")}})
				b.until("a", change.Applied)
				took, least := b.firstWrite().Sub(died), max(c.want, lease)
				if took < least || took > least+time.Second {
					t.Errorf("the next worker wrote after %v, want %v and a second at most", took, least)
				}
			})
		})
	}
}

// Every worker is busy for an hour: who fell silent is taken over all the same.
func TestFullQueuesDoNotDelayATakeOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.o.Lease, b.o.Renew, b.o.Workers = 3*time.Second, 0, 2
		b.put("a")
		died := b.abandon(func(change.Claim) error { return nil })
		for _, id := range []string{"b", "c", "d", "e"} {
			b.put(id, "long")
		}
		release := make(chan struct{})
		long := executortest.Func{StepName: "long", OnApply: func(ctx context.Context, _ change.Evidence, _ change.Note) error {
			select {
			case <-release:
			case <-ctx.Done():
			}
			return ctx.Err()
		}}
		b.start(b.mem, executortest.Kind{Each: []executortest.Func{b.me.Create("key"), long}})
		b.until("a", change.Applied)
		if took := time.Since(died); took > 5*time.Second {
			t.Errorf("taken over and done after %v", took)
		}
		if state := b.get("d").State; state != change.Approved {
			t.Errorf("more is begun than there are workers: d is %s", state)
		}
		close(release)
	})
}

// Between the note of a call and its sending a process stands still: once it goes on it sends nothing, though its lease
// has not ended, for the note's time runs.
func TestACallIsSentRightAfterItWasNotedOrNotAtAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var frozen atomic.Bool
		b.world.Meet = func(c executortest.Call) executortest.Fault {
			if c.Writes() && !frozen.Swap(true) {
				time.Sleep(1500 * time.Millisecond) // less than the lease
			}
			return executortest.Fault{}
		}
		start := time.Now()
		b.apply(change.Applied, b.me.Create("key"))
		if at := b.firstWrite().Sub(start); at < 1500*time.Millisecond+50*time.Millisecond {
			t.Errorf("the call that was noted %v before was sent", at)
		}
		if doubled := b.world.Doubled(); len(doubled) > 0 || b.get("a").Record("create-key").Attempts != 2 {
			t.Errorf("doubled %v, journal %+v", doubled, b.get("a").Journal)
		}
	})
}

// A worker that was overtaken without knowing it is refused when it notes its next call.
func TestWhoeverWasOvertakenSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.put("a")
		refused := line{Queue: b.mem, meet: func(op string) error {
			if op == "begin call" {
				return change.ErrFenced
			}
			return nil
		}}
		b.start(refused, executortest.Kind{Each: []executortest.Func{b.me.Create("key")}})
		time.Sleep(time.Second)
		if !b.firstWrite().IsZero() {
			t.Error("it wrote")
		}
	})
}
