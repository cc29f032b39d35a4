package monitor_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// removing is all that removes connections, in memory.
type removing struct {
	*monitor.Endings
	t        *testing.T
	now      time.Time // by this process
	shared   time.Time // by the clock of all; zero: the same
	notes    map[string]string
	requests map[string]*change.Request
	asked    []change.ProposeInput
	outcomes []string
	refused  error
	away     bool
	plan     change.Proposal
}

var theEnd = time.Date(2026, 12, 24, 18, 0, 0, 0, time.UTC)

func newRemoving(t *testing.T) *removing {
	t.Helper()
	r := &removing{
		t: t, now: theEnd, notes: map[string]string{}, requests: map[string]*change.Request{}, plan: change.Proposal{Ending: &change.Ending{Until: theEnd}},
	}
	r.Endings = monitor.NewEndings(monitor.EndingOptions{
		Store: r, Planner: r, Propose: r.propose, Now: func() time.Time { return r.now },
		OnDue: func(outcome string) { r.outcomes = append(r.outcomes, outcome) },
	})
	return r
}

func (r *removing) Notes(context.Context, string) (map[string]string, error) {
	if r.away {
		return nil, change.ErrUnavailable
	}
	return r.notes, nil
}

func (r *removing) Note(_ context.Context, _, key, text string) error {
	if r.away {
		return change.ErrUnavailable
	}
	r.notes[key] = text
	return nil
}

func (r *removing) Get(_ context.Context, id string) (*change.Request, error) {
	if q, ok := r.requests[id]; ok && q == nil {
		return nil, change.ErrUnreadable
	} else if ok {
		return q, nil
	}
	return nil, change.ErrNotFound
}

func (r *removing) Plan(_ context.Context, _ string, params json.RawMessage) (change.Proposal, error) {
	p := r.plan
	p.Params = params
	return p, nil
}

// propose makes one request of each submission, as the store does.
func (r *removing) propose(_ context.Context, a change.ProposeInput) (*change.Request, error) {
	if r.refused != nil {
		return nil, r.refused
	}
	if q := r.requests[a.Submission]; q != nil {
		return q, nil
	}
	r.asked = append(r.asked, a)
	q := &change.Request{ID: a.Submission, State: change.Pending, StandingApproval: a.StandingApproval}
	r.requests[q.ID] = q
	return q, nil
}

// temporary is a connection that was approved with the end.
func temporary() link.ManagedConnection {
	return link.ManagedConnection{
		Local: elastic.Ref{Platform: "ece", Deployment: "d1"}, Alias: "m", MadeBy: "UALICE", Until: theEnd,
		Record: change.StoredRecord{
			Request: "r1", At: theEnd.Add(-14 * aDay),
			Approval: &change.Approval{Request: "r1", Approvers: []string{"UBOB"}, Until: theEnd},
		},
	}
}

// look is a check, and says how many requests there are by now.
func (r *removing) look(m link.ManagedConnection) int {
	r.t.Helper()
	if _, err := r.try(m); err != nil {
		r.t.Fatal(err)
	}
	return len(r.asked)
}

func (r *removing) try(m link.ManagedConnection) (time.Duration, error) {
	shared := r.shared
	if shared.IsZero() {
		shared = r.now
	}
	return r.Ask(context.Background(), m, shared)
}

func (r *removing) ends(state change.State) {
	r.requests[r.asked[len(r.asked)-1].Submission].State = state
}

func TestAConnectionIsRemovedAtItsEnd(t *testing.T) {
	t.Parallel()
	r, m := newRemoving(t), temporary()
	r.now = theEnd.Add(-2 * aDay)
	if next, err := r.try(m); err != nil || next != aDay || len(r.asked) != 0 {
		t.Errorf("it is looked at again after %s, when people are asked whether it is extended: %v", next, err)
	}
	r.now = theEnd.Add(-3 * time.Minute)
	if next, err := r.try(m); err != nil || next != 3*time.Minute || len(r.asked) != 0 {
		t.Errorf("it is looked at again after %s: %v", next, err)
	}
	r.now = theEnd
	if first, again := r.look(m), r.look(m); first != 1 || again != 1 {
		t.Fatalf("%+v", r.asked)
	}
	a := r.asked[0]
	var p link.DisconnectParams
	if err := json.Unmarshal(a.Params, &p); err != nil || a.Kind != link.KindDisconnect || p.Alias != "m" || !p.Until.Equal(theEnd) {
		t.Errorf("%+v, %v", p, err)
	}
	if a.By != (change.Actor{User: "UALICE", Bot: true}) || a.StandingApproval == nil || a.StandingApproval.Request != "r1" || !strings.Contains(a.Reason, "2026-12-24 18:00 UTC") {
		t.Errorf("%+v", a)
	}
	endless := temporary()
	endless.Until = time.Time{}
	if next, err := r.try(endless); next != 0 || err != nil || len(r.asked) != 1 {
		t.Error("a connection without an end is removed")
	}
}

// A restart that has forgotten what it noted, or was cut off before it could, finds the request that it made.
func TestARestartRemovesNothingTwice(t *testing.T) {
	t.Parallel()
	r, m := newRemoving(t), temporary()
	r.look(m)
	clear(r.notes)
	if r.look(m) != 1 || len(r.notes) != 1 {
		t.Errorf("%+v", r.asked)
	}
}

// One clock that is ahead, for a moment or for good, ends nothing early; and one that was does not keep it from ending.
func TestAClockThatJumpsEndsNothingEarly(t *testing.T) {
	t.Parallel()
	r, m := newRemoving(t), temporary()
	r.now, r.shared = theEnd.Add(400*aDay), theEnd.Add(-time.Hour)
	if r.look(m) != 0 {
		t.Error("this process is ahead")
	}
	r.now, r.shared = theEnd.Add(-time.Hour), theEnd.Add(400*aDay)
	if r.look(m) != 0 {
		t.Error("Redis is ahead")
	}
	r.now, r.shared = theEnd.Add(300*aDay), time.Time{} // both
	if r.look(m) != 1 {
		t.Error("it does not end")
	}
	r.ends(change.RolledBack)
	r.look(m) // the next attempt is put off, by clocks that are ahead
	r.now = theEnd.Add(time.Hour)
	if r.look(m) != 2 {
		t.Error("once the clocks are right, it is put off for months")
	}
}

// What is away at the moment itself, Redis or a platform, is asked again at the next check.
func TestAnEndIsNotMissedBecauseSomethingIsAway(t *testing.T) {
	t.Parallel()
	r, m := newRemoving(t), temporary()
	r.away = true
	if _, err := r.try(m); err == nil || len(r.asked) != 0 {
		t.Errorf("Redis is away: %v", err)
	}
	r.away, r.refused = false, change.ErrUnavailable // what was written, nobody knows
	if next, err := r.try(m); err == nil || next > time.Minute {
		t.Errorf("Redis went away: %v, again after %s", err, next)
	}
	r.refused, r.now = nil, theEnd.Add(40*aDay)
	if r.look(m) != 1 {
		t.Error("after it is back, it ends")
	}
}

// While somebody else changes the connection, or something is stuck on it, it waits; nothing is counted as a failure.
func TestAnEndWaitsForAChangeThatIsUnderWay(t *testing.T) {
	t.Parallel()
	r, m := newRemoving(t), temporary()
	r.refused = &change.LockedError{RequestID: "r7"}
	if r.look(m) != 0 || len(r.outcomes) != 0 {
		t.Errorf("%v", r.outcomes)
	}
	r.refused = nil
	if r.look(m) != 1 || r.asked[0].StandingApproval.Attempt != 0 {
		t.Errorf("%+v", r.asked)
	}
	r.ends(change.Stuck)
	if r.now = theEnd.Add(10 * aDay); r.look(m) != 1 {
		t.Error("what is stuck is tried again by people alone")
	}
}

// What fails is tried again, at first soon, then once a day, for as long as the connection is there.
func TestAnEndThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	r, m := newRemoving(t), temporary()
	r.look(m)
	for i, wait := range []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour} {
		r.ends(change.RolledBack)
		r.look(m)
		r.now = r.now.Add(wait - time.Second)
		if r.look(m) != i+1 {
			t.Errorf("attempt %d comes within %s", i+2, wait)
		}
		r.now = r.now.Add(time.Second)
		if r.look(m) != i+2 || r.asked[i+1].StandingApproval.Attempt != i+1 {
			t.Errorf("attempt %d: %+v", i+2, r.asked)
		}
	}
}

// A removal whose record can't be read holds the connection while it is put aside; once it is resolved, there is another.
func TestAnEndIsNotMissedBecauseItsRequestCantBeRead(t *testing.T) {
	t.Parallel()
	r, m := newRemoving(t), temporary()
	r.look(m)
	r.requests[r.asked[0].Submission] = nil
	r.refused = &change.LockedError{RequestID: r.asked[0].Submission}
	for range 2 {
		r.look(m)
		r.now = r.now.Add(time.Hour)
	}
	r.refused = nil
	if r.look(m) != 2 {
		t.Error("the connection stays")
	}
}

// People who say no are asked again after a day: what has an end does not stay in silence.
func TestPeopleWhoWantItToStayAreAskedAgain(t *testing.T) {
	t.Parallel()
	r, m := newRemoving(t), temporary()
	r.plan.Ending.Differs = "it differs from what was approved"
	r.look(m)
	r.requests[r.asked[0].Submission].Decisions = []change.Decision{{Kind: change.DecisionStandsNot}}
	r.ends(change.Rejected)
	r.look(m)
	if r.now = r.now.Add(aDay - time.Second); r.look(m) != 1 {
		t.Error("they are asked again at once")
	}
	if r.now = r.now.Add(time.Second); r.look(m) != 2 {
		t.Error("they are not asked again")
	}
	if got := strings.Join(r.outcomes, " "); got != "asked failed asked" {
		t.Error(got)
	}
	m.Until, r.plan.Ending.Until = theEnd.Add(30*aDay), theEnd.Add(30*aDay) // extended
	m.Record.Request = "r9"
	if r.look(m) != 2 {
		t.Error("the old end counts")
	}
}

// Where it can't be read what else goes with it, an hour is waited; then people are asked.
func TestAnEndWaitsUntilWhatGoesWithItCanBeRead(t *testing.T) {
	t.Parallel()
	r, m := newRemoving(t), temporary()
	r.plan.Unsure, r.plan.Ending.Differs = true, "not all could be read"
	if _, err := r.try(m); err == nil || len(r.asked) != 0 {
		t.Errorf("%v", err)
	}
	if r.now = theEnd.Add(time.Hour); r.look(m) != 1 || r.outcomes[0] != monitor.EndingAsked {
		t.Errorf("%v", r.outcomes)
	}
}

// A record without an approval that has this end is for people.
func TestWithoutAnApprovalPeopleAreAsked(t *testing.T) {
	t.Parallel()
	r, m := newRemoving(t), temporary()
	m.Record.Approval = nil
	if r.look(m) != 1 || r.asked[0].StandingApproval != nil || r.outcomes[0] != monitor.EndingAsked {
		t.Errorf("%+v", r.asked)
	}
}
