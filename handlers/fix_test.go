package handlers

import (
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// mends presses the button that mends what a message tells of, and returns the modal that opens.
func (d *desk) mends(m bot.Message) string {
	d.t.Helper()
	_, value, ok := strings.Cut(handlerstest.ToJSON(d.t, m.Blocks), `"action_id": "`+cards.ConnectionPrefix+`update",`)
	if !ok {
		d.t.Fatalf("nothing mends it: %s", handlerstest.ToJSON(d.t, m.Blocks))
	}
	_, value, _ = strings.Cut(value, `"value": "`)
	value, _, _ = strings.Cut(value, `"`)
	d.finish(d.changes.formPressed(d.t.Context(), bot.Action{
		ID: cards.ConnectionPrefix + "update", Value: bot.Value{Text: value}, User: asker, Channel: "C0", TriggerID: "9",
	}))
	return "V9"
}

func TestAFilterIsMendedFromTheDiagnosis(t *testing.T) {
	d := newDesk(t, func(systems []link.System) {
		systems[0].EgressCIDRs, systems[1].CanAddFilters = []string{"203.0.113.10"}, true
	})
	d.connected()
	d.world.Platform("ece-prod").SetOutgoing("203.0.113.10")
	d.world.Platform("cloud").Find("b2").SetRulesets(elastic.Ruleset{ID: "r", Name: "office", Type: "ip", Sources: []string{"198.51.100.0/24"}})
	d.types("diagnose search-eu")
	handlerstest.GoldenMessage(t, "diagnose_filter", d.shown())
	v := d.mends(d.shown())
	handlerstest.Golden(t, "modal_update_filter", d.slack.Modals[v].View)
	d.slack.Set(v, link.FieldReason, bot.Value{Text: "dashboards are empty"})
	if body := d.finish(d.changes.formSubmitted(t.Context(), bot.Submission{View: d.slack.View(v), User: asker})); body != nil {
		t.Fatalf("refused: %s", handlerstest.ToJSON(t, body))
	}
	r, err := d.book.Get(t.Context(), "R1")
	if err != nil || r.Proposal.Steps[0].Name != steps.StepAddFilter {
		t.Fatalf("got %+v, %v", r, err)
	}
}

func TestARoleIsMendedFromTheDiagnosis(t *testing.T) {
	d := newDesk(t)
	d.connected()
	d.types("diagnose search-eu") // see TestStatusAndDiagnose for the message
	v := d.mends(d.shown())
	handlerstest.Golden(t, "modal_update_role", d.slack.Modals[v].View)
	d.world.Platform("ece-prod").Find("a1").SetRole("search-eu-readers", `{"cluster":["all"]}`)
	d.slack.Set(v, link.FieldReason, bot.Value{Text: "people search"})
	if body := handlerstest.ToJSON(t, d.finish(d.changes.formSubmitted(t.Context(), bot.Submission{View: d.slack.View(v), User: asker}))); !strings.Contains(body, `"role:`) || !strings.Contains(body, "was not created by the bot") {
		t.Errorf("somebody else's role: %s", body)
	}
}

func TestDiagnoseTakesTheErrorThatSomebodySaw(t *testing.T) {
	d := newDesk(t)
	d.connected()
	d.finish(d.command(t.Context(), bot.Command{Text: "diagnose", User: asker, Channel: "C0", TriggerID: "1"}))
	handlerstest.Golden(t, "modal_diagnose", d.slack.Modals["V1"].View)
	v := d.slack.View("V1")
	if body := handlerstest.ToJSON(t, d.finish(d.inspect.inspectSubmitted(t.Context(), bot.Submission{View: v, User: asker}))); !strings.Contains(body, "Choose a connection") {
		t.Errorf("without a connection: %s", body)
	}
	d.slack.Set("V1", forms.FieldConnection, bot.Value{Option: bot.Option{Value: name}})
	d.slack.Set("V1", forms.FieldReportedError, bot.Value{Text: "unauthorized for user [dana] because no remote indices privileges apply for the target cluster <!channel>"})
	if body := d.finish(d.inspect.inspectSubmitted(t.Context(), bot.Submission{View: d.slack.View("V1"), User: asker})); body != nil {
		t.Fatalf("refused: %s", handlerstest.ToJSON(t, body))
	}
	handlerstest.GoldenMessage(t, "diagnose_heard", d.shown())
	d.finish(d.command(t.Context(), bot.Command{Text: "status", User: asker, Channel: "C0", TriggerID: "2"}))
	if s := d.slack.Shows("V2"); strings.Contains(s, "Error you saw") {
		t.Errorf("a status asks for an error: %s", s)
	}
}

// A status does not mend what works.
func TestStatusOffersNoMendForAHint(t *testing.T) {
	d := newDesk(t)
	d.connected()
	d.types("status search-eu")
	if s := handlerstest.ToJSON(t, d.shown().Blocks); strings.Contains(s, "Fix") {
		t.Errorf("shown: %s", s)
	}
}

// A connection by certificates has no key to rotate; whose certificates it rests on, and until when, is said.
func TestStatusOfAConnectionByCertificates(t *testing.T) {
	d := newDesk(t)
	local, remote := d.world.Platform("ece-prod").Find("a1"), d.world.Platform("cloud").Find("b2")
	d.certified()
	cloud, ece := d.world.Platform("cloud"), d.world.Platform("ece-prod")
	local.TrustAlso(handlerstest.ToJSON(t, elastic.TrustEntry{
		Type: "ESS", ScopeID: cloud.Scope(), All: true, Certificates: []elastic.TrustCertificate{{PEM: cloud.CA("ech-region")}, {PEM: cloud.CA("ech-region next")}},
	}))
	remote.TrustAlso(handlerstest.ToJSON(t, elastic.TrustEntry{
		Type: "ECE", ScopeID: ece.Scope(), All: true, Certificates: []elastic.TrustCertificate{{PEM: ece.CA("ece-region")}, {PEM: ece.CA("ece-region next")}},
	}))
	d.types("status search-eu")
	handlerstest.GoldenMessage(t, "status_certificates", d.shown())
}

func TestFormsAreFilledForTheirCause(t *testing.T) {
	for cause, want := range map[link.Cause]string{
		link.CauseFilter: cards.PrefillFilter, link.CauseNoPrivileges: cards.PrefillRole, link.CausePort: cards.PrefillFix, link.CauseNotAllowed: cards.PrefillApproved,
	} {
		fill := cards.PrefillFor("update", cause)
		if fill != want {
			t.Errorf("%s: %q, want %q", cause, fill, want)
		}
		n := link.Name{Local: elastic.Ref{Platform: "e", Deployment: "a"}, Alias: "x"}
		if got, back, err := cards.ParsePressValue(cards.PressValue(n, fill)); err != nil || got != n || back != fill {
			t.Errorf("%s: a button carries %v %q, %v", cause, got, back, err)
		}
	}
	if fill := cards.PrefillFor("rotate", link.CauseFilter); fill != "" {
		t.Errorf("a rotation is filled with %q", fill)
	}
}
