package executor_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor/executortest"
)

// trouble is what a call to the world or to the queue meets in a run.
type trouble string

const (
	none      trouble = "none"
	busy      trouble = "busy"       // refused, worth another try
	broken    trouble = "broken"     // refused for good, where it would have changed something
	lost      trouble = "lost"       // carried out, the answer is lost
	slow      trouble = "slow"       // carried out so late that nobody waits any more
	dies      trouble = "dies"       // the worker vanishes before it is sent
	diesAfter trouble = "dies after" // the worker vanishes, and the call is carried out
	diesSlow  trouble = "dies slow"  // the worker vanishes, and the call is carried out seconds later
	freezes   trouble = "freezes"    // the worker stands still for longer than its lease, and then goes on
	stops     trouble = "stops"      // the worker is told to stop
)

// person is what somebody does who is asked for help.
type person string

const (
	does  person = "does"
	lies  person = "lies" // says that it is done, and it is not
	never person = "never"
)

// run is one life of a request among workers that die.
type run struct {
	steps    []string // "set old", "set new", "create key", "hand file"
	people   []person // what they do when they are asked; after that, what they should
	world    []trouble
	queue    []trouble
	cursed   []string // names that can't be taken back
	restarts []int    // seconds until a new worker comes, each time
	fails    bool     // the last step can't succeed
	retried  bool     // a person tries again once it is stuck
	lease    time.Duration
}

func drawRun(t *rapid.T) run {
	all := []string{"set old", "set new", "create key", "create token", "hand file"}
	perm := rapid.Permutation(all).Draw(t, "order")
	steps := perm[:rapid.IntRange(1, len(all)).Draw(t, "steps")]
	often := func(rare ...trouble) *rapid.Generator[trouble] {
		return rapid.Custom(func(t *rapid.T) trouble {
			if rapid.IntRange(0, 2).Draw(t, "smooth") > 0 {
				return none
			}
			return rapid.SampledFrom(rare).Draw(t, "trouble")
		})
	}
	return run{
		steps:    steps,
		people:   rapid.SliceOfN(rapid.SampledFrom([]person{does, lies, never}), 0, 4).Draw(t, "people"),
		world:    rapid.SliceOfN(often(broken, busy, lost, slow, dies, diesAfter, diesSlow, freezes, stops), 6, 30).Draw(t, "world"),
		queue:    rapid.SliceOfN(often(busy, lost, dies, diesAfter, freezes, stops), 6, 30).Draw(t, "queue"),
		cursed:   rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"old", "new", "key", "token"}), 0, 2, rapid.ID).Draw(t, "cursed"),
		restarts: rapid.SliceOfN(rapid.IntRange(0, 12), 1, 8).Draw(t, "restarts"),
		fails:    rapid.Bool().Draw(t, "fails"),
		retried:  rapid.Bool().Draw(t, "retried"),
		lease:    rapid.SampledFrom([]time.Duration{3 * time.Second, 8 * time.Second}).Draw(t, "lease"),
	}
}

// act plays a run to its end and returns what it came to, or why it is wrong.
func (s *stage) act(t *testing.T) (change.State, error) {
	t.Helper()
	before := executortest.Things{Settings: map[string]string{"old": "1"}, Objects: map[string]int{}}
	s.mem = executortest.NewMem(time.Now)
	s.world = executortest.NewWorld(time.Now, before)
	s.over, s.next, s.procs = make(chan struct{}), make(chan struct{}, 100), map[string]*process{}
	s.world.Meet = func(c executortest.Call) executortest.Fault {
		s.mu.Lock()
		p := s.procs[c.Caller]
		s.mu.Unlock()
		return p.meet(c)
	}
	if err := s.mem.Put(t.Context(), executortest.Approved("a", s.names()...)); err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancel(t.Context())
	var procs sync.WaitGroup
	procs.Go(func() { s.restart(ctx, &procs) })

	r, err := s.settled(t.Context())
	if err == nil && r.State == change.Stuck && s.retried {
		s.mu.Lock()
		s.cursed, s.people = nil, nil
		s.mu.Unlock()
		err = s.mem.Move(t.Context(), change.Transition{
			ID: "a", Version: r.Version, Event: change.Retry, From: change.Stuck, To: change.Undoing, Wait: &change.Wait{},
		})
		if err == nil {
			r, err = s.settled(t.Context())
		}
	}
	cancel()
	close(s.over)
	time.Sleep(20 * time.Second) // whatever is still on its way arrives
	procs.Wait()
	if err != nil {
		return "", err
	}
	return r.State, s.verdict(r, before)
}

// names are the steps of the plan.
func (s *stage) names() []string {
	var all []string
	for _, step := range s.steps {
		all = append(all, strings.Replace(step, " ", "-", 1))
	}
	if s.fails {
		all = append(all, "last")
	}
	return all
}

// restart starts a process, and another one whenever one is gone.
func (s *stage) restart(ctx context.Context, procs *sync.WaitGroup) {
	for n := 0; ctx.Err() == nil; n++ {
		p := &process{stage: s, name: fmt.Sprintf("p%d", n), gone: make(chan struct{})}
		alive, stop := context.WithCancel(ctx)
		p.stop = stop
		s.mu.Lock()
		s.procs[p.name] = p
		s.mu.Unlock()
		caller := executortest.Caller{World: s.world, Name: p.name}
		var kind executortest.Kind
		for _, step := range s.steps {
			what, name, _ := strings.Cut(step, " ")
			made := caller.Create(name)
			switch what {
			case "set":
				made = caller.Set(name, "2")
			case "hand":
				made = caller.ByHand(name)
			}
			kind.Each = append(kind.Each, made)
		}
		if s.fails {
			kind.Each = append(kind.Each, failing("last", errBroken))
		}
		e, err := executor.New(p.queue(), s.mem, map[change.Kind]change.Planner{"test.change": kind}, kind.Registry(), executor.Options{
			Name: p.name, Workers: 1, Now: time.Now,
			Lease: s.lease, Renew: s.lease * 3 / 4, // so that a lease may end while the last call under it is still on its way
			Backoff: executor.Exponential(100*time.Millisecond, 2*time.Second, func() float64 { return 0.5 }),
		})
		if err != nil {
			s.failed = err
			return
		}
		procs.Go(func() {
			defer stop()
			_ = e.Run(alive)
		})
		select {
		case <-ctx.Done():
			return
		case <-s.next:
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Duration(s.restarts[n%len(s.restarts)]) * time.Second):
			}
		}
	}
}

// settled waits until the request needs no worker any more.
func (s *stage) settled(ctx context.Context) (*change.Request, error) {
	for range 4 * 3600 {
		time.Sleep(time.Second)
		r, err := s.mem.Get(ctx, "a")
		if err != nil {
			return nil, err
		}
		if r.State.Final() || r.State == change.Stuck {
			return r, nil
		}
		if r.State == change.WaitingForPerson {
			if err := s.help(ctx, r); err != nil {
				return nil, err
			}
		}
	}
	r, err := s.mem.Get(ctx, "a")
	return nil, fmt.Errorf("after hours the request is %s, error %w, journal %+v", r.State, err, r.Journal)
}

// help is what people do about a request that waits for them.
func (s *stage) help(ctx context.Context, r *change.Request) error {
	what := does
	s.mu.Lock()
	if len(s.people) > 0 {
		what, s.people = s.people[0], s.people[1:]
	}
	s.mu.Unlock()
	m := change.Transition{ID: "a", Version: r.Version, Event: change.Continue, From: r.State, To: change.Applying, Wait: &r.Wait}
	if r.Wait.Undo {
		m.Event, m.To = change.ContinueUndo, change.Undoing
	}
	r.Wait.Answer = change.AnswerDone
	switch what {
	case does:
		s.world.Hand(func(t *executortest.Things) {
			if t.Objects["file"] = 1; r.Wait.Undo {
				delete(t.Objects, "file")
			}
		})
	case never:
		r.Wait.Answer = change.AnswerNever
	case lies:
	}
	return s.mem.Move(ctx, m)
}

// verdict holds the end of a run against the rules: wholly applied, wholly undone, or stuck with exactly what
// could not be undone.
func (s *stage) verdict(r *change.Request, before executortest.Things) error {
	after := s.world.Things()
	if doubled := s.world.Doubled(); len(doubled) > 0 {
		return fmt.Errorf("created twice: %v", doubled)
	}
	if err := errors.Join(s.failed, s.fenced()); err != nil {
		return err
	}
	var named []string
	for _, left := range r.Outcome.Leftovers {
		named = append(named, left.Step)
	}
	var want executortest.Things
	switch r.State {
	case change.Applied:
		if s.fails {
			return fmt.Errorf("applied, though a step can't succeed")
		}
		want = s.planned(before, func(string) bool { return true })
	case change.RolledBack:
		want = before
	case change.Stuck:
		if len(named) == 0 {
			return fmt.Errorf("stuck without saying on what")
		}
		want = s.planned(before, func(step string) bool { return slices.Contains(named, strings.Replace(step, " ", "-", 1)) })
	default:
		return fmt.Errorf("request is %s", r.State)
	}
	if diff := cmp.Diff(want, after); diff != "" {
		return fmt.Errorf("request is %s, leftovers %v, world (-want +got):\n%s", r.State, named, diff)
	}
	return nil
}

// fenced returns an error if a call went out from a process after another one had claimed the request.
func (s *stage) fenced() error {
	for _, call := range s.world.Calls() {
		var holder string
		for _, claim := range s.claimed {
			if claim.Sent.Before(call.Sent) {
				holder = claim.Caller
			}
			if claim.Sent.Equal(call.Sent) && claim.Caller == call.Caller {
				holder = call.Caller
			}
		}
		if holder != call.Caller {
			return fmt.Errorf("%s: %s %s went out while %s had the request", call.Caller, call.Verb, call.Name, holder)
		}
	}
	return nil
}

// planned is the world with those steps done that chosen picks.
func (s *stage) planned(t executortest.Things, chosen func(step string) bool) executortest.Things {
	out := executortest.NewWorld(time.Now, t).Things()
	for _, step := range s.steps {
		what, name, _ := strings.Cut(step, " ")
		switch {
		case !chosen(step):
		case what == "set":
			out.Settings[name] = "2"
		default:
			out.Objects[name] = 1
		}
	}
	return out
}

func TestWorkersMayDieAnywhere(t *testing.T) {
	ends := map[change.State]int{}
	for range 10 {
		rapid.Check(t, func(rt *rapid.T) {
			s := &stage{run: drawRun(rt)}
			var err error
			var end change.State
			synctest.Test(t, func(t *testing.T) { end, err = s.act(t) })
			if err != nil {
				rt.Fatal(err)
			}
			ends[end]++
		})
	}
	t.Logf("runs by their end: %v", ends)
}
