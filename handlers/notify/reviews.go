package notify

import (
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// aboutReviews are the messages in the thread, and in the channel, about what somebody approved alone.
func aboutReviews(r *change.Request) []rendered {
	var out []rendered
	broken, overdue := 0, 0
	for _, d := range r.Decisions {
		switch d.Kind { //nolint:exhaustive // the others have nothing to do with it
		case change.DecisionBreakGlass:
			broken++
			out = append(out, rendered{slot: fmt.Sprintf("%s-%d", slotGlass, broken), msg: cards.BrokenLine(r, d), postOnly: true})
		case change.DecisionReviewOverdue:
			overdue++
			out = append(out, rendered{slot: fmt.Sprintf("%s-%d", slotOverdue, overdue), msg: cards.OverdueLine(r, d.To), postOnly: true})
		}
	}
	if m, ok := cards.WrongLine(r); ok {
		out = append(out, rendered{slot: slotWrong, msg: m, postOnly: true})
	}
	return out
}
