package monitor_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// rotating is all that asks for rotations, in memory.
type rotating struct {
	*monitor.Rotations
	now      time.Time
	before   time.Duration
	notes    map[string]string
	requests map[string]*change.Request
	asked    []change.ProposeInput
	refused  error
	taken    bool // another replica has the lease
	stands   bool // a rule lets it run under the approval of the connection
}

func newRotating() *rotating {
	r := &rotating{now: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC), before: 14 * 24 * time.Hour, notes: map[string]string{}, requests: map[string]*change.Request{}}
	r.Rotations = monitor.NewRotations(monitor.RotationOptions{
		Store: r, Policy: r, Planner: r, Propose: r.propose, Owner: "me", Now: func() time.Time { return r.now }, WarnsBefore: 30 * aDay,
	})
	return r
}

func (r *rotating) Lease(context.Context, string, string, time.Duration) (bool, error) {
	return !r.taken, nil
}
func (r *rotating) EndLease(context.Context, string, string) error { return nil }
func (r *rotating) Notes(context.Context, string) (map[string]string, error) {
	return r.notes, nil
}

func (r *rotating) Note(_ context.Context, _, key, text string) error {
	r.notes[key] = text
	return nil
}

func (r *rotating) Get(_ context.Context, id string) (*change.Request, error) {
	if q, ok := r.requests[id]; ok && q == nil {
		return nil, change.ErrUnreadable
	} else if ok {
		return q, nil
	}
	return nil, change.ErrNotFound
}
func (r *rotating) LongestRotateBefore() time.Duration         { return r.before }
func (r *rotating) RotateBefore(change.Proposal) time.Duration { return r.before }
func (r *rotating) MayStand(change.Proposal) bool              { return r.stands }
func (r *rotating) Plan(context.Context, string, json.RawMessage) (change.Proposal, error) {
	return change.Proposal{}, nil
}

func (r *rotating) propose(_ context.Context, a change.ProposeInput) (*change.Request, error) {
	if r.refused != nil {
		return nil, r.refused
	}
	r.asked = append(r.asked, a)
	q := &change.Request{ID: a.Submission, State: change.Pending}
	r.requests[q.ID] = q
	return q, nil
}

func connectionWithKey(alias, request string) link.ManagedConnection {
	return link.ManagedConnection{
		Local: elastic.Ref{Platform: "ece", Deployment: "d1"}, Alias: alias, KeyName: "k", KeyDays: 90, MadeBy: "UALICE",
		Record: change.StoredRecord{Request: request},
	}
}

const aDay = 24 * time.Hour

// ask asks, and reports whether nobody need be warned.
func (r *rotating) ask(t *testing.T, c link.ManagedConnection, in time.Duration) (silent bool) {
	t.Helper()
	if err := r.Ask(t.Context(), c, r.now.Add(in)); err != nil {
		t.Fatal(err)
	}
	silent, err := r.Silent(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return silent
}

// A key that outlives its connection is never rotated.
func TestAKeyThatOutlivesItsConnectionIsLeftAlone(t *testing.T) {
	t.Parallel()
	r := newRotating()
	c := connectionWithKey("m", "r1")
	c.Until = r.now.Add(5 * aDay)
	if r.ask(t, c, 5*aDay); len(r.asked) != 0 {
		t.Errorf("%+v", r.asked)
	}
	if r.ask(t, c, 4*aDay); len(r.asked) != 1 {
		t.Error("one that ends before is not rotated")
	}
}

// It asks once, in time, and not again while its request is open, nor after a crash that came before its note.
func TestARotationIsAskedForOnce(t *testing.T) {
	t.Parallel()
	r := newRotating()
	c := connectionWithKey("m", "r1")
	for _, in := range []time.Duration{15 * aDay, 9 * aDay, 8 * aDay} {
		if !r.ask(t, c, in) {
			t.Errorf("people are warned %s before", in)
		}
		if due := in < 15*aDay; (len(r.asked) == 1) != due {
			t.Errorf("%s before: %d requests", in, len(r.asked))
		}
	}
	if r.asked[0].By != (change.Actor{User: "UALICE", Bot: true}) || r.asked[0].StandingApproval != nil {
		t.Fatalf("%+v", r.asked)
	}
	clear(r.notes)
	r.ask(t, c, 8*aDay)
	if len(r.asked) != 2 || r.asked[0].Submission != r.asked[1].Submission {
		t.Errorf("another submission makes another request: %+v", r.asked)
	}
	// Nobody has approved it: people are warned in time.
	r.now = r.now.Add(5 * aDay)
	if r.ask(t, c, 3*aDay) {
		t.Error("three days before the end nobody is warned")
	}
}

// It runs under the approval that the connection was made with, where the policy says so, and its line goes below that card.
func TestARotationIsAskedForUnderTheApprovalOfTheConnection(t *testing.T) {
	t.Parallel()
	r := newRotating()
	c := connectionWithKey("m", "r1")
	c.Record.Approval = &change.Approval{Request: "r1", Approvers: []string{"UBOB"}}
	c.Record.Posted = map[string]change.Message{"card": {Channel: "C1", ID: "1.2"}, "final": {Channel: "C1", ID: "1.3"}}
	r.ask(t, c, 8*aDay)
	if len(r.asked) != 1 || r.asked[0].StandingApproval != nil || r.asked[0].Messages != nil {
		t.Fatalf("no rule lets it stand: %+v", r.asked)
	}
	r = newRotating()
	r.stands = true
	r.ask(t, c, 8*aDay)
	if len(r.asked) != 1 || r.asked[0].StandingApproval == nil || r.asked[0].StandingApproval.Request != "r1" {
		t.Fatalf("%+v", r.asked)
	}
	if got := r.asked[0].Messages; len(got) != 1 || got["thread"] != (change.Message{Channel: "C1", ID: "1.2"}) {
		t.Errorf("%+v", got)
	}
	r.requests[r.asked[0].Submission].State = change.RolledBack
	r.ask(t, c, 8*aDay)
	r.now = r.now.Add(aDay)
	r.ask(t, c, 7*aDay)
	if len(r.asked) != 2 || r.asked[1].StandingApproval.Attempt != 1 {
		t.Errorf("%+v", r.asked)
	}
}

// Keys that were made on one day are not all rotated within one hour; one that lives shorter is not rotated at once again.
func TestRotationsAreSpread(t *testing.T) {
	t.Parallel()
	days := map[int]bool{}
	for alias := range strings.FieldsSeq("a b c d e f g h") {
		r := newRotating()
		c := connectionWithKey(alias, "r1")
		for in := 30; in >= 0 && len(r.asked) == 0; in-- {
			r.ask(t, c, time.Duration(in)*aDay)
			if len(r.asked) > 0 {
				if in > 14 || in < 9 {
					t.Errorf("%s: %d days before", alias, in)
				}
				days[in] = true
			}
		}
		short, again := connectionWithKey(alias, "r1"), newRotating()
		short.KeyDays = 10
		if again.ask(t, short, 6*aDay); len(again.asked) > 0 {
			t.Errorf("%s: a key of 10 days is rotated after 4", alias)
		}
	}
	if len(days) < 3 {
		t.Errorf("all are due on the same days: %v", days)
	}
}

// One at a time for each local cluster, and one replica at a time; but not until a key has ended.
func TestRotationsOfAClusterComeOneAfterTheOther(t *testing.T) {
	t.Parallel()
	r := newRotating()
	first, second := connectionWithKey("a", "r1"), connectionWithKey("b", "r2")
	r.taken = true
	if r.ask(t, first, 8*aDay); len(r.asked) > 0 {
		t.Error("another replica is at it")
	}
	r.taken = false
	r.ask(t, first, 8*aDay)
	if r.ask(t, second, 8*aDay); len(r.asked) != 1 {
		t.Error("two at a time")
	}
	if r.ask(t, second, 2*aDay); len(r.asked) != 2 {
		t.Error("the second waits until its key has ended")
	}
	r.requests[r.asked[0].Submission].State = change.Applied
	third := connectionWithKey("c", "r3")
	if r.ask(t, third, 8*aDay); len(r.asked) != 2 {
		t.Error("two at a time")
	}
	r.requests[r.asked[1].Submission].State = change.Applied
	if r.ask(t, third, 8*aDay); len(r.asked) != 3 {
		t.Error("the third has to wait though the others are done")
	}
}

// A request that comes to nothing is made again, later each time; meanwhile people are warned.
func TestARotationThatCameToNothingIsAskedForLater(t *testing.T) {
	t.Parallel()
	r := newRotating()
	c, ends := connectionWithKey("m", "r1"), r.now.Add(9*aDay)
	r.ask(t, c, 9*aDay)
	r.requests[r.asked[0].Submission].State = change.Expired
	for _, step := range []struct {
		pass time.Duration
		want int
	}{{0, 1}, {23 * time.Hour, 1}, {time.Hour, 2}} {
		r.now = r.now.Add(step.pass)
		if silent := r.ask(t, c, ends.Sub(r.now)); silent || len(r.asked) != step.want {
			t.Errorf("%v, %d requests", silent, len(r.asked))
		}
	}
	r.requests[r.asked[1].Submission].State = change.Rejected
	r.refused = &change.NotAllowedError{Why: "no"}
	r.ask(t, c, ends.Sub(r.now))
	r.now = r.now.Add(47 * time.Hour)
	r.ask(t, c, ends.Sub(r.now)) // before its time: nobody refuses it
	r.now = r.now.Add(time.Hour)
	if err := r.Ask(t.Context(), c, ends); err == nil {
		t.Error("why nobody may ask for it is told to nobody")
	}
	r.refused = errors.New("redis is away")
	r.now = r.now.Add(3 * aDay)
	for range 2 { // tried again at each check
		if err := r.Ask(t.Context(), c, ends); err == nil {
			t.Error("it is taken for asked")
		}
	}
	r.refused = nil
	if err := r.Ask(t.Context(), connectionWithKey("m", "r2"), ends); err != nil || len(r.asked) != 3 {
		t.Errorf("a connection that has changed since begins anew: %v, %d", err, len(r.asked))
	}
}

// A rotation whose record can't be read holds up neither the next one of its connection, nor others of the cluster.
func TestARotationThatCantBeReadIsAskedForLater(t *testing.T) {
	t.Parallel()
	r := newRotating()
	c, other, ends := connectionWithKey("m", "r1"), connectionWithKey("n", "r2"), r.now.Add(9*aDay)
	r.ask(t, c, 9*aDay)
	r.requests[r.asked[0].Submission] = nil
	if r.ask(t, other, 9*aDay); len(r.asked) != 2 {
		t.Error("another connection of the cluster waits for it")
	}
	r.requests[r.asked[1].Submission].State = change.Applied
	r.ask(t, c, 9*aDay)
	r.now = r.now.Add(aDay)
	r.refused = &change.LockedError{RequestID: r.asked[0].Submission} // it is put aside
	r.ask(t, c, ends.Sub(r.now))
	r.refused = nil // and was resolved
	if r.ask(t, c, ends.Sub(r.now)); len(r.asked) != 3 {
		t.Errorf("%d requests: the key ends", len(r.asked))
	}
}

// What has no key that ends is left alone.
func TestOnlyKeysThatEndAreRotated(t *testing.T) {
	t.Parallel()
	r := newRotating()
	for _, c := range []link.ManagedConnection{{KeyName: "k"}, {KeyDays: 90}} {
		if r.ask(t, c, 0) || len(r.asked) > 0 {
			t.Errorf("%+v: %+v", c, r.asked)
		}
	}
	r.before = 0
	if r.ask(t, connectionWithKey("m", "r1"), 0) || len(r.notes) != 0 {
		t.Errorf("no rule says so: %v", r.notes)
	}
}
