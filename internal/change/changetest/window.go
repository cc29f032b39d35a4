package changetest

import (
	"errors"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

func testWindow(s suite) {
	const opens = 300 * time.Millisecond // short, for stores whose time can't be hurried
	s.ask("later", "now")
	r, err := s.Store.Get(s.Context(), "later")
	if err != nil {
		s.Fatal(err)
	}
	m := s.event(r, change.Approve)
	m.NotBefore = s.Now().Add(opens).UTC().Truncate(time.Millisecond)
	if err := s.Store.Transition(s.Context(), m); err != nil {
		s.Fatal(err)
	}
	if r, _ := s.Store.Get(s.Context(), "later"); !r.NotBefore.Equal(m.NotBefore) {
		s.Errorf("it waits until %v, want %v", r.NotBefore, m.NotBefore)
	}
	s.move("now", change.Approve)
	if c := s.claim("w"); c.Claim.ID != "now" {
		s.Errorf("claimed %s before its window opens", c.Claim.ID)
	}
	if s.Now().Before(m.NotBefore) {
		if c, err := s.Store.Claim(s.Context(), "w", time.Minute); !errors.Is(err, change.ErrNoWork) && s.Now().Before(m.NotBefore) {
			s.Errorf("claimed %+v (%v) before its window opens", c.Claim, err)
		}
	}
	if s.Pass != nil {
		s.Pass(opens)
	} else {
		time.Sleep(opens)
	}
	if c := s.claim("w"); c.Claim.ID != "later" {
		s.Errorf("claimed %s, want the one whose window is open", c.Claim.ID)
	}
}

func testFollowed(s suite) {
	s.ask("old")
	s.show("old")
	r := s.pending("new")
	r.Parent = "old"
	s.create(r)
	s.lag("new", "old")
	old, err := s.Store.Get(s.Context(), "old")
	if err != nil || old.Child != "new" {
		s.Errorf("old is followed by %q (%v)", old.Child, err)
	}
	r = s.pending("lonely")
	r.Parent = "forgotten"
	s.create(r) // a parent that is no longer kept stands in nobody's way
}

// What somebody approved alone is found until others have reviewed it, however it ended meanwhile.
func testReviewed(s suite) {
	due := s.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	s.ask("alone", "other")
	step := func(e change.Event, review *time.Time, want error) {
		s.Helper()
		r, err := s.Store.Get(s.Context(), "alone")
		if err != nil {
			s.Fatal(err)
		}
		m := s.event(r, e)
		m.Review = review
		if review != nil {
			kind := change.DecisionBreakGlass
			if review.IsZero() {
				kind = change.DecisionReviewRight
			}
			m.Decisions = append(m.Decisions, change.Decision{Kind: kind, By: change.Actor{User: "u"}, At: s.Now(), Due: *review})
		}
		if e == "" {
			m.To = m.From
		}
		if err := s.Store.Transition(s.Context(), m); !errors.Is(err, want) {
			s.Errorf("%q: %v", e, err)
		}
	}
	found := func(now time.Time, want int) {
		s.Helper()
		if ids, err := s.Store.ReviewsDue(s.Context(), now, 10); err != nil || len(ids) != want || want > 0 && ids[0] != "alone" {
			s.Errorf("at %s %v are due: %v", now, ids, err)
		}
	}
	open := func(want int) {
		s.Helper()
		if all, err := s.Store.Reviews(s.Context(), 10); err != nil || len(all) != want || want > 0 && all[0].ID != "alone" {
			s.Errorf("%d have to be reviewed, %v, want %d", len(all), err, want)
		}
	}
	open(0)
	step(change.Approve, &due, nil)
	found(due.Add(-time.Millisecond), 0)
	found(due, 1)
	open(1)
	step(change.Reject, nil, nil)
	found(due, 1)
	open(1)
	step("", nil, change.ErrConflict) // what has ended takes no other decision
	step("", &due, nil)
	found(due, 1)
	step("", &time.Time{}, nil)
	found(due.Add(time.Hour), 0)
	open(0)
}
