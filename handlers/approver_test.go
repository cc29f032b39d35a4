package handlers

import (
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// One press approves, unless the policy asks for a second one or could not be asked.
func TestApprovingTakesAsManyPressesAsThePolicySays(t *testing.T) {
	for name, want := range map[string]struct {
		standing *change.Evaluation
		confirm  bool
	}{
		"one press":          {&change.Evaluation{}, false},
		"a second press":     {&change.Evaluation{Confirm: true}, true},
		"no policy answered": {nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			b, ok := cards.Buttons(handlerstest.Pending(), want.standing)[0].(*slack.ButtonBlockElement)
			if !ok || b.ActionID != cards.ActionApprove || (b.Confirm != nil) != want.confirm {
				t.Errorf("%+v", b)
			}
		})
	}
}

// The card says who connects to whom, what may be read and for how long, and why, before anything else.
func TestTheCardLeadsWithWhatIsDecided(t *testing.T) {
	r := handlerstest.Pending()
	r.Proposal.Fields = slices.Insert(r.Proposal.Fields, 2, change.Field{Label: "Sockets", Value: "4"})
	shown := handlerstest.ToJSON(t, cards.Card(r, handlerstest.Missing(), handlerstest.Start).Blocks)
	at := -1
	for _, word := range []string{"*Local:*", "*Remote:*", "*May search:*", "*Key expires:*", "*Why*", "*Sockets:*", ":warning:"} {
		next := strings.Index(shown, word)
		if next <= at {
			t.Errorf("%s stands at %d, after %d", word, next, at)
		}
		at = next
	}
}

func TestACardShowsThreeWarningsAndThePlanAll(t *testing.T) {
	r := handlerstest.Pending()
	r.Proposal.Warnings = []string{"one one", "two two", "three three", "four four", "five five"}
	shown, plan := handlerstest.ToJSON(t, cards.Card(r, handlerstest.Missing(), handlerstest.Start).Blocks), handlerstest.ToJSON(t, planModal(r, true).Blocks)
	if strings.Count(shown, ":warning:") != 3 || !strings.Contains(shown, "2 more warnings in the plan") || strings.Contains(shown, "four four") {
		t.Error(shown)
	}
	if strings.Count(plan, ":warning:") != 5 {
		t.Error(plan)
	}
}

func TestChangesAreAskedForWithASentence(t *testing.T) {
	r := handlerstest.In(change.Rejected, func(r *change.Request) {
		r.Decisions = []change.Decision{handlerstest.Said(change.DecisionRequestChanges, "U0BEN", "leave metrics-* out")}
	})
	m, ok := cards.FinalLine(r, "/remote-cluster")
	if !ok || !strings.Contains(m.Text, ":pencil2: <@U0BEN> requested changes: “`leave metrics-* out`”") || !strings.Contains(handlerstest.ToJSON(t, m.Blocks), cards.ActionEdit) {
		t.Error(m.Text)
	}
	r.Proposal.Kind = link.KindRotate
	if m, _ := cards.FinalLine(r, "/remote-cluster"); !strings.Contains(m.Text, "/remote-cluster rotate") {
		t.Error(m.Text)
	}
}
