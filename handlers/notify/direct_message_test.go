package notify

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

func TestCardOfAKeyThatIsAskedForLater(t *testing.T) {
	v := &change.Evaluation{Enough: true, NotBefore: handlerstest.Start.Add(20 * time.Hour), NotAfter: handlerstest.Start.Add(22 * time.Hour)}
	r := handlerstest.Wanting(func(r *change.Request) {
		d := handlerstest.Said(change.DecisionInputRequested, "", "")
		d.To = []string{"U0BEN"}
		r.Decisions = []change.Decision{handlerstest.Said(change.DecisionApprove, "U0ANNA", ""), d}
	})
	handlerstest.GoldenMessage(t, "card_wanting_later", cards.Card(r, v, handlerstest.Start))
	copies := direct(r, v, false, "/remote-cluster", handlerstest.Start)
	if len(copies) != 1 || copies[0].slot != "call-1-U0BEN" || !strings.Contains(copies[0].msg.Text, "as soon as the key is provided") {
		t.Errorf("direct messages %+v", copies)
	}
}

func TestDirectMessagesAreCopiesOfTheCardPostedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, w := handlerstest.NewOutbox(), handlerstest.NewWorkspace(t)
		b.Put(handlerstest.Pending())
		notifier := newTestTeller(b, w, "one")
		notifier.o.Policy = directly{}
		tell := func(edit func(*change.Request)) {
			t.Helper()
			if edit != nil {
				b.Edit("7Q2MZK", edit)
			}
			if err := notifier.notify(t.Context(), "7Q2MZK"); err != nil {
				t.Fatal(err)
			}
		}
		tell(nil)
		tell(func(r *change.Request) {
			d := handlerstest.Said(change.DecisionRemind, "", "")
			d.To = []string{"U0BEN"}
			r.Decisions = append(r.Decisions, d)
		})
		tell(func(r *change.Request) { r.State = change.Withdrawn })
		for _, slot := range []string{"ask-U0ANNA", "ask-U0BEN", "remind-1-U0BEN"} {
			m := w.Slot(slot)
			if shown := handlerstest.ToJSON(t, m.Msg.Blocks); !strings.Contains(shown, "Withdrawn") || strings.Contains(shown, cards.ActionApprove) {
				t.Errorf("%s shows %s", slot, shown)
			}
			if m.Channel == "C0REQUESTS" {
				t.Errorf("%s went to the channel", slot)
			}
		}
		if n := len(w.Visible()); n != 4 {
			t.Errorf("%d messages, want the card and three copies", n)
		}
	})
}

// directly asks anna and ben by direct message.
type directly struct{}

func (directly) Evaluate(context.Context, *change.Request) (change.Evaluation, error) {
	v := *handlerstest.Missing()
	v.Direct = true
	return v, nil
}
