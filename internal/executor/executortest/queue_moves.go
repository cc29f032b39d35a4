package executortest

import (
	"errors"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

func testRecord(s suite) {
	s.put("a")
	c := s.claimFor("w1", time.Minute)
	want := line("one", 0, change.StepBegun)
	want.Evidence = change.Evidence{"key_name": "rcb-a", "was": ""}
	for i := range int64(3) {
		want.Attempts = int(i) + 1
		if err := s.Queue.Record(s.Context(), c.Claim, want, entry("a", "step:one:begun")); err != nil {
			s.Fatalf("recording: %v", err)
		}
		r := s.get("a")
		if r.Version != c.Request.Version+i+1 {
			s.Errorf("version %d after %d lines, began with %d", r.Version, i+1, c.Request.Version)
		}
		if diff := cmp.Diff([]change.StepRecord{want}, r.Journal, same); diff != "" {
			s.Errorf("journal (-want +got):\n%s", diff)
		}
	}
}

func testJournalOrder(s suite) {
	s.put("a")
	c := s.claimFor("w1", time.Minute)
	want := []change.StepRecord{
		line("zulu", 0, change.StepDone), line("mike", 1, change.StepDone), line("alpha", 2, change.StepBegun),
		line("beta", 10, change.StepBegun), // 10 comes after 2, also where orders are kept as text
	}
	for _, i := range []int{3, 1, 0, 2} {
		if err := s.Queue.Record(s.Context(), c.Claim, want[i], entry("a", "x")); err != nil {
			s.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, s.get("a").Journal, same); diff != "" {
		s.Errorf("journal (-want +got):\n%s", diff)
	}
}

func testJournalReplaced(s suite) {
	s.put("a")
	c := s.claimFor("w1", time.Minute)
	full := line("one", 0, change.StepUndoFailed)
	full.Ended = full.Begun.Add(time.Second)
	full.Evidence = change.Evidence{"k": "v"}
	full.Finding, full.Trouble = "3 indices", "a quote \" and a line\nbreak, ünïcode"
	full.Leftover = &change.Leftover{Step: "one", What: "a key", Command: "DELETE /k", Cause: "403"}
	bare := line("one", 0, change.StepUndone)
	for _, want := range []change.StepRecord{full, bare} {
		if err := s.Queue.Record(s.Context(), c.Claim, want, entry("a", "x")); err != nil {
			s.Fatal(err)
		}
		if diff := cmp.Diff([]change.StepRecord{want}, s.get("a").Journal, same); diff != "" {
			s.Errorf("journal (-want +got):\n%s", diff)
		}
	}
}

func testSucceed(s suite) {
	s.put("a")
	c := s.claim("w1")
	want := change.Outcome{Ended: time.Date(2026, 11, 23, 9, 31, 0, 0, time.UTC)}
	s.advance(c.Claim, change.Succeed, func(m *change.Transition) { m.Outcome = &want })
	r := s.get("a")
	if r.State != change.Applied || r.Version != c.Request.Version+1 {
		s.Errorf("request is %s, version %d; want %s, %d", r.State, r.Version, change.Applied, c.Request.Version+1)
	}
	if diff := cmp.Diff(want, r.Outcome, same); diff != "" {
		s.Errorf("outcome (-want +got):\n%s", diff)
	}
	s.over(c.Claim)
}

// over checks that c has ended: it gives no right any more, and nobody takes it over.
func (s suite) over(c change.Claim) {
	s.Helper()
	s.refused(c)
	s.Pass(lease + 100*time.Millisecond)
	s.noWork()
}

func testFail(s suite) {
	s.put("a")
	c := s.claimFor("w1", time.Minute)
	failed := change.Outcome{Failed: "one", Why: "it broke", Error: "500"}
	s.advance(c.Claim, change.Fail, func(m *change.Transition) { m.Outcome = &failed })
	if r := s.get("a"); r.State != change.Undoing {
		s.Fatalf("request is %s", r.State)
	}
	s.noWork()
	if err := s.Queue.Record(s.Context(), c.Claim, line("one", 0, change.StepUndone), entry("a", "x")); err != nil {
		s.Fatalf("recording while undoing: %v", err)
	}
	s.advance(c.Claim, change.Undone, nil)
	r := s.get("a")
	if r.State != change.RolledBack {
		s.Errorf("request is %s", r.State)
	}
	if diff := cmp.Diff(failed, r.Outcome, same); diff != "" {
		s.Errorf("a move without an outcome changed it (-want +got):\n%s", diff)
	}
	s.over(c.Claim)
}

// stuck brings request id to where a person is needed.
func (s suite) stuck(id string) change.Claim {
	s.Helper()
	s.put(id)
	c := s.claim("w1").Claim
	s.advance(c, change.Fail, nil)
	s.advance(c, change.UndoFailed, func(m *change.Transition) {
		m.Outcome = &change.Outcome{Failed: "one", Why: "it broke", Leftovers: []change.Leftover{{Step: "one", What: "a key", Command: "DELETE /k"}}}
	})
	if r := s.get(id); r.State != change.Stuck || len(r.Outcome.Leftovers) != 1 {
		s.Fatalf("request is %s with outcome %+v", r.State, r.Outcome)
	}
	return c
}

func testRetry(s suite) {
	c := s.stuck("a")
	s.over(c)
	s.service("a", change.Retry)
	got := s.claim("w2")
	if got.TakenOver {
		s.Error("a retried request counts as taken over, though its claim had ended")
	}
	if got.Request.State != change.Undoing || got.Claim.Epoch <= c.Epoch {
		s.Errorf("claimed as %s with epoch %d after %d", got.Request.State, got.Claim.Epoch, c.Epoch)
	}
	if got.Request.Outcome.Failed != "one" {
		s.Errorf("the outcome was lost: %+v", got.Request.Outcome)
	}
}

func testDrift(s suite) {
	s.put("a")
	c := s.claim("w1")
	was, now := c.Request.Proposal, c.Request.Proposal
	now.Digest = "digest-2"
	deadline := c.Request.Deadline.Add(time.Hour)
	decisions := append(c.Request.Decisions[:1:1], change.Decision{
		Kind: change.DecisionDrift, At: c.Request.Created.Add(time.Hour), Reason: "drift", Digest: was.Digest,
	})
	s.advance(c.Claim, change.Drift, func(m *change.Transition) {
		m.Proposal, m.Decisions, m.Deadline = &now, decisions, deadline
	})
	r := s.get("a")
	if r.State != change.Pending || r.ApprovalsSince != r.Version {
		s.Errorf("request is %s, version %d, asked at %d; want %s, asked at its version", r.State, r.Version, r.ApprovalsSince, change.Pending)
	}
	if diff := cmp.Diff(now, r.Proposal, same); diff != "" {
		s.Errorf("proposal (-want +got):\n%s", diff)
	}
	if r.Previous == nil || r.Previous.Digest != was.Digest {
		s.Errorf("the void plan is %+v", r.Previous)
	}
	if diff := cmp.Diff(decisions, r.Decisions, same); diff != "" {
		s.Errorf("decisions (-want +got):\n%s", diff)
	}
	if !r.Deadline.Equal(deadline) {
		s.Errorf("deadline %v, want %v", r.Deadline, deadline)
	}
	s.over(c.Claim)

	s.service("a", change.Approve)
	again := s.claim("w2")
	if again.TakenOver || again.Claim.Epoch <= c.Claim.Epoch || again.Request.State != change.Applying {
		s.Errorf("approved again, then claimed as %+v, taken over %t, %s", again.Claim, again.TakenOver, again.Request.State)
	}
}

func testLapse(s suite) {
	s.put("a")
	before := s.get("a")
	c := s.claim("w1")
	s.advance(c.Claim, change.InputExpired, nil)
	r := s.get("a")
	if r.State != change.Pending || r.ApprovalsSince != before.ApprovalsSince || r.Previous != nil || !r.Deadline.Equal(before.Deadline) {
		s.Errorf("request is %s, asked at %d, deadline %v, previous %v", r.State, r.ApprovalsSince, r.Deadline, r.Previous)
	}
	if diff := cmp.Diff(before.Approvals(), r.Approvals(), same); diff != "" {
		s.Errorf("approvals (-want +got):\n%s", diff)
	}
	s.over(c.Claim)
	s.service("a", change.Approve)
	if again := s.claim("w2"); again.TakenOver || again.Request.State != change.Applying {
		s.Errorf("approved again, then claimed as %+v, taken over %t, %s", again.Claim, again.TakenOver, again.Request.State)
	}
}

func testImpossible(s suite) {
	s.put("a")
	c := s.claimFor("w1", time.Minute)
	before := s.get("a")
	for name, m := range map[string]change.Transition{
		"from another state": {ID: "a", Event: change.Undone, From: change.Undoing, To: change.RolledBack, Entry: entry("a", "undone")},
		"twice":              {ID: "a", Event: change.Start, From: change.Approved, To: change.Applying, Entry: entry("a", "start")},
	} {
		if err := s.Queue.Advance(s.Context(), c.Claim, m); !errors.Is(err, change.ErrConflict) {
			s.Errorf("%s: %s: error %v, want %v", name, m.Event, err, change.ErrConflict)
		}
	}
	if diff := cmp.Diff(before, s.get("a"), same); diff != "" {
		s.Errorf("a refused move changed the request (-before +after):\n%s", diff)
	}
	s.advance(c.Claim, change.Succeed, nil) // and the claim is still good
}
