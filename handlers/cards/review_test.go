package cards

import (
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// brokenGlass is a connection that somebody approved alone, with what was said of it since.
func brokenGlass(since ...change.Decision) *change.Request {
	return handlerstest.In(change.Applied, func(r *change.Request) {
		d := handlerstest.Said(change.DecisionBreakGlass, "U0ONCALL", "nobody can search")
		d.To, d.Due = []string{"U0SEC", "U0SAM"}, d.At.Add(24*time.Hour)
		r.Decisions = append([]change.Decision{d}, since...)
	})
}

func TestWhatSomebodyApprovedAloneWaitsForItsReview(t *testing.T) {
	handlerstest.GoldenMessage(t, "card_review", Card(brokenGlass(), nil, handlerstest.Start))
	overdue := handlerstest.Said(change.DecisionReviewOverdue, "", "")
	overdue.To = []string{"U0NEW"} // who has come into the group since
	for _, want := range []struct {
		r       *change.Request
		line    string
		buttons int
	}{
		{brokenGlass(), "<@U0SEC> or <@U0SAM> has to review it by", 2},
		{brokenGlass(overdue), "<@U0NEW> has to review it by <!date^1772530500^{date_short_pretty} {time}|3 Mar 09:35 UTC>: *overdue*.", 2},
		{brokenGlass(handlerstest.Said(change.DecisionReviewRight, "U0SEC", "")), "", 0},
		{handlerstest.In(change.Applied, nil), "", 0},
	} {
		if got := ReviewLine(want.r); !strings.Contains(got, want.line) || (got == "") != (want.line == "") {
			t.Errorf("got %q, want %q", got, want.line)
		}
		if n := len(Buttons(want.r, nil)); n != want.buttons {
			t.Errorf("%d buttons, want %d", n, want.buttons)
		}
	}
	unknown := brokenGlass()
	unknown.Decisions[0].To = nil
	if got := ReviewLine(unknown); !strings.Contains(got, "Somebody of the reviewers of rule default has to") {
		t.Error(got)
	}
}

func TestOnlyWhereOneMayTheCardOffersToApproveAlone(t *testing.T) {
	offered := func(v *change.Evaluation) bool {
		return strings.Contains(handlerstest.ToJSON(t, Card(handlerstest.Pending(), v, handlerstest.Start).Blocks), ActionBreakGlass)
	}
	if offered(nil) || offered(&change.Evaluation{}) || !offered(&change.Evaluation{Alone: true}) {
		t.Error("the button is not where it may be pressed")
	}
}

func TestAReviewThatFindsFaultTellsThoseWhomItConcerns(t *testing.T) {
	if _, ok := WrongLine(brokenGlass(handlerstest.Said(change.DecisionReviewRight, "U0SEC", ""))); ok {
		t.Error("what was right is told")
	}
	r := brokenGlass(handlerstest.Said(change.DecisionReviewWrong, "U0SEC", "it could wait"))
	m, ok := WrongLine(r)
	if !ok || !m.Broadcast || !strings.Contains(m.Text, "<@U0ONCALL> and <@U0ASKER>: <@U0SEC>") || !strings.Contains(handlerstest.ToJSON(t, m.Blocks), "connection.disconnect") {
		t.Errorf("%+v", m)
	}
	r.Requester.User, r.State = "U0ONCALL", change.RolledBack
	if m, _ := WrongLine(r); strings.Contains(m.Text, "and <@U0ONCALL>") || strings.Contains(handlerstest.ToJSON(t, m.Blocks), "connection.disconnect") {
		t.Errorf("%+v", m)
	}
}

func TestTheLoudMessagesFitSlack(t *testing.T) {
	r := brokenGlass(handlerstest.Said(change.DecisionReviewWrong, "U0SEC", handlerstest.Nasty(3000)))
	r.Decisions[0].Reason, r.Proposal.Title, r.Rule = handlerstest.Nasty(3000), handlerstest.Nasty(700), handlerstest.Nasty(200)
	r.Proposal.Fields = append(r.Proposal.Fields, change.Field{Label: "Until", Value: handlerstest.Nasty(900)})
	wrong, _ := WrongLine(r)
	r.Decisions = r.Decisions[:1]
	for _, m := range []bot.Message{BrokenLine(r, r.Decisions[0]), OverdueLine(r, nil), wrong} {
		if err := handlerstest.CheckMessage(m); err != nil || !m.Broadcast {
			t.Errorf("%v: %+v", err, m)
		}
	}
}
