package change_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// waiting is a request in the middle of its work, which waits for a person to put a key in.
func (d *desk) waiting(t *testing.T) *change.Request {
	t.Helper()
	r := d.ask(t, "req", "1", "")
	if _, err := d.Approve(t.Context(), press(r.ID, "a")); err != nil {
		t.Fatal(err)
	}
	return d.waits(t, change.Applying, false)
}

// waits lets a worker claim the request, and find that a person is needed.
func (d *desk) waits(t *testing.T, from change.State, undo bool) *change.Request {
	t.Helper()
	c, err := d.store.Claim(t.Context(), "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	needed := change.PersonNeededError{Ask: "put", Say: "Put the key in", HasKey: !undo, For: time.Hour}
	w := needed.Wait("issue", undo, c.Request.Wait, d.now)
	err = d.store.Advance(t.Context(), c.Claim, change.Transition{ID: c.Claim.ID, Event: change.Await, From: from, To: change.WaitingForPerson, Wait: &w})
	if err != nil {
		t.Fatal(err)
	}
	return d.get(t, c.Claim.ID)
}

func TestAKeyIsShownToOnePersonOnce(t *testing.T) {
	t.Parallel()
	d := newDesk()
	r := d.waiting(t)
	refused := func(err error, why string) {
		t.Helper()
		if no, ok := errors.AsType[*change.NotAllowedError](err); !ok {
			t.Errorf("%s: %v", why, err)
		} else if no.Why == "" {
			t.Errorf("%s: no reason", why)
		}
	}
	_, err := d.TakeKey(t.Context(), press(r.ID, "req"))
	refused(err, "who asked takes the key")
	_, err = d.HandDone(t.Context(), press(r.ID, "b"))
	refused(err, "it is in place before anybody has seen it")
	_, err = d.RenewKey(t.Context(), press(r.ID, "b"))
	refused(err, "another one before anybody has seen it")

	r, err = d.TakeKey(t.Context(), press(r.ID, "b"))
	if err != nil || r.Wait.Taken == nil || r.Wait.Taken.By != "b" || r.Wait.Taken.Shown || r.State != change.WaitingForPerson {
		t.Fatalf("taken as %+v, %v", r.Wait.Taken, err)
	}
	_, err = d.TakeKey(t.Context(), press(r.ID, "a"))
	refused(err, "a second time")
	if r.Wait.Lost(d.now) || !r.Wait.Lost(d.now.Add(time.Minute)) {
		t.Error("a key that was not said to be shown is lost after a while, and not at once")
	}
	if r, err = d.KeyShown(t.Context(), r.ID, change.Actor{User: "b"}); err != nil || !r.Wait.Taken.Shown || r.Wait.Lost(d.now.Add(time.Minute)) {
		t.Errorf("shown as %+v, %v", r.Wait.Taken, err)
	}
	if _, err := d.KeyShown(t.Context(), r.ID, change.Actor{User: "a"}); err == nil {
		t.Error("it was shown to who has not taken it")
	}

	// Another key starts anew, within the same time.
	end := r.Wait.Until
	d.now = d.now.Add(10 * time.Minute)
	if r, err = d.RenewKey(t.Context(), press(r.ID, "a")); err != nil || r.State != change.Applying || r.Wait.Answer != change.AnswerRenew {
		t.Fatalf("renewed: %s, %+v, %v", r.State, r.Wait, err)
	}
	if r = d.waits(t, change.Applying, false); r.Wait.Taken != nil || r.Wait.Answer != change.AnswerNone || !r.Wait.Until.Equal(end) {
		t.Errorf("after a renewal it waits for %+v", r.Wait)
	}
	var kinds []change.DecisionKind
	for _, dec := range r.Decisions {
		kinds = append(kinds, dec.Kind)
	}
	if want := []change.DecisionKind{change.DecisionApprove, change.DecisionKeyTaken, change.DecisionKeyShown, change.DecisionRenew}; !slices.Equal(kinds, want) {
		t.Errorf("written down: %v", kinds)
	}
}

func TestAnAnswerCountsForTheQuestionThatItWasGivenTo(t *testing.T) {
	t.Parallel()
	d := newDesk()
	r := d.waiting(t)
	first := press(r.ID, "b")
	first.CardVersion = r.Version
	if _, err := d.TakeKey(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	// The card need not have been drawn again before the same person says that it is done.
	r, err := d.HandDone(t.Context(), first)
	if err != nil || r.State != change.Applying || r.Wait.Answer != change.AnswerDone {
		t.Fatalf("%s, %+v, %v", r.State, r.Wait, err)
	}
	if again := d.waits(t, change.Applying, false); again.Wait.Taken == nil {
		t.Error("who has the key is forgotten")
	}
	for _, user := range []string{"a", "b"} { // pressed late, or delivered twice
		late := first
		late.By.User = user
		if _, err := d.HandDone(t.Context(), late); !errors.As(err, new(*change.StaleError)) {
			t.Errorf("%s on an old card: %v", user, err)
		}
	}
}

func TestAWaitEndsInTime(t *testing.T) {
	t.Parallel()
	d := newDesk()
	r := d.waiting(t)
	end := r.Wait.Until
	for _, c := range []struct {
		at   time.Time
		want change.State
	}{{end.Add(-time.Millisecond), change.WaitingForPerson}, {end, change.Applying}, {end, change.Applying}} {
		d.now = c.at
		if err := d.CheckWaits(t.Context(), 10); err != nil || d.get(t, r.ID).State != c.want {
			t.Errorf("at %s it is %s, %v; want %s", c.at, d.get(t, r.ID).State, err, c.want)
		}
	}
	if r = d.get(t, r.ID); r.State != change.Applying || r.Wait.Answer != change.AnswerNever {
		t.Errorf("it is %s, %+v", r.State, r.Wait)
	}
	if _, err := d.HandDone(t.Context(), press(r.ID, "a")); !errors.As(err, new(*change.StateError)) {
		t.Errorf("done after the end: %v", err)
	}
}

func TestAKeyThatMayBeLostIsReplaced(t *testing.T) {
	t.Parallel()
	d := newDesk()
	r := d.waiting(t)
	if _, err := d.TakeKey(t.Context(), press(r.ID, "b")); err != nil {
		t.Fatal(err)
	}
	if err := d.CheckWaits(t.Context(), 10); err != nil || d.get(t, r.ID).State != change.WaitingForPerson {
		t.Errorf("while it is shown: %s, %v", d.get(t, r.ID).State, err)
	}
	d.now = d.now.Add(time.Minute) // the bot died before Slack had answered
	if err := d.CheckWaits(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	if r = d.get(t, r.ID); r.State != change.Applying || r.Wait.Answer != change.AnswerRenew {
		t.Errorf("it is %s, %+v", r.State, r.Wait)
	}
}

func TestAnUndoThatWaitsGoesOnUndoing(t *testing.T) {
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
	if err := d.store.Advance(t.Context(), c.Claim, change.Transition{ID: r.ID, Event: change.Fail, From: change.Applying, To: change.Undoing}); err != nil {
		t.Fatal(err)
	}
	if err := d.store.Release(t.Context(), c.Claim); err != nil {
		t.Fatal(err)
	}
	r = d.waits(t, change.Undoing, true)
	if r, err = d.HandDone(t.Context(), press(r.ID, "b")); err != nil || r.State != change.Undoing {
		t.Errorf("%s, %v", r.State, err)
	}
}
