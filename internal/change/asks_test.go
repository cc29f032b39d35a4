package change_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
)

// desk is a service over a store in memory, with a planner that plans what it is given.
type desk struct {
	*change.Service
	store   *changetest.Mem
	now     time.Time
	verdict change.Evaluation
	wants   string
	before  time.Time // when what is asked for is of no use any more
}

func (d *desk) Plan(_ context.Context, _ string, params json.RawMessage) (change.Proposal, error) {
	p := change.Proposal{Kind: "k", Target: []string{string(params)}, Params: json.RawMessage(`{}`), RequiredInput: d.wants, Before: d.before}
	digest, err := p.ComputeDigest()
	p.Digest = digest
	return p, err
}

func (d *desk) Authorize(context.Context, change.Proposal, change.Actor) (change.Terms, error) {
	return change.Terms{Rule: "r", Wait: time.Hour}, nil
}

func (d *desk) Eligible(_ context.Context, r *change.Request, by change.Actor) error {
	if by.User == r.Requester.User {
		return &change.NotAllowedError{Why: "your own"}
	}
	return nil
}

func (d *desk) Evaluate(_ context.Context, r *change.Request) (change.Evaluation, error) {
	v := d.verdict
	v.Enough = len(r.Approvals()) > 0
	if v.Enough {
		v.Missing = nil
	}
	return v, nil
}

func newDesk() *desk {
	d := &desk{now: time.UnixMilli(1_700_000_000_000).UTC(), verdict: change.Evaluation{Missing: []change.Need{{Who: []string{"a", "b"}, Count: 1}}}}
	clock := func() time.Time { return d.now }
	d.store = changetest.NewMem(clock)
	n := 0
	d.Service = change.NewService(d.store, change.Options{
		Policy: d, Planners: map[change.Kind]change.Planner{"k": d}, Now: clock,
		NewID: func() string { n++; return fmt.Sprint("r", n) },
	})
	return d
}

func (d *desk) ask(t *testing.T, by, target, parent string) *change.Request {
	t.Helper()
	r, err := d.Propose(t.Context(), change.ProposeInput{Kind: "k", Params: json.RawMessage(target), By: change.Actor{User: by}, Parent: parent})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (d *desk) get(t *testing.T, id string) *change.Request {
	t.Helper()
	r, err := d.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func press(id, user string) change.DecisionInput {
	return change.DecisionInput{ID: id, By: change.Actor{User: user}}
}

func TestEachReminderIsRecordedOnce(t *testing.T) {
	t.Parallel()
	d := newDesk()
	d.verdict.Remind = []time.Duration{10 * time.Minute, 20 * time.Minute, 30 * time.Minute}
	r := d.ask(t, "req", "1", "")
	for _, c := range [][2]int{{5, 0}, {10, 1}, {11, 1}, {35, 2}, {40, 2}} {
		minute, want := c[0], c[1]
		d.now = r.Created.Add(time.Duration(minute) * time.Minute)
		for range 3 { // several replicas, or one that looks often
			if _, err := d.Remind(t.Context(), d.get(t, r.ID)); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		for _, dec := range d.get(t, r.ID).Decisions {
			if dec.Kind == change.DecisionRemind {
				n++
				if strings.Join(dec.To, " ") != "a b" {
					t.Errorf("reminded %v", dec.To)
				}
			}
		}
		if n != want { // at 35 minutes two more are due: they become one
			t.Errorf("after %d minutes %d reminders, want %d", minute, n, want)
		}
	}
	if _, err := d.Approve(t.Context(), press(r.ID, "a")); err != nil {
		t.Fatal(err)
	}
	if due, err := d.Remind(t.Context(), r); due || err != nil {
		t.Errorf("reminded of an approved request: %v, %v", due, err)
	}
}

// What is written down as reminded is whom a message goes to: no more at once than can be, and in turns.
func TestRemindersGoToAFewAtATimeInTurns(t *testing.T) {
	t.Parallel()
	d := newDesk()
	var many []string
	for i := range change.RemindedAtOnce + 5 {
		many = append(many, fmt.Sprintf("U%02d", i))
	}
	d.verdict = change.Evaluation{Missing: []change.Need{{Who: many, Count: 1}}, Remind: []time.Duration{10 * time.Minute, 20 * time.Minute}}
	r := d.ask(t, "req", "1", "")
	reminded := map[string]int{}
	for _, minute := range []int{10, 20} {
		d.now = r.Created.Add(time.Duration(minute) * time.Minute)
		if due, err := d.Remind(t.Context(), d.get(t, r.ID)); !due || err != nil {
			t.Fatal(due, err)
		}
		to := d.get(t, r.ID).Last(change.DecisionRemind).To
		if len(to) != change.RemindedAtOnce {
			t.Errorf("after %d minutes %d are reminded", minute, len(to))
		}
		for _, u := range to {
			reminded[u]++
		}
	}
	if len(reminded) != len(many) {
		t.Errorf("only %d of %d were reminded: %v", len(reminded), len(many), reminded)
	}
}

func TestARequestThatTakesAnothersPlaceWithdrawsIt(t *testing.T) {
	t.Parallel()
	d := newDesk()
	old := d.ask(t, "req", "1", "")
	r := d.ask(t, "req", "1", old.ID)
	was := d.get(t, old.ID)
	if was.State != change.Withdrawn || was.Child != r.ID || r.Parent != old.ID || r.State != change.Pending {
		t.Errorf("old %s followed by %q, new %s follows %q", was.State, was.Child, r.State, r.Parent)
	}
	_, err := d.Propose(t.Context(), change.ProposeInput{Kind: "k", Params: json.RawMessage("2"), By: change.Actor{User: "other"}, Parent: r.ID})
	if _, refused := errors.AsType[*change.NotAllowedError](err); !refused || d.get(t, r.ID).State != change.Pending {
		t.Errorf("somebody else replaced the request: %v", err)
	}
}

func TestARequestStaysIfWhatIsToTakeItsPlaceIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk()
	old, other := d.ask(t, "req", "1", ""), d.ask(t, "other", "2", "")
	_, err := d.Propose(t.Context(), change.ProposeInput{Kind: "k", Params: json.RawMessage("2"), By: change.Actor{User: "req"}, Parent: old.ID})
	if held, ok := errors.AsType[*change.LockedError](err); !ok || held.RequestID != other.ID {
		t.Errorf("the target of another was taken: %v", err)
	}
	if was := d.get(t, old.ID); was.State != change.Pending || was.Child != "" {
		t.Errorf("the old request is lost: %s, followed by %q", was.State, was.Child)
	}
}

func TestApprovalsWaitForWhatHasToBeHandedIn(t *testing.T) {
	t.Parallel()
	d := newDesk()
	d.wants = "the key"
	r := d.ask(t, "req", "1", "")
	r, err := d.Approve(t.Context(), press(r.ID, "a"))
	if err != nil || r.State != change.Pending {
		t.Fatalf("%v, %v", r, err)
	}
	if _, err := d.SubmitInput(t.Context(), press(r.ID, "req")); err == nil {
		t.Error("the requester handed it in")
	}
	if r, err = d.SubmitInput(t.Context(), press(r.ID, "b")); err != nil || r.State != change.Approved {
		t.Fatalf("%v, %v", r, err)
	}
	d.now = d.now.Add(10 * time.Minute)
	if r, err = d.SubmitInput(t.Context(), press(r.ID, "b")); err != nil || r.State != change.Approved || !r.InputSubmitted().At.Equal(d.now) {
		t.Errorf("handing it in again: %v, %v", r, err)
	}
	// The other way round, and too long before.
	d.wants = "the key"
	r = d.ask(t, "req", "2", "")
	if r, err = d.SubmitInput(t.Context(), press(r.ID, "b")); err != nil || r.State != change.Pending {
		t.Fatalf("%v, %v", r, err)
	}
	d.now = d.now.Add(change.InputTTL)
	if r, err = d.Approve(t.Context(), press(r.ID, "a")); err != nil || r.State != change.Pending {
		t.Errorf("approved on something that no longer exists: %v, %v", r, err)
	}
}

// What is kept for an hour must not be handed in hours before its window opens.
func TestWhatIsHandedInIsAskedForWhenTheWindowOpens(t *testing.T) {
	t.Parallel()
	d := newDesk()
	d.wants = "the key"
	opens := d.now.Add(30 * time.Hour)
	d.verdict = change.Evaluation{NotBefore: opens, NotAfter: opens.Add(2 * time.Hour), Submitters: []string{"b"}}
	r := d.ask(t, "req", "1", "")
	r, err := d.Approve(t.Context(), press(r.ID, "a"))
	if err != nil || r.State != change.Pending || !r.Deadline.Equal(d.verdict.NotAfter) {
		t.Fatalf("%+v, %v; it should wait until the window closes", r, err)
	}
	call := func() bool {
		t.Helper()
		due, err := d.RequestInput(t.Context(), d.get(t, r.ID))
		if err != nil {
			t.Fatal(err)
		}
		return due
	}
	early, refused := errors.AsType[*change.NotAllowedError](d.CanSubmitInput(t.Context(), r, change.Actor{User: "b"}))
	if !refused || !strings.Contains(early.Why, "provide it from") || call() {
		t.Errorf("early: %v", early)
	}
	if d.now = opens.Add(-2 * time.Hour); call() {
		t.Error("they are asked while nobody may hand it in")
	}
	d.now = opens.Add(-change.InputLeadTime)
	if !call() || call() || strings.Join(d.get(t, r.ID).Last(change.DecisionInputRequested).To, " ") != "b" {
		t.Error("they are not asked once")
	}
	if r, err = d.SubmitInput(t.Context(), press(r.ID, "b")); err != nil || r.State != change.Approved || !r.NotBefore.Equal(opens) {
		t.Fatalf("%+v, %v", r, err)
	}
	if d.now = opens; r.NeedsInput(d.now) {
		t.Error("it no longer exists when the work begins")
	}
}

// The window that it was handed in for has closed: it will be gone when the next one opens.
func TestWhatIsGoneByTheTimeTheWindowOpensDoesNotCount(t *testing.T) {
	t.Parallel()
	d := newDesk()
	d.wants = "the key"
	d.verdict.NotBefore, d.verdict.NotAfter = d.now, d.now.Add(10*time.Minute)
	r := d.ask(t, "req", "1", "")
	if _, err := d.SubmitInput(t.Context(), press(r.ID, "b")); err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(20 * time.Minute)
	d.verdict.NotBefore, d.verdict.NotAfter = d.now.Add(3*time.Hour), d.now.Add(4*time.Hour)
	if r, err := d.Approve(t.Context(), press(r.ID, "a")); err != nil || r.State != change.Pending || r.NeedsInput(d.now) {
		t.Errorf("%+v, %v", r, err)
	}
}

// Where somebody's approval came so late that what was handed in is gone, it is asked for again.
func TestWhatWasHandedInTooEarlyIsAskedForAgain(t *testing.T) {
	t.Parallel()
	d := newDesk()
	d.wants = "the key"
	d.verdict.Submitters = []string{"b"}
	r := d.ask(t, "req", "1", "")
	if _, err := d.SubmitInput(t.Context(), press(r.ID, "b")); err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(2 * time.Hour)
	if _, err := d.Approve(t.Context(), press(r.ID, "a")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		after time.Duration
		want  bool
	}{{0, false}, {10 * time.Minute, true}, {time.Minute, false}} { // not while the form that opens on approval may be open
		d.now = d.now.Add(c.after)
		if due, err := d.RequestInput(t.Context(), d.get(t, r.ID)); due != c.want || err != nil {
			t.Errorf("after %v: %v, %v", c.after, due, err)
		}
	}
}

// A request for a connection that ends holds its target no longer than that, or the end would wait for it.
func TestARequestWaitsNoLongerThanItIsOfUse(t *testing.T) {
	t.Parallel()
	d := newDesk()
	d.before = d.now.Add(20 * time.Minute)
	if r := d.ask(t, "req", "1", ""); !r.Deadline.Equal(d.before) {
		t.Errorf("it waits until %s", r.Deadline)
	}
	opens := d.now.Add(10 * time.Minute)
	d.verdict.NotBefore, d.verdict.NotAfter = opens, opens.Add(2*time.Hour)
	r := d.ask(t, "req", "2", "")
	r, err := d.Approve(t.Context(), press(r.ID, "a"))
	if err != nil || !r.Deadline.Equal(d.before) {
		t.Errorf("approved for a window, it waits until %s: %v", r.Deadline, err)
	}
	d.wants = "the key"
	r = d.ask(t, "req", "3", "")
	if r, err = d.Approve(t.Context(), press(r.ID, "a")); err != nil || !r.Deadline.Equal(d.before) {
		t.Errorf("while something has to be handed in, it waits until %s: %v", r.Deadline, err)
	}
	d.wants, d.before = "", d.now.Add(-time.Minute) // an extension after the end is for people all the same
	if r := d.ask(t, "req", "4", ""); !r.Deadline.Equal(d.now.Add(time.Hour)) {
		t.Errorf("it waits until %s", r.Deadline)
	}
}

func TestAnApprovalOutsideTheWindowWaitsForIt(t *testing.T) {
	t.Parallel()
	d := newDesk()
	d.verdict.NotBefore, d.verdict.NotAfter = d.now.Add(3*time.Hour), d.now.Add(5*time.Hour)
	r := d.ask(t, "req", "1", "")
	r, err := d.Approve(t.Context(), press(r.ID, "a"))
	if err != nil || r.State != change.Approved || !r.NotBefore.Equal(d.verdict.NotBefore) || !r.Deadline.Equal(d.verdict.NotAfter) {
		t.Fatalf("%+v, %v", r, err)
	}
	claim := func() error {
		_, err := d.store.Claim(t.Context(), "w", time.Minute)
		return err
	}
	d.now = d.verdict.NotBefore.Add(-time.Second)
	if err := claim(); !errors.Is(err, change.ErrNoWork) {
		t.Errorf("claimed before the window opens: %v", err)
	}
	d.now = d.verdict.NotBefore
	if err := claim(); err != nil {
		t.Errorf("not claimed in the window: %v", err)
	}
}

// Approved and yet too late is another matter than a request that nobody approved.
func TestWhatRanOutSaysWhatItWaitedFor(t *testing.T) {
	t.Parallel()
	d := newDesk()
	unapproved := d.ask(t, "req", "1", "")
	d.wants = "the key"
	keyless, lapsed := d.ask(t, "req", "2", ""), d.ask(t, "req", "4", "")
	if _, err := d.SubmitInput(t.Context(), press(lapsed.ID, "b")); err != nil {
		t.Fatal(err)
	}
	d.wants, d.verdict.NotBefore, d.verdict.NotAfter = "", d.now.Add(time.Minute), d.now.Add(time.Hour)
	approved := d.ask(t, "req", "3", "")
	if _, err := d.Approve(t.Context(), press(approved.ID, "a")); err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(2 * time.Hour)
	if n, err := d.ExpireDue(t.Context(), 10); n != 4 || err != nil {
		t.Fatalf("%d ended, %v", n, err)
	}
	for id, want := range map[string]string{unapproved.ID: "not enough approvals", keyless.ID: "or the key did not", lapsed.ID: "or the key did not", approved.ID: "was approved"} {
		if got := d.get(t, id).Last(change.DecisionExpire).Reason; !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}

func TestWhatWaitsForItsWindowCanBeStopped(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(*desk, context.Context, change.DecisionInput) (*change.Request, error)
		want change.State
	}{
		"revoke": {func(d *desk, ctx context.Context, p change.DecisionInput) (*change.Request, error) {
			return d.Revoke(ctx, p)
		}, change.Pending},
		"reject": {func(d *desk, ctx context.Context, p change.DecisionInput) (*change.Request, error) {
			return d.Reject(ctx, p)
		}, change.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk()
			d.verdict.NotBefore, d.verdict.NotAfter = d.now.Add(time.Hour), d.now.Add(5*time.Hour)
			r := d.ask(t, "req", "1", "")
			r, err := d.Approve(t.Context(), press(r.ID, "a"))
			if err != nil {
				t.Fatal(err)
			}
			if r, err = c.do(d, t.Context(), press(r.ID, "a")); err != nil || r.State != c.want {
				t.Fatalf("%+v, %v", r, err)
			}
			d.now = d.verdict.NotBefore
			if _, err := d.store.Claim(t.Context(), "w", time.Minute); !errors.Is(err, change.ErrNoWork) {
				t.Errorf("claimed: %v", err)
			}
		})
	}
}

// Saying that nothing is left frees what a request holds, so it takes somebody else.
func TestWhoAskedAloneDoesNotResolve(t *testing.T) {
	t.Parallel()
	d := newDesk()
	r := d.ask(t, "req", "1", "")
	if _, err := d.Approve(t.Context(), press(r.ID, "a")); err != nil {
		t.Fatal(err)
	}
	c, err := d.store.Claim(t.Context(), "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []change.Transition{
		{ID: r.ID, Event: change.Fail, From: change.Applying, To: change.Undoing},
		{ID: r.ID, Event: change.UndoFailed, From: change.Undoing, To: change.Stuck},
	} {
		if err := d.store.Advance(t.Context(), c.Claim, m); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Resolve(t.Context(), press(r.ID, "req")); !errors.As(err, new(*change.NotAllowedError)) {
		t.Errorf("the requester resolved it: %v", err)
	}
	if r, err := d.Resolve(t.Context(), press(r.ID, "a")); err != nil || r.State != change.RolledBack {
		t.Errorf("an approver: %v, %v", r.State, err)
	}
}
