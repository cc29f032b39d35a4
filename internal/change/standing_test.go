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

// standingDesk is a desk whose policy lets requests run under approvals from before, or says why not.
type standingDesk struct {
	*desk
	err error
}

func (d *standingDesk) Stands(context.Context, *change.Request) (change.Evaluation, error) {
	return change.Evaluation{Enough: true, Rule: "by itself", NotBefore: d.now, NotAfter: d.now.Add(time.Minute)}, d.err
}

func newStandingDesk() *standingDesk {
	d, n := &standingDesk{desk: newDesk()}, 8
	d.Service = change.NewService(d.store, change.Options{
		Policy: d, Planners: map[change.Kind]change.Planner{"k": d}, Now: func() time.Time { return d.now },
		NewID: func() string { n++; return fmt.Sprint("r", n) },
	})
	return d
}

func (d *standingDesk) rotate(t *testing.T) *change.Request {
	t.Helper()
	r, err := d.Propose(t.Context(), change.ProposeInput{
		Kind: "k", Params: json.RawMessage(`"t"`), By: change.Actor{User: "u", Bot: true},
		StandingApproval: &change.StandingApproval{Approval: change.Approval{Request: "r1", Approvers: []string{"a"}}},
		Messages:         map[string]change.Message{"thread": {Channel: "c", ID: "1"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Stand(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return d.get(t, r.ID)
}

func TestARequestIsApprovedUnderItsStandingApproval(t *testing.T) {
	t.Parallel()
	d := newStandingDesk()
	r := d.rotate(t)
	if r.State != change.Approved || !r.UnderStanding() || r.Messages["thread"].ID != "1" || !r.Deadline.Equal(d.now.Add(time.Minute)) {
		t.Fatalf("%+v", r)
	}
	version := r.Version
	if err := d.Stand(t.Context(), r); err != nil || d.get(t, r.ID).Version != version {
		t.Errorf("it is approved twice: %v", err)
	}
	if got := r.Decisions; len(got) != 1 || got[0].Kind != change.DecisionStands || len(r.Approvals()) != 0 {
		t.Errorf("%+v", got)
	}
}

// What does not stand waits for people, and never stands again.
func TestWhatDoesNotStandWaitsForPeople(t *testing.T) {
	t.Parallel()
	d := newStandingDesk()
	d.err = &change.NotAllowedError{Why: "the policy has changed"}
	r := d.rotate(t)
	if r.State != change.Pending || r.UnderStanding() || r.Last(change.DecisionStandsNot).Reason != "the policy has changed" {
		t.Fatalf("%+v", r)
	}
	d.err = nil
	if err := d.Stand(t.Context(), r); err != nil || d.get(t, r.ID).State != change.Pending {
		t.Errorf("it stands again: %v", err)
	}
	if r, err := d.Approve(t.Context(), change.DecisionInput{ID: r.ID, By: change.Actor{User: "b"}}); err != nil || r.State != change.Approved {
		t.Errorf("%+v, %v", r, err)
	}
}

// While nobody knows who may approve, nothing is decided.
func TestWhatCantBeWeighedIsWeighedLater(t *testing.T) {
	t.Parallel()
	d := newStandingDesk()
	d.err = errors.New("slack is away")
	r, err := d.Propose(t.Context(), change.ProposeInput{
		Kind: "k", Params: json.RawMessage(`"t"`), By: change.Actor{User: "u", Bot: true}, StandingApproval: &change.StandingApproval{},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Stand(t.Context(), r); err == nil {
		t.Error("it is decided")
	}
	if r := d.get(t, r.ID); r.State != change.Pending || !r.UnderStanding() {
		t.Errorf("%+v", r)
	}
	if err := d.Stand(t.Context(), d.ask(t, "u", `"people"`, "")); err != nil {
		t.Errorf("what people ask for: %v", err)
	}
}

// A record keeps what people approved, and a request that ran under it keeps that on.
func TestARecordKeepsItsApproval(t *testing.T) {
	t.Parallel()
	p := change.Proposal{Digest: "d", Substance: "s", Traits: map[string][]string{"kind": {"connect"}}, Records: []change.Record{{Key: "k", Value: json.RawMessage(`1`)}}}
	r := &change.Request{ID: "r1", Proposal: p, Requester: change.Actor{User: "u"}, Decisions: []change.Decision{
		{Kind: change.DecisionApprove, By: change.Actor{User: "a"}, Digest: "d"},
		{Kind: change.DecisionApprove, By: change.Actor{User: "b"}, Digest: "d", Policy: "rules"},
	}}
	kept := r.StoredRecords(r.Created)[0].Approval
	if kept == nil || kept.Request != "r1" || kept.By != "u" || len(kept.Approvers) != 2 || kept.Policy != "rules" || kept.Substance != "s" {
		t.Fatalf("%+v", kept)
	}
	again := &change.Request{ID: "r2", Proposal: p, StandingApproval: &change.StandingApproval{Approval: *kept}}
	if got := again.StoredRecords(r.Created)[0].Approval; got == nil || got.Request != "r1" {
		t.Errorf("%+v", got)
	}
	again.Decisions = []change.Decision{{Kind: change.DecisionStandsNot}, {Kind: change.DecisionApprove, By: change.Actor{User: "c"}, Digest: "d", Policy: "later"}}
	if got := again.StoredRecords(r.Created)[0].Approval; got == nil || got.Request != "r2" || got.Policy != "later" {
		t.Errorf("people approved it anew: %+v", got)
	}
	r.Proposal.Substance = ""
	if got := r.StoredRecords(r.Created)[0].Approval; got != nil {
		t.Errorf("nothing can be done under it: %+v", got)
	}
	r.Proposal.Records[0].Until = r.Created.Add(time.Hour)
	if got := r.StoredRecords(r.Created)[0].Approval; got == nil || !got.Until.Equal(r.Created.Add(time.Hour)) || len(got.Approvers) != 2 {
		t.Errorf("its end was approved: %+v", got)
	}
}
