package monitor

import (
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

// Certificates are told of in words of their own: one message a problem, drawn again, and resolved in those words.
func TestWatchTellsOfCertificates(t *testing.T) {
	w := newWard(t, link.ManagedConnection{
		Local: elastic.Ref{Platform: "ece-prod", Deployment: "a1"}, Alias: "search-eu", Record: change.StoredRecord{Request: "r1", By: change.Actor{User: "U0ASKER"}},
	})
	ends := diagnose.Problem{Kind: diagnose.ProblemExpiring, Certificates: true, Fix: link.KindMigrate, Say: "logs-prod trusts certificates of search-eu that expire on 2026-12-24, and none that lasts longer."}
	gap := diagnose.Problem{Kind: diagnose.ProblemDrifted, Certificates: true, Fix: link.KindMigrate, Say: "logs-prod does not trust CN=next."}
	w.check(ends, gap)
	w.check(ends, gap)
	if got := w.slack.Visible(); len(got) != 2 || got[0].Updates != 0 || got[1].Updates != 0 {
		t.Fatalf("%+v", got)
	}
	handlerstest.GoldenMessage(t, "watch_certificates_end", w.slack.Visible()[0].Msg)
	handlerstest.GoldenMessage(t, "watch_certificates_gap", w.slack.Visible()[1].Msg)
	gap.Say = "logs-prod does not trust CN=next; logs-prod does not trust CN=after that."
	w.check(gap)
	if got := w.slack.Visible(); len(got) != 2 || got[1].Updates != 1 {
		t.Fatalf("%+v", got)
	}
	handlerstest.GoldenMessage(t, "watch_certificates_end_resolved", w.slack.Visible()[0].Msg)
	w.check()
	handlerstest.GoldenMessage(t, "watch_certificates_gap_resolved", w.slack.Visible()[1].Msg)
	if len(w.store.Noted[partAlerts]) != 0 {
		t.Errorf("still noted: %v", w.store.Noted)
	}
}
