package change_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// glassDesk is a desk whose policy lets o approve alone, and s review it.
type glassDesk struct {
	*desk
}

func (*glassDesk) MayBreakGlass(_ context.Context, _ *change.Request, by change.Actor) (change.Glass, error) {
	if by.User != "o" {
		return change.Glass{}, &change.NotAllowedError{Why: "not on call"}
	}
	return change.Glass{Rule: "emergencies", Policy: "p", Within: time.Hour, Reviewers: []string{"s"}}, nil
}

func (*glassDesk) MayReview(_ context.Context, _ *change.Request, by change.Actor) error {
	if by.User != "s" {
		return &change.NotAllowedError{Why: "not security"}
	}
	return nil
}

func (*glassDesk) Reviewers(context.Context, *change.Request) ([]string, error) {
	return []string{"s", "t"}, nil
}

func newGlassDesk() *glassDesk {
	d, n := &glassDesk{desk: newDesk()}, 0
	d.Service = change.NewService(d.store, change.Options{
		Policy: d, Planners: map[change.Kind]change.Planner{"k": d}, Now: func() time.Time { return d.now },
		NewID: func() string { n++; return fmt.Sprint("r", n) },
	})
	return d
}

func because(id, user, why string) change.DecisionInput {
	return change.DecisionInput{ID: id, By: change.Actor{User: user}, Reason: why}
}

func refusal(err error) bool {
	_, ok := errors.AsType[*change.NotAllowedError](err)
	return ok
}

func TestOnePersonApprovesInAnEmergency(t *testing.T) {
	t.Parallel()
	d := newGlassDesk()
	d.verdict.NotBefore, d.verdict.NotAfter = d.now.Add(5*time.Hour), d.now.Add(6*time.Hour) // no window holds it up
	id := d.ask(t, "o", "1", "").ID
	for _, p := range []change.DecisionInput{because(id, "o", " "), because(id, "b", "it burns")} {
		if _, err := d.BreakGlass(t.Context(), p); !refusal(err) {
			t.Errorf("%+v: %v", p, err)
		}
	}
	r, err := d.BreakGlass(t.Context(), because(id, "o", "it burns"))
	if err != nil || r.State != change.Approved || !r.NotBefore.IsZero() || r.BrokenGlass() == nil {
		t.Fatalf("%+v, %v", r, err)
	}
	v := r.Review()
	if !v.Open() || v.Overdue(d.now.Add(59*time.Minute)) || !v.Overdue(d.now.Add(time.Hour)) || v.Broken.Reason != "it burns" || v.Broken.To[0] != "s" {
		t.Errorf("%+v", v)
	}
	if again, err := d.BreakGlass(t.Context(), because(id, "o", "it burns")); err != nil || again.Version != r.Version {
		t.Errorf("the answer was lost, and it is approved twice: %v", err)
	}
	lines, err := d.store.Audit(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	var e change.Entry
	if err := json.Unmarshal([]byte(lines[len(lines)-1].Text), &e); err != nil || e.What != "break_glass" || e.Detail != "it burns" || e.Rule != "emergencies" || e.By.User != "o" {
		t.Errorf("%+v, %v", e, err)
	}
	r.Proposal.Records = []change.Record{{Key: "k", Value: json.RawMessage(`1`), Until: d.now}}
	if a := r.StoredRecords(d.now)[0].Approval; a == nil || len(a.Approvers) != 1 || a.Approvers[0] != "o" {
		t.Errorf("%+v", a)
	}
}

// Who approved alone can take that back until the work begins; the review stays.
func TestAnApprovalOfOnePersonCanBeTakenBack(t *testing.T) {
	t.Parallel()
	d := newGlassDesk()
	id := d.ask(t, "u", "1", "").ID
	if _, err := d.BreakGlass(t.Context(), because(id, "o", "it burns")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Revoke(t.Context(), because(id, "b", "")); !refusal(err) {
		t.Errorf("somebody else takes it back: %v", err)
	}
	r, err := d.Revoke(t.Context(), because(id, "o", ""))
	if err != nil || r.State != change.Pending || r.BrokenGlass() != nil || !r.Review().Open() {
		t.Fatalf("%+v, %v", r, err)
	}
	if r, err = d.BreakGlass(t.Context(), because(id, "o", "it burns again")); err != nil || r.State != change.Approved {
		t.Errorf("%+v, %v", r, err)
	}
}

// Beforehand, a window says what the decision would.
func TestWhatCantBeDecidedIsSaidBeforehand(t *testing.T) {
	t.Parallel()
	d := newGlassDesk()
	r := d.ask(t, "u", "1", "")
	o, s := change.Actor{User: "o"}, change.Actor{User: "s"}
	if glass, err := d.CanBreakGlass(t.Context(), r, o); err != nil || glass.Within != time.Hour {
		t.Errorf("%+v, %v", glass, err)
	}
	if err := d.CanReview(t.Context(), r, s); !refusal(err) {
		t.Errorf("there is nothing to review: %v", err)
	}
	r, err := d.BreakGlass(t.Context(), because(r.ID, "o", "it burns"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.CanBreakGlass(t.Context(), r, o); !errors.As(err, new(*change.StateError)) {
		t.Errorf("it is approved already: %v", err)
	}
	if err := d.CanReview(t.Context(), r, s); err != nil {
		t.Error(err)
	}
	if err := d.CanReview(t.Context(), r, o); !refusal(err) {
		t.Errorf("who approved alone reviews it: %v", err)
	}
}

// The review stays open until somebody else has looked, also after the request has ended, and is told of when it is overdue.
func TestAReviewStaysOpen(t *testing.T) {
	t.Parallel()
	d := newGlassDesk()
	id := d.ask(t, "u", "1", "").ID
	if _, err := d.ReviewGlass(t.Context(), change.ReviewInput{DecisionInput: because(id, "s", "fine"), Right: true}); !refusal(err) {
		t.Errorf("there is nothing to review: %v", err)
	}
	if _, err := d.BreakGlass(t.Context(), because(id, "o", "it burns")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Reject(t.Context(), because(id, "b", "no")); err != nil {
		t.Fatal(err)
	}
	remind := func(want int) {
		t.Helper()
		if n, err := d.RemindReviews(t.Context(), 10); err != nil || n != want {
			t.Errorf("at %s %d are told, %v", d.now, n, err)
		}
	}
	remind(0)
	d.now = d.now.Add(time.Hour)
	remind(1)
	remind(0) // another replica, and one that looks often
	d.now = d.now.Add(24 * time.Hour)
	remind(1)
	d.now = d.now.Add(24 * time.Hour)
	remind(0)
	if v := d.get(t, id).Review(); !v.Open() || v.Told != 2 || len(v.Reviewers) != 2 || v.Reviewers[1] != "t" {
		t.Errorf("%+v", v)
	}
	for _, p := range []change.ReviewInput{{DecisionInput: because(id, "s", " ")}, {DecisionInput: because(id, "o", "mine was right"), Right: true}} {
		if _, err := d.ReviewGlass(t.Context(), p); !refusal(err) {
			t.Errorf("%+v: %v", p, err)
		}
	}
	said := change.ReviewInput{DecisionInput: because(id, "s", "it could have waited")}
	for range 2 { // the answer was lost
		r, err := d.ReviewGlass(t.Context(), said)
		if err != nil || r.Review().Open() || r.Review().Verdict.Kind != change.DecisionReviewWrong || r.State != change.Rejected {
			t.Errorf("%+v, %v", r, err)
		}
	}
	if _, err := d.ReviewGlass(t.Context(), change.ReviewInput{DecisionInput: because(id, "s", ""), Right: true}); !refusal(err) {
		t.Errorf("it is reviewed twice: %v", err)
	}
	d.now = d.now.Add(100 * 24 * time.Hour)
	remind(0)
}

// A plan that has changed voids it as any approval.
func TestWhatWasApprovedAloneIsThePresentPlan(t *testing.T) {
	t.Parallel()
	at := time.Now()
	broken := change.Decision{Kind: change.DecisionBreakGlass, By: change.Actor{User: "o"}, At: at, Digest: "d", Due: at.Add(time.Hour)}
	r := &change.Request{Proposal: change.Proposal{Digest: "d"}, Decisions: []change.Decision{broken, {Kind: change.DecisionDrift, Digest: "d"}}}
	if r.BrokenGlass() != nil || !r.Review().Open() {
		t.Error("it counts for another plan, or nobody has to look at it")
	}
	later := broken
	later.Due = at.Add(5 * time.Hour)
	r.Decisions = append(r.Decisions, change.Decision{Kind: change.DecisionReviewRight}, later)
	if v := r.Review(); r.BrokenGlass() == nil || !v.Open() || !v.Due.Equal(later.Due) {
		t.Errorf("%+v", v)
	}
}
