package notify

import (
	"slices"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// The reviewers are told by direct message, the channel in the thread: once each time, also after the work has ended.
func TestTheReviewersAreToldOfWhatSomebodyApprovedAlone(t *testing.T) {
	broken := handlerstest.Said(change.DecisionBreakGlass, "U0ONCALL", "nobody can search")
	broken.To, broken.Due = []string{"U0SEC"}, broken.At.Add(time.Hour)
	overdue := handlerstest.Said(change.DecisionReviewOverdue, "", "")
	overdue.To = broken.To
	r := handlerstest.In(change.Applied, func(r *change.Request) { r.Decisions = []change.Decision{broken, overdue, overdue} })
	slots := func(all []rendered) []string {
		var out []string
		for _, d := range all {
			out = append(out, d.slot)
		}
		return out
	}
	if got := slots(direct(r, nil, false, "/remote-cluster", handlerstest.Start)); !slices.Equal(got, []string{"glass-1-U0SEC", "overdue-1-U0SEC", "overdue-2-U0SEC"}) {
		t.Errorf("direct messages %q", got)
	}
	if got := slots(aboutReviews(r)); !slices.Equal(got, []string{"glass-1", "overdue-1", "overdue-2"}) {
		t.Errorf("in the thread %q", got)
	}
	r.Decisions = append(r.Decisions, handlerstest.Said(change.DecisionReviewWrong, "U0SEC", "it could wait"))
	if got := slots(aboutReviews(r)); !slices.Equal(got, []string{"glass-1", "overdue-1", "overdue-2", "wrong"}) {
		t.Errorf("in the thread %q", got)
	}
	if got := direct(r, nil, false, "/remote-cluster", handlerstest.Start); len(got) > 0 {
		t.Errorf("after the review, new copies: %q", slots(got))
	}
	r.Messages = map[string]change.Message{"glass-1-U0SEC": {Channel: "D0SEC", ID: "1.0"}}
	if got := slots(direct(r, nil, false, "/remote-cluster", handlerstest.Start)); !slices.Equal(got, []string{"glass-1-U0SEC"}) {
		t.Errorf("the copy that was posted is drawn again: %q", got)
	}
}
