package changetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

func testCreate(s suite) {
	want := s.pending("a")
	s.create(want)
	if diff := cmp.Diff(want, s.get("a"), same); diff != "" {
		s.Errorf("stored (-want +got):\n%s", diff)
	}
}

func testUnknown(s suite) {
	if _, err := s.Store.Get(s.Context(), "nobody"); !errors.Is(err, change.ErrNotFound) {
		s.Errorf("getting: error %v, want %v", err, change.ErrNotFound)
	}
	m := change.Transition{ID: "nobody", Version: 1, Event: change.Reject, From: change.Pending, To: change.Rejected, Entry: entry("reject", s.Now())}
	if err := s.Store.Transition(s.Context(), m); !errors.Is(err, change.ErrNotFound) {
		s.Errorf("moving: error %v, want %v", err, change.ErrNotFound)
	}
	if err := s.Store.NoteMessage(s.Context(), "nobody", "t", "card", change.Message{}); !errors.Is(err, change.ErrNotFound) {
		s.Errorf("noting a message: error %v, want %v", err, change.ErrNotFound)
	}
	if _, _, err := s.Store.ClaimNotification(s.Context(), "nobody", "t", time.Minute); !errors.Is(err, change.ErrNotFound) {
		s.Errorf("telling: error %v, want %v", err, change.ErrNotFound)
	}
	if _, err := s.Store.Get(s.Context(), "nobody"); !errors.Is(err, change.ErrNotFound) {
		s.Errorf("a refused write left a request behind: error %v", err)
	}
}

func testSameID(s suite) {
	s.ask("a")
	again := s.pending("a")
	again.Proposal.Target = []string{"another"}
	if _, err := s.Store.Create(s.Context(), again, "", entry("create", s.Now())); !errors.Is(err, change.ErrConflict) {
		s.Errorf("error %v, want %v", err, change.ErrConflict)
	}
	if _, ok, _ := s.Store.Holder(s.Context(), "another"); ok {
		s.Error("a refused request holds a target")
	}
}

func testHeld(s suite) {
	s.ask("a")
	second := s.pending("b")
	second.Proposal.Target = s.get("a").Proposal.Target
	_, err := s.Store.Create(s.Context(), second, "sub-b", entry("create", s.Now()))
	held, ok := errors.AsType[*change.LockedError](err)
	if !ok || held.RequestID != "a" || held.Target != second.Proposal.Subject() {
		s.Fatalf("error %v, want held by a", err)
	}
	if _, err := s.Store.Get(s.Context(), "b"); !errors.Is(err, change.ErrNotFound) {
		s.Errorf("what was refused is there: error %v", err)
	}
	s.move("a", change.Withdraw)
	if id, err := s.Store.Create(s.Context(), second, "sub-b", entry("create", s.Now())); err != nil || id != "b" {
		s.Errorf("the submission that was refused, sent again: made %q, error %v", id, err)
	}
}

func testFreed(s suite) {
	working := func(id string) change.Claim {
		s.move(id, change.Approve)
		return s.claim("w").Claim
	}
	ways := map[string]func(id string){
		"rejected":             func(id string) { s.move(id, change.Reject) },
		"withdrawn":            func(id string) { s.move(id, change.Withdraw) },
		"expired":              func(id string) { s.move(id, change.Expire) },
		"withdrawn, approved":  func(id string) { s.move(id, change.Approve); s.move(id, change.Withdraw) },
		"applied":              func(id string) { s.advance(working(id), change.Succeed) },
		"rolled back":          func(id string) { c := working(id); s.advance(c, change.Fail); s.advance(c, change.Undone) },
		"resolved after stuck": func(id string) { s.stick(working(id)); s.move(id, change.Resolve) },
	}
	for name, end := range ways {
		s.ask(name)
		target := s.get(name).Proposal.Subject()
		end(name)
		if !s.get(name).State.Final() {
			s.Fatalf("%s: it is %s", name, s.get(name).State)
		}
		if id, ok, err := s.Store.Holder(s.Context(), target); ok || err != nil {
			s.Errorf("%s: its target is held by %q, error %v", name, id, err)
		}
		if due, err := s.Store.Due(s.Context(), s.Now().Add(48*time.Hour), 10); len(due) != 0 || err != nil {
			s.Errorf("%s: due %v, error %v", name, due, err)
		}
	}
}

// stick lets a worker give up, and looks that the target is still held.
func (s suite) stick(c change.Claim) {
	s.Helper()
	s.advance(c, change.Fail)
	s.advance(c, change.UndoFailed)
	if id, ok, err := s.Store.Holder(s.Context(), s.get(c.ID).Proposal.Subject()); !ok || id != c.ID || err != nil {
		s.Errorf("the target of a stuck request is held by %q (%t), error %v", id, ok, err)
	}
}

// testReplacing: before a request ends to make way for another, that one is asked about; the first is not in its way.
func testReplacing(s suite) {
	s.ask("old", "stranger")
	r := s.pending("new")
	r.Parent = "old"
	for holder, held := range map[string]bool{"old": false, "stranger": true, "new": false} {
		r.Proposal.Target = s.pending(holder).Proposal.Target
		err := s.Store.CanCreate(s.Context(), r)
		if is, ok := errors.AsType[*change.LockedError](err); ok != held || !held && err != nil || held && is.RequestID != holder {
			s.Errorf("with the target of %s: %v", holder, err)
		}
	}
	if _, err := s.Store.Get(s.Context(), "new"); !errors.Is(err, change.ErrNotFound) {
		s.Errorf("it was only asked about: %v", err)
	}
	if was := s.get("old"); was.State != change.Pending || was.Version != 1 {
		s.Errorf("the one to make way was touched: %+v", was)
	}
}

func testHeldAtOnce(s suite) {
	var (
		wg   sync.WaitGroup
		made atomic.Int64
	)
	for n := range 8 {
		r := s.pending(numbered(n))
		r.Proposal.Target = []string{"the one"}
		wg.Go(func() {
			_, err := s.Store.Create(s.Context(), r, "", entry("create", s.Now()))
			if _, held := errors.AsType[*change.LockedError](err); err == nil {
				made.Add(1)
			} else if !held {
				s.Errorf("creating: %v", err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		s.Errorf("%d requests hold one target", made.Load())
	}
}

func testSubmission(s suite) {
	create := func(id, submission string) string {
		s.Helper()
		made, err := s.Store.Create(s.Context(), s.pending(id), submission, entry("create", s.Now()))
		if err != nil {
			s.Fatalf("creating %s: %v", id, err)
		}
		return made
	}
	submitted := func(sub, want string) {
		s.Helper()
		if id, err := s.Store.Submitted(s.Context(), sub); err != nil || id != want {
			s.Errorf("submission %q made %q, error %v; want %q", sub, id, err, want)
		}
	}
	submitted("sub", "")
	create("a", "sub")
	submitted("sub", "a")
	submitted("", "")
	if made := create("b", "sub"); made != "a" {
		s.Errorf("the second submission made %q, want a", made)
	}
	s.move("a", change.Reject)
	if made := create("c", "sub"); made != "a" {
		s.Errorf("the third submission, after the end of the first, made %q, want a", made)
	}
	for _, id := range []string{"d", "e"} {
		if made := create(id, ""); made != id {
			s.Errorf("without a submission %s made %q", id, made)
		}
	}
}

func testSubmissionForgotten(s suite) {
	if _, err := s.Store.Create(s.Context(), s.pending("a"), "sub", entry("create", s.Now())); err != nil {
		s.Fatal(err)
	}
	s.hurry(25 * time.Hour)
	if made, err := s.Store.Create(s.Context(), s.pending("b"), "sub", entry("create", s.Now())); err != nil || made != "b" {
		s.Errorf("made %q, error %v; want b", made, err)
	}
}

func testMove(s suite) {
	s.ask("a")
	want := s.get("a")
	yes := change.Decision{Kind: change.DecisionApprove, By: change.Actor{User: "UBOB"}, At: s.Now(), Reason: "ok", Digest: "digest-1"}
	m := change.Transition{
		ID: "a", Version: 1, From: change.Pending, To: change.Pending,
		Decisions: []change.Decision{yes}, Entry: entry("approve", s.Now()),
	}
	if err := s.Store.Transition(s.Context(), m); err != nil {
		s.Fatalf("a decision that moves nothing: %v", err)
	}
	want.Version, want.Decisions = 2, m.Decisions
	if diff := cmp.Diff(want, s.get("a"), same); diff != "" {
		s.Errorf("after a decision (-want +got):\n%s", diff)
	}

	m = s.event(want, change.Reject)
	m.Outcome = &change.Outcome{Why: "no", Ended: s.Now(), Leftovers: []change.Leftover{{Step: "one", What: "a key"}}}
	m.Deadline = want.Deadline.Add(time.Hour)
	if err := s.Store.Transition(s.Context(), m); err != nil {
		s.Fatalf("rejecting: %v", err)
	}
	want.Version, want.State, want.Outcome, want.Deadline = 3, change.Rejected, *m.Outcome, m.Deadline
	if diff := cmp.Diff(want, s.get("a"), same); diff != "" {
		s.Errorf("after the rejection (-want +got):\n%s", diff)
	}
}

func testOneWins(s suite) {
	s.ask("a")
	r := s.get("a")
	var (
		wg  sync.WaitGroup
		won atomic.Int64
	)
	for n := range 8 {
		e := []change.Event{change.Approve, change.Reject}[n%2]
		wg.Go(func() {
			switch err := s.Store.Transition(s.Context(), s.event(r, e)); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, change.ErrConflict):
				s.Errorf("moving: %v", err)
			}
		})
	}
	wg.Wait()
	if got := s.get("a"); won.Load() != 1 || got.Version != 2 {
		s.Errorf("%d moves won, the request is at version %d", won.Load(), got.Version)
	}
}

func (s suite) refused(m change.Transition, why string) {
	s.Helper()
	before := s.get(m.ID)
	if err := s.Store.Transition(s.Context(), m); !errors.Is(err, change.ErrConflict) {
		s.Errorf("%s: error %v, want %v", why, err, change.ErrConflict)
	}
	if diff := cmp.Diff(before, s.get(m.ID), same); diff != "" {
		s.Errorf("%s: a refused move changed the request (-before +after):\n%s", why, diff)
	}
}

func testOldVersion(s suite) {
	s.ask("a")
	old := s.get("a")
	s.move("a", change.Approve)
	s.refused(s.event(old, change.Withdraw), "an older version")
	newer := s.event(s.get("a"), change.Withdraw)
	newer.Version++
	s.refused(newer, "a version to come")
}

func testImpossible(s suite) {
	s.ask("a")
	r := s.get("a")
	for _, m := range []change.Transition{
		{Event: change.Succeed, From: change.Pending, To: change.Applied},
		{Event: change.Approve, From: change.Pending, To: change.Applied},
		{Event: change.Withdraw, From: change.Approved, To: change.Withdrawn},
		{From: change.Pending, To: change.Approved},
	} {
		m.ID, m.Version, m.Entry = "a", r.Version, entry("x", s.Now())
		s.refused(m, string(m.From)+" "+string(m.Event)+" "+string(m.To))
	}
}

func testCopy(s suite) {
	r := s.pending("a")
	s.create(r)
	r.Proposal.Fields[0].Value = "changed by who created it"
	got := s.get("a")
	got.Proposal.Fields[0].Value = "changed by who read it"
	if v := s.get("a").Proposal.Fields[0].Value; v != "<all> & more" {
		s.Errorf("the store holds %q", v)
	}
}
