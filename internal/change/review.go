package change

import (
	"time"
)

// Review says who approved a request alone, and what others say of it.
type Review struct {
	Broken    Decision  // the first time, if there were several since the last review
	Due       time.Time // by when others have to look at it
	Reviewers []string  // who was asked to, last; none where that was not known
	Verdict   *Decision // what one of them said; nil: nobody has yet
	Told      int       // how often it was told that nobody has in time
	LastAt    time.Time // when that was last; zero: never
}

// Open reports whether the review waits for somebody.
func (v *Review) Open() bool { return v != nil && v.Verdict == nil }

// Overdue reports whether it should have been made by then.
func (v *Review) Overdue(by time.Time) bool { return v.Open() && !by.Before(v.Due) }

// Review returns the review of r; nil where nobody has approved it alone.
func (r *Request) Review() *Review {
	var v *Review
	for i, d := range r.Decisions {
		switch d.Kind { //nolint:exhaustive // the others have nothing to do with it
		case DecisionBreakGlass:
			if !v.Open() {
				v = &Review{Broken: d, Due: d.Due, Reviewers: d.To}
			}
		case DecisionReviewRight, DecisionReviewWrong:
			v.Verdict = &r.Decisions[i]
		case DecisionReviewOverdue:
			v.Told++
			v.LastAt, v.Reviewers = d.At, d.To
		}
	}
	return v
}

// BrokenGlass returns the approval of the present plan that somebody gave alone, nil if there is none in force.
func (r *Request) BrokenGlass() *Decision {
	var broken *Decision
	for i, d := range r.Decisions {
		switch d.Kind { //nolint:exhaustive // the others leave it as it is
		case DecisionBreakGlass:
			if d.Digest == r.Proposal.Digest {
				broken = &r.Decisions[i]
			}
		case DecisionRevoke:
			if broken != nil && broken.By.User == d.By.User {
				broken = nil
			}
		case DecisionDrift, Unapproved:
			broken = nil
		}
	}
	return broken
}

// reviewAgain is how long after a review is overdue it is told of once more; then twice as long, and so on.
const reviewAgain = 24 * time.Hour

// next is when it is to be told of again that nobody has reviewed it.
func (v *Review) next() time.Time {
	if v.Told == 0 {
		return v.Due
	}
	return v.LastAt.Add(reviewAgain << min(v.Told-1, 5))
}

// reviews reports whether a decision is about what was approved alone: it may be made after the request has ended, too.
func (k DecisionKind) reviews() bool {
	return k == DecisionReviewRight || k == DecisionReviewWrong || k == DecisionReviewOverdue
}
