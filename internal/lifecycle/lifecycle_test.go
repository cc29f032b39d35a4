package lifecycle_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/lifecycle"
)

func idle(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestPartsStopWhenTheyAreToldAndNotBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := lifecycle.Part{Name: "slow", Run: func(ctx context.Context, ready func()) error {
			time.Sleep(time.Second)
			ready()
			ready()
			<-ctx.Done()
			time.Sleep(time.Second)
			return nil
		}}
		begun := time.Now()
		g := lifecycle.Start(t.Context(), lifecycle.Loop("idle", idle), slow)
		<-g.Ready()
		if took := time.Since(begun); took != time.Second {
			t.Errorf("ready after %v", took)
		}
		g.Stop()
		g.Stop()
		if err := g.Wait(); err != nil || time.Since(begun) != 2*time.Second {
			t.Errorf("stopped after %v: %v", time.Since(begun), err)
		}
	})
}

func TestWhoCantGoOnEndsAll(t *testing.T) {
	broken := errors.New("broken")
	for name, run := range map[string]func(context.Context) error{
		"worker: broken":         func(context.Context) error { return broken },
		"worker ended by itself": func(context.Context) error { return nil },
		"worker: context canceled": func(context.Context) error { // of something else
			return context.Canceled
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := lifecycle.Start(t.Context(), lifecycle.Loop("idle", idle), lifecycle.Loop("worker", run))
			if err := g.Wait(); err == nil || err.Error() != name {
				t.Errorf("ended with %v, want %s", err, name)
			}
		})
	}
}

func TestAPartThatIsNeverReadyKeepsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := lifecycle.Start(t.Context(), lifecycle.Part{Name: "deaf", Run: func(ctx context.Context, _ func()) error { return idle(ctx) }})
		synctest.Wait()
		select {
		case <-g.Ready():
			t.Error("it is said to be ready")
		default:
		}
		g.Stop()
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
	})
}

func TestStartStopAndWaitMayRace(t *testing.T) {
	t.Parallel()
	for range 500 {
		g := lifecycle.Start(t.Context(), lifecycle.Loop("a", idle), lifecycle.Loop("b", idle))
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(g.Stop)
			wg.Go(func() {
				if err := g.Wait(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
	}
}
