package executortest

import (
	"errors"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
)

// same compares requests: what is empty may come back as nil, and a store may keep milliseconds.
var same = cmp.Options{cmpopts.EquateEmpty(), cmpopts.EquateApproxTime(time.Millisecond)}

func testEmpty(s suite) { s.noWork() }

func testOldestFirst(s suite) {
	s.put("c", "b", "a") // approved against the order of their names
	for _, want := range []string{"c", "b", "a"} {
		if got := s.claimFor("w1", time.Minute).Claim.ID; got != want {
			s.Errorf("claimed %s, want %s", got, want)
		}
	}
	s.noWork()
}

func testClaimStarts(s suite) {
	s.put("a")
	before := s.get("a")
	got := s.claim("w1")
	if got.TakenOver {
		s.Error("the first claim counts as taken over")
	}
	if got.Claim.ID != "a" || got.Claim.Worker != "w1" || got.Claim.Epoch <= before.Epoch {
		s.Errorf("claim %+v after epoch %d", got.Claim, before.Epoch)
	}
	r := got.Request
	if r.State != change.Applying || r.Epoch != got.Claim.Epoch || r.Version != before.Version+1 {
		s.Errorf("claimed request is %s, epoch %d, version %d; want %s, %d, %d",
			r.State, r.Epoch, r.Version, change.Applying, got.Claim.Epoch, before.Version+1)
	}
	if diff := cmp.Diff(r, s.get("a"), same); diff != "" {
		s.Errorf("what was claimed is not what is stored (-claimed +stored):\n%s", diff)
	}
	if diff := cmp.Diff(before.Proposal, r.Proposal, same); diff != "" {
		s.Errorf("the proposal changed (-before +claimed):\n%s", diff)
	}
}

// Two requests that write the same are never worked on at once; others are not held up.
func testLocks(s suite) {
	at := func(id string, targets ...string) {
		r := Approved(id, "one")
		r.Proposal.Target = append(r.Proposal.Target, targets...)
		if err := s.Put(s.Context(), r); err != nil {
			s.Fatalf("putting %s: %v", id, err)
		}
		s.Pass(5 * time.Millisecond)
	}
	at("a", "role", "trust")
	at("b", "role")
	at("c", "trust")
	at("d", "signing")
	a, d := s.claimFor("w1", time.Minute), s.claimFor("w2", time.Minute)
	if a.Claim.ID != "a" || d.Claim.ID != "d" {
		s.Fatalf("claimed %s and %s, want a and d", a.Claim.ID, d.Claim.ID)
	}
	s.noWork()
	s.advance(a.Claim, change.Fail, nil)
	s.noWork()
	s.advance(a.Claim, change.UndoFailed, nil)
	s.Pass(lockPatience)
	s.noWork() // anyone who cleans up after it may write there
	s.service("a", change.Retry)
	again := s.claimFor("w1", time.Minute)
	s.advance(again.Claim, change.Undone, nil)
	b, c := s.claimLocked("w1"), s.claimLocked("w2")
	if got := b.Claim.ID + c.Claim.ID; got != "bc" && got != "cb" {
		s.Errorf("claimed %s after the end of a", got)
	}
	at("e", "role")
	s.noWork()
	drifted := s.get(b.Claim.ID).Proposal
	s.advance(b.Claim, change.Drift, func(m *change.Transition) { m.Proposal = &drifted }) // back with its approvers
	if e := s.claimLocked("w1"); b.Claim.ID == "b" && e.Claim.ID != "e" {
		s.Errorf("claimed %s after b had drifted", e.Claim.ID)
	}
}

// What changes several things together holds each of them: a change of one waits for it, and it for that.
func testLocksOfSeveral(s suite) {
	all := Approved("all", "one")
	all.Proposal.Target = append(all.Proposal.Target, Approved("x", "one").Proposal.Target...)
	if err := s.Put(s.Context(), all); err != nil {
		s.Fatalf("putting it: %v", err)
	}
	s.Pass(5 * time.Millisecond)
	s.put("x")
	first := s.claimFor("w1", time.Minute)
	if first.Claim.ID != "all" {
		s.Fatalf("claimed %s first", first.Claim.ID)
	}
	s.noWork()
	s.advance(first.Claim, change.Fail, nil)
	s.advance(first.Claim, change.Undone, nil)
	x := s.claimLocked("w1")
	if x.Claim.ID != "x" {
		s.Errorf("claimed %s after that", x.Claim.ID)
	}
	again := Approved("again", "one")
	again.Proposal.Target = append(again.Proposal.Target, Approved("x", "one").Proposal.Target...)
	if err := s.Put(s.Context(), again); err != nil {
		s.Fatalf("putting it: %v", err)
	}
	s.noWork()
	s.advance(x.Claim, change.Fail, nil)
	s.advance(x.Claim, change.Undone, nil)
	if last := s.claimLocked("w1"); last.Claim.ID != "again" {
		s.Errorf("claimed %s at last", last.Claim.ID)
	}
}

// lockPatience is how late a queue may be with what waited for a lock.
const lockPatience = 3 * time.Second

// claimLocked claims what waited for a lock that is free now.
func (s suite) claimLocked(worker string) executor.Claimed {
	s.Helper()
	const pause = 50 * time.Millisecond
	for waited := time.Duration(0); waited < lockPatience; waited += pause {
		c, err := s.Queue.Claim(s.Context(), worker, time.Minute)
		if !errors.Is(err, change.ErrNoWork) {
			if err != nil {
				s.Fatalf("%s claims: %v", worker, err)
			}
			return c
		}
		s.Pass(pause)
	}
	return s.claimFor(worker, time.Minute)
}

func testOneWorker(s suite) {
	ids := []string{"a", "b", "c"}
	s.put(ids...)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		have = map[string]int{}
	)
	for range 10 {
		wg.Go(func() {
			c, err := s.Queue.Claim(s.Context(), "w", time.Minute)
			if errors.Is(err, change.ErrNoWork) {
				return
			}
			if err != nil {
				s.Errorf("claiming: %v", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			have[c.Claim.ID]++
		})
	}
	wg.Wait()
	if diff := cmp.Diff(map[string]int{"a": 1, "b": 1, "c": 1}, have); diff != "" {
		s.Errorf("claims of each request (-want +got):\n%s", diff)
	}
}

func testWithdrawn(s suite) {
	s.put("a")
	s.service("a", change.Withdraw)
	s.noWork()
}

func testTakeOver(s suite) {
	s.put("a")
	first := s.claim("w1")
	s.noWork()
	if err := s.Queue.Record(s.Context(), first.Claim, line("one", 0, change.StepBegun), entry("a", "step:one:begun")); err != nil {
		s.Fatal(err)
	}
	s.Pass(lease + 100*time.Millisecond)
	second := s.claim("w2")
	if !second.TakenOver {
		s.Error("a claim whose lease ended was not marked as taken over")
	}
	if second.Claim.Epoch <= first.Claim.Epoch {
		s.Errorf("epoch %d after epoch %d", second.Claim.Epoch, first.Claim.Epoch)
	}
	if second.Request.State != change.Applying {
		s.Errorf("taken over as %s", second.Request.State)
	}
	if at := second.Request.Record("one"); at == nil || at.State != change.StepBegun {
		s.Errorf("taken over with journal %+v", second.Request.Journal)
	}
	s.noWork()
}

func testBegunFirst(s suite) {
	s.put("a")
	s.claim("w1")
	s.put("b")
	s.Pass(lease + 100*time.Millisecond)
	if got := s.claimFor("w2", time.Minute); got.Claim.ID != "a" || !got.TakenOver {
		s.Errorf("claimed %s, taken over %t; want a, true", got.Claim.ID, got.TakenOver)
	}
	if got := s.claimFor("w2", time.Minute); got.Claim.ID != "b" || got.TakenOver {
		s.Errorf("claimed %s, taken over %t; want b, false", got.Claim.ID, got.TakenOver)
	}
}

func testExtend(s suite) {
	s.put("a")
	c := s.claimFor("w1", 2*lease)
	s.Pass(lease)
	if err := s.Queue.Extend(s.Context(), c.Claim, 2*lease); err != nil {
		s.Fatalf("extending: %v", err)
	}
	s.Pass(lease + lease/4) // past the first end, not past the second
	s.noWork()
	if err := s.Queue.Record(s.Context(), c.Claim, line("one", 0, change.StepBegun), entry("a", "step:one:begun")); err != nil {
		s.Errorf("recording under an extended claim: %v", err)
	}
	s.Pass(lease)
	if got := s.claim("w2"); !got.TakenOver {
		s.Error("an extended lease has no end")
	}
}

// refused tries every write of c and checks that all are refused and nothing is changed.
func (s suite) refused(c change.Claim) {
	s.Helper()
	before := s.get(c.ID)
	s.eachRefused(c, s.worker(c, change.Succeed, nil))
	if diff := cmp.Diff(before, s.get(c.ID), same); diff != "" {
		s.Errorf("a refused write changed the request (-before +after):\n%s", diff)
	}
}

func (s suite) eachRefused(c change.Claim, m change.Transition) {
	s.Helper()
	for name, write := range map[string]func() error{
		"extend":  func() error { return s.Queue.Extend(s.Context(), c, time.Hour) },
		"record":  func() error { return s.Queue.Record(s.Context(), c, line("one", 0, change.StepDone), entry(c.ID, "x")) },
		"advance": func() error { return s.Queue.Advance(s.Context(), c, m) },
		"release": func() error { return s.Queue.Release(s.Context(), c) },
	} {
		if err := write(); !errors.Is(err, change.ErrFenced) {
			s.Errorf("%s: error %v, want %v", name, err, change.ErrFenced)
		}
	}
}

func testFencedEpoch(s suite) {
	s.put("a")
	first := s.claim("w1")
	s.Pass(lease + 100*time.Millisecond)
	second := s.claimFor("w1", time.Minute) // the same worker's name gives no right
	s.refused(first.Claim)
	s.noWork() // above all, the refused release did not let anybody in
	if err := s.Queue.Record(s.Context(), second.Claim, line("one", 0, change.StepBegun), entry("a", "x")); err != nil {
		s.Errorf("the present holder records: %v", err)
	}
}

func testFencedLease(s suite) {
	s.put("a")
	c := s.claim("w1")
	s.Pass(lease + 100*time.Millisecond)
	s.refused(c.Claim) // nobody has taken it over, but anybody may at any moment
	if got := s.claim("w2"); !got.TakenOver {
		s.Error("a refused release passed for a release")
	}
}

// The replica that takes over had not heard of w1's claim: w2 is given the same request under the same epoch.
func testFencedForgotten(s suite) {
	s.put("a")
	failOver, err := s.Lag(s.Context(), "a")
	if err != nil {
		s.Fatal(err)
	}
	first := s.claimFor("w1", time.Minute)
	if err := failOver(); err != nil {
		s.Fatal(err)
	}
	s.refused(first.Claim)
	second := s.claimFor("w2", time.Minute)
	if second.Claim.Epoch != first.Claim.Epoch {
		s.Fatalf("epochs %d and %d: the claim was not forgotten", first.Claim.Epoch, second.Claim.Epoch)
	}
	s.refused(first.Claim)
	s.noWork()
	if err := s.Queue.Record(s.Context(), second.Claim, line("one", 0, change.StepBegun), entry("a", "x")); err != nil {
		s.Errorf("the present holder records: %v", err)
	}
}

func testFencedUnknown(s suite) {
	c := change.Claim{ID: "nobody", Epoch: 1, Worker: "w1"}
	s.eachRefused(c, change.Transition{
		ID: c.ID, Event: change.Succeed, From: change.Applying, To: change.Applied, Entry: entry(c.ID, "succeed"),
	})
	if _, err := s.Get(s.Context(), c.ID); !errors.Is(err, change.ErrNotFound) {
		s.Errorf("a refused write left a request behind: error %v", err)
	}
}

func testRelease(s suite) {
	s.put("a")
	first := s.claimFor("w1", time.Minute)
	if err := s.Queue.Release(s.Context(), first.Claim); err != nil {
		s.Fatalf("releasing: %v", err)
	}
	s.refused(first.Claim)
	second := s.claimFor("w2", time.Minute)
	if second.TakenOver {
		s.Error("a claim that was given back counts as taken over")
	}
	if second.Claim.Epoch <= first.Claim.Epoch {
		s.Errorf("epoch %d after epoch %d", second.Claim.Epoch, first.Claim.Epoch)
	}
	if second.Request.State != change.Applying {
		s.Errorf("released request is %s", second.Request.State)
	}
	s.refused(first.Claim)
}

func testTakeOverAlone(s suite) {
	s.put("a", "b")
	if _, err := s.Queue.TakeOver(s.Context(), "w2", lease); !errors.Is(err, change.ErrNoWork) {
		s.Fatalf("what nobody had begun was taken over: error %v", err)
	}
	s.claim("w1")
	if _, err := s.Queue.TakeOver(s.Context(), "w2", lease); !errors.Is(err, change.ErrNoWork) {
		s.Fatalf("taken over while the lease lasts: error %v", err)
	}
	s.Pass(lease + 10*time.Millisecond)
	c, err := s.Queue.TakeOver(s.Context(), "w2", lease)
	if err != nil || c.Claim.ID != "a" || !c.TakenOver {
		s.Errorf("took over %+v, error %v", c.Claim, err)
	}
}

func testInFlight(s suite) {
	const lasts = time.Minute
	s.put("a")
	begin := func(c change.Claim, n int64) {
		s.Helper()
		if err := s.Queue.BeginCall(s.Context(), c, n, lasts); err != nil {
			s.Fatal(err)
		}
	}
	next := func(worker string) executor.Claimed {
		s.Helper()
		s.Pass(lease + 10*time.Millisecond)
		return s.claim(worker)
	}
	first := s.claim("w1")
	if first.InFlight != 0 {
		s.Errorf("before any call %v are left", first.InFlight)
	}
	begin(first.Claim, 1)
	begin(first.Claim, 2)
	if err := s.Queue.EndCalls(s.Context(), first.Claim, 1); err != nil { // late: another has begun
		s.Fatal(err)
	}
	second := next("w2")
	if left := second.InFlight; left > lasts-lease || left < lasts-lease-patience {
		s.Errorf("of a call that may take %v, %v are left after %v", lasts, left, lease)
	}
	if err := s.Queue.BeginCall(s.Context(), first.Claim, 3, lasts); !errors.Is(err, change.ErrFenced) {
		s.Errorf("a worker that was overtaken may call: error %v", err)
	}
	if err := s.Queue.EndCalls(s.Context(), first.Claim, 2); !errors.Is(err, change.ErrFenced) {
		s.Errorf("a worker that was overtaken ends a call: error %v", err)
	}
	if err := s.Queue.Release(s.Context(), second.Claim); err != nil {
		s.Fatal(err)
	}
	third := s.claim("w3") // given back while the call of the first may still be carried out
	if third.InFlight <= 0 {
		s.Error("giving back forgets the call")
	}
	begin(third.Claim, 1)
	if err := s.Queue.EndCalls(s.Context(), third.Claim, 1); err != nil {
		s.Fatal(err)
	}
	if left := next("w4").InFlight; left != 0 {
		s.Errorf("after the end of all calls %v are left", left)
	}
}
