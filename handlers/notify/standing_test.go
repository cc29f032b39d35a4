package notify

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// TestAnEndIsToldBelowACardThatIsNotedLate: what somebody approved alone, for a short time, has ended before it is known where its
// card was posted.
func TestAnEndIsToldBelowACardThatIsNotedLate(t *testing.T) {
	for name, c := range map[string]struct {
		before, after map[string]change.Message
		announced     int64
		want          bool
	}{
		"the card was being posted":  {before: map[string]change.Message{SlotCard: {Channel: "C0REQUESTS"}}, after: map[string]change.Message{SlotCard: {Channel: "C0REQUESTS", ID: "1.1"}}, want: true},
		"the card was yet to come":   {after: map[string]change.Message{SlotCard: {Channel: "C0REQUESTS", ID: "1.1"}}, want: true},
		"the card was never to come": {announced: 1 << 40},
	} {
		t.Run(name, func(t *testing.T) {
			connect := handlerstest.EveryState()["applied"]
			end := handlerstest.Clone(connect)
			end.ID, end.Messages = "7ENDED", nil
			end.StandingApproval = &change.StandingApproval{Approval: change.Approval{Request: connect.ID}}
			synctest.Test(t, func(t *testing.T) {
				b, w := handlerstest.NewOutbox(), handlerstest.NewWorkspace(t)
				b.Put(end)
				b.Put(connect)
				b.Edit(connect.ID, func(r *change.Request) { r.Messages, r.Announced = c.before, c.announced })
				n := newTestTeller(b, w, "one")
				for range 3 {
					n.add(end.ID)
					n.run(t.Context(), end.ID)
				}
				if said := w.Said(); said != "" {
					t.Fatalf("it was said before there was a card: %s", said)
				}
				b.Edit(connect.ID, func(r *change.Request) { r.Messages = c.after })
				time.Sleep(time.Minute)
				n.add(end.ID)
				n.run(t.Context(), end.ID)
				b.WantAnnounced(t, end.ID)
				if !c.want {
					if len(w.Visible()) > 0 {
						t.Error("it was said without a card")
					}
					return
				}
				if m := w.Slot(slotFinal); m.Msg.Thread != "1.1" || m.Channel != "C0REQUESTS" || !strings.Contains(m.Msg.Text, connect.ID) {
					t.Errorf("it was not said below the card: %+v", m)
				}
			})
		})
	}
}
