package handlers

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

const remoteID = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

// clicks presses a button of the modal.
func (d *desk) clicks(id string) {
	d.t.Helper()
	v := d.slack.View(theModal)
	d.finish(d.connect.connectModel(d.t.Context(), bot.Action{ID: id, View: &v, User: asker}))
}

// asked are the parameters of the one request.
func (d *desk) asked() link.ConnectParams {
	d.t.Helper()
	r, err := d.book.Get(d.t.Context(), "R1")
	if err != nil {
		d.t.Fatal(err)
	}
	var c link.ConnectParams
	if err := json.Unmarshal(r.Proposal.Params, &c); err != nil {
		d.t.Fatal(err)
	}
	return c
}

func TestCertificatesAreOfferedWhereKeysCannotBeUsed(t *testing.T) {
	d := newDesk(t)
	for _, one := range d.world.Deployments() { // too old for keys
		one.Edit(func(x *elastic.Deployment) { x.Version, x.ClusterID = "8.12.1", remoteID[:30]+x.Deployment })
	}
	d.types("connect")
	d.chooses(link.FieldLocal, "ece-prod/a1", "logs-prod")
	d.chooses(link.FieldRemote, "cloud/b2", "search-eu")
	d.clicks(forms.ActionCertificates)
	handlerstest.Golden(t, "modal_connect_certificates", d.slack.Modals[theModal].View)
	d.fills(link.FieldReason, "old")
	if errs := d.submits(); len(errs) > 0 {
		t.Fatalf("errors %v", errs)
	}
	c := d.asked()
	want := &link.TrustOptions{LocalScope: "eceprod1", RemoteScope: "cloud1", Clusters: []string{remoteID[:30] + "b2"}}
	if diff := cmp.Diff(want, c.Trust); diff != "" || c.Model != link.ModelCertificate || c.ExpiryDays != 0 || c.ProxyAddress != "search-eu.cloud.example:9400" {
		t.Errorf("asked for %+v (-want +got):\n%s", c, diff)
	}
}

func TestTheWayBackToAKeyKeepsWhatWasTyped(t *testing.T) {
	d := newDesk(t)
	d.filledIn()
	d.clicks(forms.ActionCertificates)
	if d.text(link.FieldAddress) != "search-eu.cloud.example:9400" || d.text(link.FieldReason) != "dashboards" {
		t.Errorf("address %q, reason %q", d.text(link.FieldAddress), d.text(link.FieldReason))
	}
	d.fills(link.FieldAddress, "proxy.example:9400")
	d.clicks(forms.ActionKeys)
	if d.text(link.FieldAddress) != "proxy.example:9400" { // typed by a person: it stays, and is refused with the reason
		t.Errorf("address %q", d.text(link.FieldAddress))
	}
	if errs := d.submits(); !strings.Contains(errs[link.FieldAddress], "9443") {
		t.Errorf("errors %v", errs)
	}
}

func TestExtrasSurviveHiding(t *testing.T) {
	d := newDesk(t)
	d.filledIn()
	d.togglesMore()
	d.slack.Set(theModal, link.FieldRole, bot.Value{Option: bot.Option{Value: "readers"}})
	d.slack.Set(theModal, link.FieldRestart, bot.Value{Options: []bot.Option{{Value: "true"}}})
	d.togglesMore()
	d.togglesMore()
	d.togglesMore()
	if errs := d.submits(); len(errs) > 0 {
		t.Fatalf("errors %v", errs)
	}
	c := d.asked()
	if !c.Restart || c.Role == nil || c.Role.Name != "readers" {
		t.Errorf("asked for %+v", c)
	}
}
