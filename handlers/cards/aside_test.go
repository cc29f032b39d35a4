package cards_test

import (
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

func TestMessagesAboutWhatWasPutAside(t *testing.T) {
	a := change.Aside{ID: "7Q2MZK", Since: time.UnixMilli(4), State: change.Applying, Target: "connection/ece-prod/a1/<!channel>`x", Requesters: []string{"U0ASKER"}}
	handlerstest.GoldenMessage(t, "aside", cards.PutAside(a, []string{"U0ANNA", "U0BEN"}))
	handlerstest.GoldenMessage(t, "aside_unknown", cards.PutAside(change.Aside{ID: "7Q2MZK", State: "?"}, nil))
	a.End = &change.AsideEnd{By: change.Actor{User: "U0ANNA"}, At: handlerstest.Start}
	handlerstest.GoldenMessage(t, "aside_requeued", cards.AsideTakenUp(a))
	a.End = &change.AsideEnd{Resolved: true, By: change.Actor{User: change.Operator}, At: handlerstest.Start, Reason: "The key was left, and is revoked."}
	handlerstest.GoldenMessage(t, "aside_resolved", cards.AsideTakenUp(a))
}
