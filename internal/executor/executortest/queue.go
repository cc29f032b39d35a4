// Package executortest holds what every queue must do, a queue in memory that does it, and steps on a pretended
// world. It knows no particular store: the real one runs RunQueue in its own tests.
package executortest

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
)

// Fixture is an empty queue and the ways to it that a worker does not have.
type Fixture struct {
	Queue executor.Queue
	Waker executor.Waker
	// Put stores an approved request, so that it is ready to be claimed. Later ones are approved later.
	Put func(ctx context.Context, r *change.Request) error
	// Get returns a request with its journal.
	Get func(ctx context.Context, id string) (*change.Request, error)
	// Move makes a move of the service, on the version that it names.
	Move func(ctx context.Context, m change.Transition) error
	// Lag notes how a request stands, and returns what puts it back to that, as a failover to a replica does that had
	// not heard of the latest writes.
	Lag func(ctx context.Context, id string) (failOver func() error, err error)
	// Pass lets time pass, for leases and for anyone who waits: a sleep, or a turn of the queue's clock.
	Pass func(d time.Duration)
}

// RunQueue holds a queue against everything that the executor relies on. open is called once for each test.
func RunQueue(t *testing.T, open func(t *testing.T) Fixture) {
	t.Helper()
	runQueue(t, open, func(t *testing.T, test func(*testing.T)) {
		t.Helper()
		test(t)
	})
}

// RunQueueInBubble is RunQueue with each test in a synctest bubble, for queues that are reached without a socket.
func RunQueueInBubble(t *testing.T, open func(t *testing.T) Fixture) {
	t.Helper()
	runQueue(t, open, synctest.Test)
}

func runQueue(t *testing.T, open func(*testing.T) Fixture, in func(*testing.T, func(*testing.T))) {
	t.Helper()
	for _, test := range queueTests {
		t.Run(test.name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				t.Helper()
				test.run(suite{Fixture: open(t), T: t})
			})
		})
	}
}

var queueTests = []struct {
	name string
	run  func(suite)
}{
	{"an empty queue has no work", testEmpty},
	{"the oldest approved comes first", testOldestFirst},
	{"a claim starts the request", testClaimStarts},
	{"a request is claimed by one worker", testOneWorker},
	{"what others write too is locked from start to end", testLocks},
	{"several things that are changed together are locked each", testLocksOfSeveral},
	{"a withdrawn request is not handed out", testWithdrawn},
	{"a claim is taken over only after its lease", testTakeOver},
	{"what was not begun is not taken over", testTakeOverAlone},
	{"who claims next is told what may still be under way", testInFlight},
	{"work begun comes before work not begun", testBegunFirst},
	{"extending keeps the claim", testExtend},
	{"a worker that was overtaken is fenced off", testFencedEpoch},
	{"a worker whose lease has ended is fenced off", testFencedLease},
	{"a claim that the failover forgot is fenced off", testFencedForgotten},
	{"a claim on nothing is fenced off", testFencedUnknown},
	{"releasing lets the next worker in at once", testRelease},
	{"a journal line bumps the version", testRecord},
	{"the journal is in the order of the steps", testJournalOrder},
	{"a journal line is replaced whole", testJournalReplaced},
	{"success ends the claim", testSucceed},
	{"failure keeps the claim", testFail},
	{"giving up ends the claim, a retry makes it claimable", testRetry},
	{"drift asks again", testDrift},
	{"an input expires", testLapse},
	{"a move that the table lacks is refused", testImpossible},
	{"waiting ends by itself", testWaitLimit},
	{"waiting does not spin", testWaitQuiet},
	{"waiting ends with its context", testWaitCancelled},
	{"waiting ends at once when there is work", testWaitReady},
	{"an approval wakes", testWaitApproval},
	{"a retry wakes", testWaitRetry},
	{"a release wakes", testWaitRelease},
	{"a lease's end wakes", testWaitLease},
}

const (
	lease = time.Second
	// patience is how late a queue may be with what it should do at once; generous, for slow machines.
	patience = 10 * time.Second
)

// suite is a fixture with the words that the tests are written in.
type suite struct {
	Fixture
	*testing.T
}

// Approved returns an approved request, the way Put takes it, with steps of these names.
func Approved(id string, steps ...string) *change.Request {
	by := change.Actor{User: "UALICE"}
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	p := change.Proposal{
		Kind: "test.change", Target: []string{"target-of-" + id}, Title: "Change " + id,
		Params: json.RawMessage(`{"n":1}`), Digest: "digest-1",
	}
	for _, name := range steps {
		p.Steps = append(p.Steps, change.PlannedStep{Name: name, Args: json.RawMessage(`{}`), Title: "Step " + name})
	}
	return &change.Request{
		ID: id, State: change.Approved, Version: 2, ApprovalsSince: 1, Proposal: p, Requester: by, Reason: "a test", Rule: "default",
		Decisions: []change.Decision{{Kind: change.DecisionApprove, By: change.Actor{User: "UBOB"}, At: at.Add(time.Minute), Digest: p.Digest}},
		Created:   at, Deadline: at.Add(24 * time.Hour),
	}
}

func (s suite) put(ids ...string) {
	s.Helper()
	for _, id := range ids {
		if err := s.Put(s.Context(), Approved(id, "one", "two")); err != nil {
			s.Fatalf("putting %s: %v", id, err)
		}
		s.Pass(5 * time.Millisecond) // the order of approval is told in milliseconds
	}
}

func (s suite) get(id string) *change.Request {
	s.Helper()
	r, err := s.Get(s.Context(), id)
	if err != nil {
		s.Fatalf("getting %s: %v", id, err)
	}
	return r
}

func (s suite) claim(worker string) executor.Claimed {
	s.Helper()
	return s.claimFor(worker, lease)
}

func (s suite) claimFor(worker string, lease time.Duration) executor.Claimed {
	s.Helper()
	c, err := s.Queue.Claim(s.Context(), worker, lease)
	if err != nil {
		s.Fatalf("%s claims: %v", worker, err)
	}
	return c
}

func (s suite) noWork() {
	s.Helper()
	if c, err := s.Queue.Claim(s.Context(), "curious", lease); !errors.Is(err, change.ErrNoWork) {
		s.Fatalf("claimed %+v with error %v, want %v", c.Claim, err, change.ErrNoWork)
	}
}

func (s suite) advance(c change.Claim, e change.Event, more func(*change.Transition)) {
	s.Helper()
	if err := s.Queue.Advance(s.Context(), c, s.worker(c, e, more)); err != nil {
		s.Fatalf("advancing by %s: %v", e, err)
	}
}

// worker is a worker's move on the request as it is.
func (s suite) worker(c change.Claim, e change.Event, more func(*change.Transition)) change.Transition {
	s.Helper()
	from := s.get(c.ID).State
	to, _ := from.Next(e)
	m := change.Transition{ID: c.ID, Event: e, From: from, To: to, Entry: entry(c.ID, string(e))}
	if more != nil {
		more(&m)
	}
	return m
}

// service is a person's move on the request as it is.
func (s suite) service(id string, e change.Event) {
	s.Helper()
	r := s.get(id)
	to, ok := r.State.Next(e)
	if !ok {
		s.Fatalf("%s can't happen in %s", e, r.State)
	}
	err := s.Move(s.Context(), change.Transition{
		ID: id, Version: r.Version, Event: e, From: r.State, To: to, Decisions: r.Decisions, Entry: entry(id, string(e)),
	})
	if err != nil {
		s.Fatalf("moving by %s: %v", e, err)
	}
}

func entry(id, what string) change.Entry {
	return change.Entry{At: time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC), Request: id, What: what, Worker: "w1"}
}

func line(step string, order int, state change.StepState) change.StepRecord {
	return change.StepRecord{
		Step: step, Order: order, State: state, Attempts: 1,
		Begun: time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC),
	}
}

// waiting starts a worker that waits until there is work for it: a wake-up that comes to nothing is allowed.
func (s suite) waiting(limit time.Duration) <-chan error {
	s.Helper()
	ctx, cancel := context.WithCancel(s.Context())
	ended := make(chan error, 1)
	done := make(chan struct{})
	s.Cleanup(func() {
		cancel()
		<-done
	})
	go func() {
		defer close(done)
		ended <- s.Waker.Wait(ctx, limit)
	}()
	s.Pass(50 * time.Millisecond) // so that it waits, as a rule, before anything happens
	return ended
}

func (s suite) finishes(ended <-chan error, when string) {
	s.Helper()
	select {
	case err := <-ended:
		if err != nil {
			s.Fatalf("waiting: %v", err)
		}
	case <-time.After(patience):
		s.Fatalf("still waiting %s", when)
	}
}
