package monitor_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

// reviewing is all that asks for access reviews of one connection, in memory.
type reviewing struct {
	*monitor.AccessReviews
	t       *testing.T
	now     time.Time // by this process
	shared  time.Time // by the clock of all; zero: the same
	managed link.ManagedConnection
	gone    bool
	unread  error // why its clusters can't be read
	every   time.Duration
	kept    map[string]change.Keep
	leased  time.Time // until then somebody else asks
	away    bool
	was     *monitor.OpenReview // what the last check left
	asked   []time.Time
	racing  func() // happens right before somebody's decision is written; nil: nothing
}

const halfYear = 180 * aDay

func newReviewing(t *testing.T) *reviewing {
	t.Helper()
	r := &reviewing{t: t, now: theEnd, every: halfYear, kept: map[string]change.Keep{}}
	r.managed = link.ManagedConnection{
		Local: elastic.Ref{Platform: "ece", Deployment: "d1"}, Alias: "m", MadeBy: "UALICE", FirstRequest: "r0", KeyName: "k",
		Record: change.StoredRecord{Request: "r1", By: change.Actor{User: "UDAN"}, At: theEnd, Approved: theEnd},
	}
	r.AccessReviews = monitor.NewAccessReviews(monitor.AccessReviewOptions{
		Store: r, Policy: r, Connections: r, Owner: "one", Now: func() time.Time { return r.now },
	})
	return r
}

var errAway = errors.New("away")

func (r *reviewing) clock() time.Time {
	if r.shared.IsZero() {
		return r.now
	}
	return r.shared
}

func (r *reviewing) Now(context.Context) (time.Time, error) { return r.clock(), nil }

func (r *reviewing) Lease(_ context.Context, _, _ string, d time.Duration) (bool, error) {
	if r.away {
		return false, errAway
	}
	if r.clock().Before(r.leased) {
		return false, nil
	}
	r.leased = r.clock().Add(d)
	return true, nil
}

func (r *reviewing) Kept(context.Context, ...string) (map[string]change.Keep, error) {
	if r.away {
		return nil, errAway
	}
	return r.kept, nil
}

func (r *reviewing) Keep(_ context.Context, k change.Keep, before *change.Keep) error {
	if r.racing != nil {
		racing := r.racing
		r.racing = nil
		racing()
	}
	was, ok := r.kept[k.Key]
	if k.Request != r.managed.Record.Request || ok != (before != nil) || ok && was != *before {
		return change.ErrConflict
	}
	r.kept[k.Key] = k
	return nil
}

func (r *reviewing) ForgetKept(_ context.Context, key string) error {
	delete(r.kept, key)
	return nil
}

func (r *reviewing) ReviewsAccess() bool { return r.every > 0 }

func (r *reviewing) AccessReviewOf(map[string][]string, time.Time) (policy.AccessReview, error) {
	return policy.AccessReview{Rule: "all", Every: r.every}, nil
}

func (r *reviewing) MayKeep(_ context.Context, _ map[string][]string, _ time.Time, user string) error {
	if user == "UBOB" {
		return nil
	}
	return &change.NotAllowedError{Why: "not an approver"}
}

func (r *reviewing) Keepers(context.Context, map[string][]string, time.Time) ([]string, error) {
	return []string{"UBOB"}, nil
}

func (r *reviewing) ManagedAt(context.Context, ...link.Name) (map[link.Name]link.ManagedConnection, error) {
	if r.gone {
		return nil, nil
	}
	return map[link.Name]link.ManagedConnection{r.managed.Name(): r.managed}, nil
}

func (r *reviewing) State(context.Context, link.Name) (link.ConnectionState, error) {
	return r.state(), r.unread
}

func (r *reviewing) state() link.ConnectionState {
	m := r.managed
	return link.ConnectionState{Name: m.Name(), Managed: &m}
}

// look is a check whose result is written down; false: nothing is due, or it could not be read.
func (r *reviewing) look() bool {
	open, _, ask, err := r.Due(r.t.Context(), r.state(), r.was, r.clock())
	if len(ask) > 0 {
		r.asked = append(r.asked, r.now)
	}
	if err == nil { // else what was known stays
		r.was = open
	}
	return open != nil
}

// keep is somebody who presses the button of the review as it stands.
func (r *reviewing) keep(user string) error {
	r.t.Helper()
	now, err := r.Of(r.t.Context(), r.state())
	if err != nil {
		r.t.Fatal(err)
	}
	_, err = r.AccessReviews.Keep(r.t.Context(), r.managed.Name(), now.Since, change.Actor{User: user})
	return err
}

func TestAConnectionIsReviewedAndAskedAboutAgain(t *testing.T) {
	t.Parallel()
	r := newReviewing(t)
	if r.now = theEnd.Add(halfYear - time.Second); r.look() {
		t.Error("it is due early")
	}
	due := theEnd.Add(halfYear)
	var want []time.Time
	for _, days := range []int{0, 7, 21, 49, 77} { // after a week, then two, then every four
		want = append(want, due.Add(time.Duration(days)*aDay))
	}
	for r.now = due; r.now.Before(due.Add(80 * aDay)); r.now = r.now.Add(time.Hour) {
		if !r.look() {
			t.Fatal("it is not due any more")
		}
	}
	if !slices.EqualFunc(r.asked, want, time.Time.Equal) {
		t.Errorf("asked at %v, not %v", r.asked, want)
	}
	if err := r.keep("UBOB"); err != nil || r.look() {
		t.Errorf("kept, and still due: %v", err)
	}
	kept := r.now
	if r.now = kept.Add(halfYear - time.Minute); r.look() {
		t.Error("it is due early again")
	}
	if r.now = kept.Add(halfYear); !r.look() || len(r.asked) != len(want)+1 {
		t.Error("it is not asked about again")
	}
}

// A rotation leaves what people approved as it was, so it puts no review off; what people approve anew does. What somebody kept
// that has ended since says nothing of a new connection under the same name.
func TestWhatAReviewGoesBackTo(t *testing.T) {
	t.Parallel()
	r := newReviewing(t)
	r.now = theEnd.Add(halfYear)
	r.managed.Record.Request, r.managed.Record.At = "r2", r.now.Add(-aDay)
	if !r.look() {
		t.Error("a rotation has put it off")
	}
	if err := r.keep("UALICE"); err != nil || r.look() {
		t.Errorf("kept: %v", err)
	}
	r.managed.Record.Request = "r3" // rotated again: it stays kept
	if r.look() {
		t.Error("a rotation forgets that it was kept")
	}
	r.managed.Record.Approved = r.now.Add(aDay)
	if got, err := r.Of(t.Context(), r.state()); err != nil || !got.Since.Equal(r.managed.Record.Approved) || got.Kept != nil {
		t.Errorf("%+v, %v", got, err)
	}
	r.managed.FirstRequest, r.managed.Record.Approved = "another", theEnd
	if !r.look() {
		t.Error("a connection that has ended keeps another one")
	}
	old := newReviewing(t) // its record is from before that was remembered
	old.managed.Record.Approved = time.Time{}
	if old.now = theEnd.Add(halfYear); !old.look() {
		t.Error("an old record is not reviewed")
	}
	ending := newReviewing(t)
	ending.managed.Until = theEnd.Add(halfYear + time.Hour)
	if ending.now = theEnd.Add(halfYear); ending.look() {
		t.Error("it ends within a day, which people are asked about already")
	}
}

func TestWhoMayKeep(t *testing.T) {
	t.Parallel()
	for user, may := range map[string]bool{"UALICE": true, "UDAN": true, "UBOB": true, "UEVE": false} {
		r := newReviewing(t)
		err := r.keep(user)
		if _, refused := errors.AsType[*change.NotAllowedError](err); refused == may || may && err != nil {
			t.Errorf("%s: %v", user, err)
		}
		if _, kept := r.kept[inventory.RecordKey(r.managed.Name())]; kept != may {
			t.Errorf("%s: kept is %t", user, kept)
		}
	}
	r := newReviewing(t)
	r.unread = errAway // then nobody knows which rule covers it; its owner is known
	if err := r.keep("UBOB"); !errors.Is(err, errAway) {
		t.Error(err)
	}
	if err := r.keep("UALICE"); err != nil {
		t.Error(err)
	}
}

// Pressing twice counts once, no matter who presses, and a card that shows what is no more does nothing.
func TestAStaleCardKeepsNothing(t *testing.T) {
	t.Parallel()
	r := newReviewing(t)
	r.now = theEnd.Add(halfYear)
	seen := theEnd
	press := func(user string) error {
		_, err := r.AccessReviews.Keep(t.Context(), r.managed.Name(), seen, change.Actor{User: user})
		return err
	}
	r.racing = func() { // Bob is quicker
		if err := press("UBOB"); err != nil {
			t.Error(err)
		}
	}
	not, ok := errors.AsType[*monitor.NotKeptError](press("UALICE"))
	if !ok || not.Kept == nil || not.Kept.By.User != "UBOB" {
		t.Errorf("%+v", not)
	}
	for _, user := range []string{"UBOB", "UALICE"} {
		r.now = r.now.Add(time.Hour)
		if not, ok := errors.AsType[*monitor.NotKeptError](press(user)); !ok || not.Kept == nil || !not.Kept.At.Equal(theEnd.Add(halfYear)) {
			t.Errorf("%s: %+v", user, not)
		}
	}
	r.managed.Record.Request, r.managed.Record.Approved = "r5", r.now
	if not, ok := errors.AsType[*monitor.NotKeptError](press("UBOB")); !ok || not.Kept != nil || not.Gone {
		t.Errorf("changed since: %+v", not)
	}
	r.gone = true
	if not, ok := errors.AsType[*monitor.NotKeptError](press("UBOB")); !ok || !not.Gone {
		t.Errorf("gone: %+v", not)
	}
}

// One clock that is ahead asks nobody early, puts nothing off for good, and dates no decision into the future.
func TestAClockThatJumpsSkipsNoReview(t *testing.T) {
	t.Parallel()
	r := newReviewing(t)
	r.now, r.shared = theEnd.Add(400*aDay), theEnd.Add(aDay)
	if r.look() {
		t.Error("this process is ahead")
	}
	if err := r.keep("UBOB"); err != nil || !r.kept[inventory.RecordKey(r.managed.Name())].At.Equal(r.shared) {
		t.Errorf("%v, %+v", err, r.kept)
	}
	r.now, r.shared = theEnd.Add(5000*aDay), time.Time{} // both
	if !r.look() || len(r.asked) != 1 {
		t.Error("it is not asked about")
	}
	r.now, r.leased = theEnd.Add(halfYear+2*aDay), time.Time{} // once the clocks are right; a lease lasts by none
	if !r.look() || len(r.asked) != 2 {
		t.Error("it is put off for years")
	}
}

// Whatever happens, and whenever: checks that come late, or are cut off before they are written down, Redis away, a rule that
// goes and comes back. People are asked about each review that lasts, never twice for one moment, and never sooner than said.
func TestNoReviewIsAskedForTwiceNorSkipped(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		r, chance := newReviewing(t), rand.New(rand.NewPCG(seed, 1))
		due, answered := theEnd.Add(halfYear), false
		for step := range 400 {
			r.now = r.now.Add(time.Duration(chance.Int64N(int64(2 * aDay))))
			before, was := len(r.asked), r.was
			switch r.away = chance.IntN(8) == 0; {
			case chance.IntN(10) == 0 && !r.away: // it dies before it has written down what it found
				open, _, _, err := r.Due(t.Context(), r.state(), r.was, r.now)
				if err != nil || (open == nil) != r.now.Before(due) {
					t.Fatalf("seed %d: %v", seed, err)
				}
				r.leased = r.now.Add(5 * time.Minute)
				continue
			case chance.IntN(60) == 0 && !r.away && !r.now.Before(due):
				if err := r.keep("UBOB"); err != nil {
					t.Fatal(err)
				}
				due, answered = r.now.UTC().Truncate(time.Millisecond).Add(halfYear), true
			}
			found := r.look()
			switch {
			case r.away:
				if len(r.asked) != before || r.was != was {
					t.Fatalf("seed %d: something was noted while Redis was away", seed)
				}
			case found == r.now.Before(due):
				t.Fatalf("seed %d, step %d: due is %t at %s", seed, step, found, r.now)
			case found && r.was.Asked == 0 && !r.now.Before(r.leased):
				t.Fatalf("seed %d: it is due, and nobody was asked", seed)
			case len(r.asked) > before && was != nil && was.Asked > 0 && r.now.Before(was.Again):
				t.Fatalf("seed %d: they were asked again too early", seed)
			case found && was != nil && was.Asked > 0 && !r.now.Before(was.Again) && len(r.asked) == before && !r.now.Before(r.leased):
				t.Fatalf("seed %d: they were not asked again", seed)
			}
		}
		if len(r.asked) == 0 && !answered {
			t.Fatalf("seed %d: nobody was ever asked", seed)
		}
	}
}

// A new rule finds many connections due at once: they are asked about one after the other.
func TestANewRuleFloodsNoChannel(t *testing.T) {
	t.Parallel()
	r := newReviewing(t)
	r.now = theEnd.Add(halfYear)
	r.leased = r.now.Add(time.Minute) // somebody has just been asked about another one
	if !r.look() || len(r.asked) != 0 || r.was.Asked != 0 {
		t.Errorf("%+v, asked %v", r.was, r.asked)
	}
	r.now = r.now.Add(time.Minute)
	if !r.look() || len(r.asked) != 1 {
		t.Error("nobody is asked once it is its turn")
	}
}
