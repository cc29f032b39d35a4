package handlers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// newFilterDesk is a desk whose remote platform takes network filters of the bot's.
func newFilterDesk(t *testing.T, egress ...string) *desk {
	t.Helper()
	d := newDesk(t, func(systems []link.System) {
		systems[0].EgressCIDRs, systems[1].CanAddFilters = egress, true
	})
	d.world.Platform("cloud").Find("b2").SetRulesets(elastic.Ruleset{ID: "r", Name: "office", Type: "ip", Sources: []string{"198.51.100.0/24"}})
	return d
}

func addresses(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("203.0.113.%d", i))
	}
	return all
}

func TestLongAdvancedSettingsSurviveHidingWhole(t *testing.T) {
	d := newFilterDesk(t)
	d.filledIn()
	d.togglesMore()
	typed := addresses(60) // about 800 characters
	d.fills(link.FieldFilter, strings.Join(typed, "\n"))
	d.togglesMore()
	if d.slack.Has(theModal, link.FieldFilter) {
		t.Fatal("they are still shown")
	}
	if errs := d.submits(); len(errs) > 0 {
		t.Fatal(errs)
	}
	if diff := cmp.Diff(typed, d.asked().Filter.Sources); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsTooLongToBeKeptStaysShown(t *testing.T) {
	d := newDesk(t)
	d.filledIn()
	patterns := strings.Repeat("logs-a-rather-long-name-*\n", 100)
	d.fills(link.FieldReplication, patterns)
	d.clicks(forms.ActionCertificates) // its fields would take the place of the key's
	if d.text(link.FieldReplication) != patterns || d.slack.Has(theModal, link.FieldLocalScope) {
		t.Errorf("the modal shows %s", d.slack.Shows(theModal))
	}
	if shown := d.slack.Shows(theModal); !strings.Contains(shown, "The advanced settings stay open") {
		t.Errorf("the modal does not say why: %s", shown)
	}
	d.fills(link.FieldReplication, "logs-*")
	d.clicks(forms.ActionCertificates)
	if !d.slack.Has(theModal, link.FieldLocalScope) {
		t.Error("it stays though there is room")
	}
}

func TestAnotherModelAndBackLosesNothing(t *testing.T) {
	d := newFilterDesk(t)
	d.filledIn()
	d.fills(link.FieldReplication, "follow-*")
	d.slack.Set(theModal, link.FieldExpiry, bot.Value{Option: bot.Option{Value: "365", Text: "1 year"}})
	d.slack.Set(theModal, link.FieldRole, bot.Value{Option: bot.Option{Value: "readers"}})
	d.fills(link.FieldFilter, "203.0.113.10")
	d.slack.Set(theModal, link.FieldFilterFirst, bot.Value{Options: []bot.Option{{Value: "true"}}})
	d.slack.Set(theModal, link.FieldRestart, bot.Value{Options: []bot.Option{{Value: "true"}}})
	d.clicks(forms.ActionCertificates)
	d.fills(link.FieldLocalScope, "scope1")
	d.fills(link.FieldRegions, "aws-us-east-1")
	d.slack.Set(theModal, link.FieldTrustAll, bot.Value{Options: []bot.Option{{Value: "true"}}})
	d.clicks(forms.ActionKeys)
	d.clicks(forms.ActionCertificates)
	if got := []string{d.text(link.FieldLocalScope), d.text(link.FieldRegions)}; got[0] != "scope1" || got[1] != "aws-us-east-1" || len(d.slack.Get(theModal, link.FieldTrustAll).Options) != 1 {
		t.Errorf("of the certificates' fields %q are left", got)
	}
	d.clicks(forms.ActionKeys)
	if errs := d.submits(); len(errs) > 0 {
		t.Fatal(errs)
	}
	c := d.asked()
	if diff := cmp.Diff([]string{"follow-*"}, c.Access.Replication); diff != "" || c.ExpiryDays != 365 || c.Trust != nil {
		t.Errorf("asked for %+v", c)
	}
	if c.Role == nil || c.Role.Name != "readers" || !c.Restart || c.Filter == nil || !c.Filter.First {
		t.Errorf("asked for %+v", c)
	}
}

func TestTheAddressesOfferedAreWholeAndBesideThoseTyped(t *testing.T) {
	d := newFilterDesk(t, addresses(60)...)
	d.filledIn()
	d.togglesMore()
	d.fills(link.FieldFilter, "192.0.2.1")
	v := d.slack.View(theModal)
	d.finish(d.connect.connectLetIn(t.Context(), bot.Action{ID: forms.ActionLetIn, View: &v, User: asker}))
	if want := "192.0.2.1\n" + strings.Join(addresses(60), "\n"); d.text(link.FieldFilter) != want {
		t.Errorf("filled in %q", d.text(link.FieldFilter))
	}
}

// Where the operator has not said which addresses count, those of the hosts are a suggestion that a person confirms.
func TestAddressesOfHostsAreFilledInToBeConfirmed(t *testing.T) {
	const say = "check them before you submit"
	for name, egress := range map[string][]string{"suggested": nil, "configured": {"203.0.113.10"}} {
		d := newFilterDesk(t, egress...)
		d.world.Platform("ece-prod").SetEgress("10.0.0.1", "192.0.2.9")
		d.filledIn()
		v := d.slack.View(theModal)
		d.finish(d.connect.connectLetIn(t.Context(), bot.Action{ID: forms.ActionLetIn, View: &v, User: asker}))
		want := "192.0.2.9"
		if egress != nil {
			want = egress[0]
		}
		if d.text(link.FieldFilter) != want || strings.Contains(handlerstest.ToJSON(t, d.slack.View(theModal)), say) != (egress == nil) {
			t.Errorf("%s: filled in %q, %s", name, d.text(link.FieldFilter), handlerstest.ToJSON(t, d.slack.View(theModal)))
		}
	}
}

func TestAFilterThatWasTypedIsNotHiddenByAnotherDeployment(t *testing.T) {
	f, m := forms.NewConnect(), forms.ConnectMetadata{More: true}
	f.Texts[link.FieldFilter] = "203.0.113.10"
	if !m.Keep(f) || m.Kept[link.FieldFilter] != "" || !strings.Contains(handlerstest.ToJSON(t, forms.ConnectModal(f, m)), "203.0.113.10") {
		t.Errorf("kept %v", m.Kept)
	}
}

func TestTheLongestMemoryFitsSlack(t *testing.T) {
	long := func(n int) string { return strings.Repeat("a", n) }
	f, m := forms.NewConnect(), forms.ConnectMetadata{Channel: "C0123456789", Parent: "7Q2MZK", Model: "certificate", Keys: true, Certificates: true, MayFilter: true}
	f.Model = m.Model
	f.Local = bot.Option{Value: strings.Repeat("p", 100) + "/" + strings.Repeat("d", 49)}
	f.Remote, m.Pair = f.Local, f.Pair()
	m.Fill(&f, link.ConnectParams{
		Alias: long(cards.MaxAlias), ProxyAddress: long(cards.MaxAddress), ServerName: long(forms.MaxServer),
		Trust: &link.TrustOptions{LocalScope: long(forms.MaxScope), RemoteScope: long(forms.MaxScope), Clusters: []string{remoteID}},
	})
	for _, field := range []string{link.FieldLocal, link.FieldRemote, link.FieldModel, link.FieldFilter} {
		m.Renew(field, "x")
	}
	f.Texts[link.FieldFilter] = strings.Repeat("203.0.113.10\n", 77)
	f.Texts[link.FieldRole] = long(cards.MaxRole)
	if !m.Keep(f) || len(m.Kept) < 2 {
		t.Fatalf("kept %v", m.Kept)
	}
	if s := m.String(); len(s) > forms.MaxMetadata {
		t.Errorf("%d bytes: %s", len(s), s)
	}
}
