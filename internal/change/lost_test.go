package change_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
)

// lossy does what it is asked to and loses the answer, while lose is set.
type lossy struct {
	*changetest.Mem
	lose bool
}

func (l *lossy) lost(err error) error {
	if err == nil && l.lose {
		return change.ErrUnavailable
	}
	return err
}

func (l *lossy) Transition(ctx context.Context, m change.Transition) error {
	return l.lost(l.Mem.Transition(ctx, m))
}

func (l *lossy) Create(ctx context.Context, r *change.Request, submission string, e change.Entry) (string, error) {
	id, err := l.Mem.Create(ctx, r, submission, e)
	return id, l.lost(err)
}

// planner plans the same, until the world has changed.
type planner struct{ refuse error }

func (p *planner) Plan(_ context.Context, _ string, params json.RawMessage) (change.Proposal, error) {
	return change.Proposal{Kind: "k", Target: []string{"t"}, Title: "title", Params: params, Digest: "d"}, p.refuse
}

type lossyDesk struct {
	*change.Service
	store   *lossy
	planner *planner
}

func newLossyDesk(count int) lossyDesk {
	clock := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	now := func() time.Time { clock = clock.Add(time.Second); return clock }
	d := lossyDesk{store: &lossy{Mem: changetest.NewMem(now)}, planner: &planner{}}
	ids := []string{"first", "second", "third", "fourth"}
	d.Service = change.NewService(d.store, change.Options{
		Policy:   change.Approvers{Name: "approvers", Users: []string{"BEN", "ANNA", "ZOE"}, Count: count, Wait: time.Hour},
		Planners: map[change.Kind]change.Planner{"k": d.planner},
		Now:      now, NewID: func() string { id := ids[0]; ids = ids[1:]; return id },
	})
	return d
}

func (d lossyDesk) propose(t *testing.T) *change.Request {
	t.Helper()
	r, err := d.Propose(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (d lossyDesk) get(t *testing.T, id string) *change.Request {
	t.Helper()
	r, err := d.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var ask = change.ProposeInput{Kind: "k", Params: json.RawMessage(`{}`), By: change.Actor{User: "REQ"}, Submission: "view-1"}

// Anyone who pressed and got no answer presses again: then the press counts, and nobody is told that they were too late.
func TestAPressRepeatedAfterALostAnswerIsTheSamePress(t *testing.T) {
	t.Parallel()
	decisions := map[string]struct {
		by     string
		decide func(lossyDesk, context.Context, change.DecisionInput) (*change.Request, error)
		want   change.State
	}{
		"approve": {"BEN", func(d lossyDesk, c context.Context, p change.DecisionInput) (*change.Request, error) {
			return d.Approve(c, p)
		}, change.Approved},
		"reject": {"BEN", func(d lossyDesk, c context.Context, p change.DecisionInput) (*change.Request, error) {
			return d.Reject(c, p)
		}, change.Rejected},
		"withdraw": {"REQ", func(d lossyDesk, c context.Context, p change.DecisionInput) (*change.Request, error) {
			return d.Withdraw(c, p)
		}, change.Withdrawn},
	}
	for name, one := range decisions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newLossyDesk(1)
			r := d.propose(t)
			p := change.DecisionInput{ID: r.ID, CardVersion: r.Version, By: change.Actor{User: one.by}, Reason: "why"}
			d.store.lose = true
			if _, err := one.decide(d, t.Context(), p); !errors.Is(err, change.ErrUnavailable) {
				t.Fatalf("the answer was lost, but the first press says %v", err)
			}
			d.store.lose = false
			again, err := one.decide(d, t.Context(), p)
			if err != nil || again.State != one.want || len(again.Decisions) != 1 {
				t.Fatalf("the second press: %v, %+v", err, again)
			}
			p.By.User = "ANNA"
			if one.by == "REQ" {
				p.By.User = "BEN"
			}
			if _, err := d.Approve(t.Context(), p); !isState(err) {
				t.Errorf("somebody else is not told that it is too late: %v", err)
			}
		})
	}
}

func isState(err error) bool {
	_, ok := errors.AsType[*change.StateError](err)
	return ok
}

func TestAnApprovalTakenBackTwiceIsTakenBack(t *testing.T) {
	t.Parallel()
	d := newLossyDesk(2)
	r := d.propose(t)
	p := change.DecisionInput{ID: r.ID, By: change.Actor{User: "BEN"}}
	if _, err := d.Approve(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	d.store.lose = true
	if _, err := d.Revoke(t.Context(), p); !errors.Is(err, change.ErrUnavailable) {
		t.Fatal(err)
	}
	d.store.lose = false
	again, err := d.Revoke(t.Context(), p)
	if err != nil || again.ApprovedBy("BEN") || len(again.Decisions) != 2 {
		t.Errorf("%v, %+v", err, again)
	}
	p.By.User = "ANNA"
	if _, err := d.Revoke(t.Context(), p); err == nil {
		t.Error("ANNA removed what she never gave")
	}
}

// Slack delivers again what it got no answer to, and some presses are long on their way: one from before the person's
// own last word must not bring back what that word ended.
func TestAPressFromBeforeThePersonsOwnLastWordIsStale(t *testing.T) {
	t.Parallel()
	d := newLossyDesk(2)
	r := d.propose(t)
	at := func(user string, seen int64) change.DecisionInput {
		return change.DecisionInput{ID: r.ID, CardVersion: seen, By: change.Actor{User: user}}
	}
	did := func(r *change.Request, err error) *change.Request {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	did(d.Approve(t.Context(), at("BEN", 1)))
	did(d.Revoke(t.Context(), at("BEN", 2)))
	now, err := d.Approve(t.Context(), at("BEN", 1))
	if !isStale(err) || now.ApprovedBy("BEN") {
		t.Fatalf("the first approval, delivered again after it was taken back: %v, %+v", err, now)
	}
	did(d.Approve(t.Context(), at("ANNA", 1))) // others' words don't matter
	if now = did(d.Approve(t.Context(), at("BEN", 3))); now.State != change.Approved {
		t.Errorf("pressed on the card as it stands: %s", now.State)
	}
}

func TestARetryDeliveredAgainIsNotAnotherRetry(t *testing.T) {
	t.Parallel()
	d := newLossyDesk(1)
	r := d.propose(t)
	if _, err := d.Approve(t.Context(), change.DecisionInput{ID: r.ID, By: change.Actor{User: "BEN"}}); err != nil {
		t.Fatal(err)
	}
	c, err := d.store.Claim(t.Context(), "w", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	stick := func(c change.Claim, events ...change.Event) int64 {
		t.Helper()
		for _, e := range events {
			from := d.get(t, r.ID).State
			to, _ := from.Next(e)
			if err := d.store.Advance(t.Context(), c, change.Transition{Event: e, From: from, To: to}); err != nil {
				t.Fatal(err)
			}
		}
		return d.get(t, r.ID).Version
	}
	p := change.DecisionInput{ID: r.ID, CardVersion: stick(c.Claim, change.Fail, change.UndoFailed), By: change.Actor{User: "BEN"}}
	if _, err := d.Retry(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if c, err = d.store.Claim(t.Context(), "w", time.Hour); err != nil {
		t.Fatal(err)
	}
	stuck := stick(c.Claim, change.UndoFailed)
	if _, err := d.Retry(t.Context(), p); !isStale(err) {
		t.Errorf("the same press again, after it was tried in vain: %v", err)
	}
	p.CardVersion = stuck
	if _, err := d.Retry(t.Context(), p); err != nil {
		t.Errorf("a new press: %v", err)
	}
}

func isStale(err error) bool {
	_, ok := errors.AsType[*change.StaleError](err)
	return ok
}

// The first submission was stored, and may have been approved and applied before the second arrives: planned anew, it
// would find its own connection in the way.
func TestASubmissionRepeatedAfterALostAnswerIsTheSameRequest(t *testing.T) {
	t.Parallel()
	d := newLossyDesk(1)
	d.store.lose = true
	if _, err := d.Propose(t.Context(), ask); !errors.Is(err, change.ErrUnavailable) {
		t.Fatal(err)
	}
	d.store.lose = false
	d.planner.refuse = &change.InvalidError{Problems: []change.Problem{{Field: "alias", Say: "is taken"}}}
	r := d.propose(t)
	if r.ID != "first" {
		t.Errorf("the second submission made %s", r.ID)
	}
	other := ask
	other.Submission = "view-2"
	if _, err := d.Propose(t.Context(), other); err == nil {
		t.Error("another submission was not planned")
	}
}

// A form that was edited after its answer was lost asks for something else: what was edited must not be dropped in
// silence.
func TestAFormEditedAfterALostAnswerIsNotTheSameRequest(t *testing.T) {
	t.Parallel()
	d := newLossyDesk(1)
	d.store.lose = true
	if _, err := d.Propose(t.Context(), ask); !errors.Is(err, change.ErrUnavailable) {
		t.Fatal(err)
	}
	d.store.lose = false
	for what, edit := range map[string]func(*change.ProposeInput){
		"parameters": func(a *change.ProposeInput) { a.Params = json.RawMessage(`{"days":1}`) },
		"the reason": func(a *change.ProposeInput) { a.Reason = "another" },
	} {
		edited := ask
		edit(&edited)
		r, err := d.Propose(t.Context(), edited)
		held, ok := errors.AsType[*change.LockedError](err)
		if !ok || held.RequestID != "first" || !held.OwnRequest {
			t.Errorf("%s: %+v, %v", what, r, err)
		}
	}
	spaced := ask
	spaced.Params = json.RawMessage(`{ }`)
	if r, err := d.Propose(t.Context(), spaced); err != nil || r.ID != "first" {
		t.Errorf("the same again: %v, %v", r, err)
	}
	other := ask
	other.By.User, other.Submission = "SOMEBODY", "view-2"
	_, err := d.Propose(t.Context(), other)
	if held, ok := errors.AsType[*change.LockedError](err); !ok || held.OwnRequest {
		t.Errorf("somebody else is told %v", err)
	}
}

// unsure is a store whose latest writes may yet be lost.
type unsure struct{ *changetest.Mem }

func (unsure) WaitDurable(context.Context) error { return change.ErrUnavailable }

// What was pressed is seen, and may still be lost: pressing again must not pass for success.
func TestAPressRepeatedCountsOnceItIsSafe(t *testing.T) {
	t.Parallel()
	d := newLossyDesk(1)
	r := d.propose(t)
	now := func() time.Time { return time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC) }
	frail := change.NewService(unsure{d.store.Mem}, change.Options{
		Policy: change.Approvers{Name: "approvers", Users: []string{"BEN", "ANNA"}, Count: 2, Wait: time.Hour}, Now: now,
	})
	ben := change.DecisionInput{ID: r.ID, CardVersion: r.Version, By: change.Actor{User: "BEN"}, Reason: "why"}
	if _, err := frail.Approve(t.Context(), ben); err != nil {
		t.Fatal(err)
	}
	if _, err := frail.Approve(t.Context(), ben); !errors.Is(err, change.ErrUnavailable) {
		t.Errorf("approved again: %v", err)
	}
	ben.CardVersion = 0 // typed
	if _, err := frail.Reject(t.Context(), ben); err != nil {
		t.Fatal(err)
	}
	if _, err := frail.Reject(t.Context(), ben); !errors.Is(err, change.ErrUnavailable) {
		t.Errorf("rejected again: %v", err)
	}
}
