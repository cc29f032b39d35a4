package monitor_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// life is that of a process, in moments: one before each of its calls, and one after, when the call has had its effect and
// only its answer is lost. After the last one nothing that it does reaches anybody.
type life int

func (l *life) over() bool {
	if *l == 0 {
		return true
	}
	*l--
	return false
}

func lived[T any](l *life, call func() (T, error)) (T, error) {
	var nothing T
	if l.over() {
		return nothing, change.ErrUnavailable
	}
	got, err := call()
	if l.over() {
		return nothing, change.ErrUnavailable
	}
	return got, err
}

// mortal are the parts of the world as a process reaches them while it lives.
type mortal struct {
	*life
	world interface {
		monitor.EndingStore
		change.Planner
	}
	lease func() (bool, error)
	ask   func(ctx context.Context, a change.ProposeInput) (*change.Request, error)
}

func (m mortal) Notes(ctx context.Context, part string) (map[string]string, error) {
	return lived(m.life, func() (map[string]string, error) { return m.world.Notes(ctx, part) })
}

func (m mortal) Note(ctx context.Context, part, key, text string) error {
	_, err := lived(m.life, func() (bool, error) { return true, m.world.Note(ctx, part, key, text) })
	return err
}

func (m mortal) Get(ctx context.Context, id string) (*change.Request, error) {
	return lived(m.life, func() (*change.Request, error) { return m.world.Get(ctx, id) })
}

func (m mortal) Plan(ctx context.Context, id string, params json.RawMessage) (change.Proposal, error) {
	return lived(m.life, func() (change.Proposal, error) { return m.world.Plan(ctx, id, params) })
}

func (m mortal) propose(ctx context.Context, a change.ProposeInput) (*change.Request, error) {
	return lived(m.life, func() (*change.Request, error) { return m.ask(ctx, a) })
}

func (m mortal) Lease(context.Context, string, string, time.Duration) (bool, error) {
	return lived(m.life, m.lease)
}

func (m mortal) EndLease(context.Context, string, string) error { return nil } // or it ends by itself

const forGood = life(1 << 20)

// Processes that die at the due moment, at any of their calls, one after the other and with clocks that are wrong: the
// connection is asked to be removed once, not before both clocks say so, and not never.
func TestProcessesThatDieAtTheDueMomentRemoveOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r, m, l := newRemoving(t), temporary(), life(0)
		one := mortal{life: &l, world: r, ask: r.propose}
		x := monitor.NewEndings(monitor.EndingOptions{Store: one, Planner: one, Propose: one.propose, Now: func() time.Time { return r.now }})
		clock := rapid.Int64Range(-int64(time.Hour), int64(time.Hour))
		for range rapid.IntRange(0, 8).Draw(rt, "processes") {
			l = life(rapid.IntRange(0, 10).Draw(rt, "moments"))
			r.now = theEnd.Add(time.Duration(clock.Draw(rt, "own clock")))
			shared, had := theEnd.Add(time.Duration(clock.Draw(rt, "clock of all"))), len(r.asked)
			_, _ = x.Ask(context.Background(), m, shared) // who is dead is told nothing
			if early := r.now.Before(theEnd) || shared.Before(theEnd); early && len(r.asked) > had {
				rt.Errorf("removed at %s and %s", r.now, shared)
			}
		}
		for range 2 {
			l, r.now = forGood, theEnd.Add(2*time.Hour)
			if _, err := x.Ask(context.Background(), m, r.now); err != nil {
				rt.Fatal(err)
			}
		}
		if len(r.asked) != 1 || len(r.notes) != 1 {
			rt.Errorf("%d requests, %d notes", len(r.asked), len(r.notes))
		}
	})
}

// The same for rotations: each process that has forgotten its note asks by the same submission, which is one request.
func TestProcessesThatDieAtTheDueMomentRotateOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r, c, l := newRotating(), connectionWithKey("m", "r1"), life(0)
		expires := r.now.Add(9 * aDay)
		one := mortal{life: &l, world: r, ask: r.propose, lease: func() (bool, error) { return true, nil }}
		x := monitor.NewRotations(monitor.RotationOptions{
			Store: one, Policy: r, Planner: one, Propose: one.propose, Owner: "me", Now: func() time.Time { return r.now }, WarnsBefore: 30 * aDay,
		})
		start, clock := r.now, rapid.Int64Range(-int64(3*aDay), int64(aDay))
		for range rapid.IntRange(0, 8).Draw(rt, "processes") {
			l = life(rapid.IntRange(0, 12).Draw(rt, "moments"))
			r.now = start.Add(time.Duration(clock.Draw(rt, "own clock")))
			_ = x.Ask(context.Background(), c, expires)
		}
		for range 2 {
			l, r.now = forGood, start.Add(2*aDay)
			if err := x.Ask(context.Background(), c, expires); err != nil {
				rt.Fatal(err)
			}
		}
		requests := map[string]bool{}
		for _, a := range r.asked {
			requests[a.Submission] = true
		}
		if len(requests) != 1 || len(r.notes) != 1 {
			rt.Errorf("%d requests, %d notes: %+v", len(requests), len(r.notes), r.asked)
		}
	})
}
