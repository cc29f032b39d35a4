package handlers

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

const identityPattern = `CN=.*\.node\.43c6884488bc3eb2ba2aa4f885db6e58\.cluster\..*`

// uploading is a request that waits until the certificate authority is uploaded.
func uploading(edit func(*change.Request)) *change.Request {
	r := handlerstest.Pending()
	r.Proposal.RequiredInput = steps.InputAuthority
	r.Proposal.Fields = append(r.Proposal.Fields,
		change.Field{Label: "Certificate identity", Value: identityPattern},
		change.Field{Label: "By hand, before the start", Value: "1. Open reports, Security, CA certificates, and download the CA. 2. Upload it."})
	r.Proposal.Steps = slices.Insert(r.Proposal.Steps, 1, change.PlannedStep{
		Name: steps.StepAddAuthority, Title: "Make the remote cluster trust the local one's signatures",
		Calls: []change.Call{{
			System: "Elasticsearch of search-eu", Method: "PUT", Path: "/_cluster/settings",
			Body: `{"persistent":{"cluster.remote.signing.certificate_authorities":["/app/config/signing/ece-prod.crt"]}}`,
		}},
	})
	if edit != nil {
		edit(r)
	}
	return r
}

func TestCardsOfAnAuthorityThatIsUploaded(t *testing.T) {
	for name, r := range map[string]*change.Request{
		"uploading": uploading(nil),
		"uploaded": uploading(func(r *change.Request) {
			r.Decisions = []change.Decision{handlerstest.Said(change.DecisionInputSubmitted, "U0BEN", "")}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			handlerstest.GoldenMessage(t, "card_"+name, cards.Card(r, handlerstest.Missing(), handlerstest.Start))
		})
	}
	r := uploading(func(r *change.Request) {
		r.Decisions = []change.Decision{handlerstest.Said(change.DecisionInputSubmitted, "U0BEN", "")}
	})
	r.State = change.RolledBack
	if s := cards.CleanLine(r); !strings.Contains(s, "it is still on the nodes of the remote side") {
		t.Errorf("said %q", s)
	}
	r.Decisions = nil
	if s := cards.CleanLine(r); strings.Contains(s, "bundle") {
		t.Errorf("nothing was uploaded, and said is %q", s)
	}
}

func TestCardOfAnAuthorityThatIsDueLater(t *testing.T) {
	v := &change.Evaluation{Enough: true, NotBefore: handlerstest.Start.Add(20 * time.Hour), NotAfter: handlerstest.Start.Add(22 * time.Hour)}
	handlerstest.GoldenMessage(t, "card_uploading_later", cards.Card(uploading(nil), v, handlerstest.Start))
}

func TestAnAuthorityIsSaidToBeThereByWhoMayHandItIn(t *testing.T) {
	d := newDesk(t)
	d.with(func(o *Options) { o.Now = d.world.Now })
	r := uploading(func(r *change.Request) { r.Messages = map[string]change.Message{} })
	d.book.Put(r)
	d.finish(d.decisions.approve(t.Context(), pressed(anna, r)))
	if d.slack.Count("open") != 0 || d.state(r.ID) != change.Pending {
		t.Fatalf("%d modals are open, the request is %s", d.slack.Count("open"), d.state(r.ID))
	}
	r, _ = d.book.Get(t.Context(), r.ID)
	d.finish(d.decisions.authorityUploaded(t.Context(), pressed(stranger, r)))
	if !strings.Contains(d.slack.Said(), "not one of the approvers") || d.state(r.ID) != change.Pending {
		t.Errorf("a stranger was told %q, the request is %s", d.slack.Said(), d.state(r.ID))
	}
	d.finish(d.decisions.authorityUploaded(t.Context(), pressed(anna, r)))
	if d.state(r.ID) != change.Approved {
		t.Errorf("the request is %s", d.state(r.ID))
	}
}

func TestWhoPastesTheKeySeesToTheAuthorityToo(t *testing.T) {
	r := uploading(func(r *change.Request) { r.Proposal.RequiredInput = link.InputKey })
	v := pasteModal(r, reasonMetadata{Press: "7Q2MZK:3", Channel: "C0REQUESTS"})
	if err := handlerstest.CheckModal(v); err != nil {
		t.Error(err)
	}
	handlerstest.Golden(t, "modal_paste_signing", v)
}

func TestStrongIdentityIsOfferedAmongTheAdvancedSettings(t *testing.T) {
	d := newDesk(t)
	for _, one := range d.world.Deployments() {
		one.Edit(func(x *elastic.Deployment) { x.Version, x.ClusterID = "9.3.1", remoteID[:30]+x.Deployment })
	}
	d.types("connect")
	d.chooses(link.FieldLocal, "ece-prod/a1", "logs-prod")
	d.chooses(link.FieldRemote, "cloud/b2", "search-eu")
	d.togglesMore()
	if d.slack.Has(theModal, link.FieldIdentity) {
		t.Fatal("offered for an ECE")
	}
	d.chooses(link.FieldLocal, "cloud/b3", "search-us")
	if !d.slack.Has(theModal, link.FieldIdentity) {
		t.Fatal("not offered within Elastic Cloud")
	}
	d.slack.Set(theModal, link.FieldIdentity, bot.Value{Options: []bot.Option{{Value: "true"}}})
	handlerstest.Golden(t, "modal_connect_identity", d.slack.Modals[theModal].View)
	d.togglesMore()
	d.togglesMore()
	if len(d.slack.Get(theModal, link.FieldIdentity).Options) != 1 {
		t.Error("hiding has forgotten it")
	}
	d.fills(link.FieldSearch, "logs-*")
	d.fills(link.FieldReason, "reports")
	d.fills(link.FieldAuthorities, "unknown")
	if errs := d.submits(); !strings.Contains(errs[link.FieldAuthorities], "is not enough") {
		t.Errorf("errors %v", errs)
	}
	d.fills(link.FieldAuthorities, "none")
	if errs := d.submits(); len(errs) > 0 {
		t.Fatalf("errors %v", errs)
	}
	c := d.asked()
	if c.Identity == nil || *c.Identity != (link.IdentityOptions{Others: "none"}) {
		t.Errorf("asked for %+v", c.Identity)
	}
	f, m := forms.NewConnect(), forms.ConnectMetadata{}
	f.RestoreExtras(c, &m)
	if !f.Identity || f.Texts[link.FieldAuthorities] != "none" || !m.MayIdentify || !m.More {
		t.Errorf("asked again: %+v, %+v", f, m)
	}
}

func TestStrongIdentityGoesWithTheDeploymentsThatCanDoIt(t *testing.T) {
	d := newDesk(t)
	for _, one := range d.world.Deployments() {
		one.Edit(func(x *elastic.Deployment) { x.Version, x.ClusterID = "9.3.1", remoteID[:30]+x.Deployment })
	}
	d.types("connect")
	d.chooses(link.FieldLocal, "cloud/b3", "search-us")
	d.chooses(link.FieldRemote, "cloud/b2", "search-eu")
	d.togglesMore()
	d.slack.Set(theModal, link.FieldIdentity, bot.Value{Options: []bot.Option{{Value: "true"}}})
	d.slack.Set(theModal, link.FieldAuthorities, bot.Value{Text: "none"})
	d.chooses(link.FieldLocal, "ece-prod/a1", "logs-prod")
	d.fills(link.FieldSearch, "logs-*")
	d.fills(link.FieldReason, "reports")
	if errs := d.submits(); len(errs) > 0 {
		t.Fatalf("errors %v", errs)
	}
	if c := d.asked(); c.Identity != nil {
		t.Errorf("asked for %+v", c.Identity)
	}
}

// Who is called in late is told what is missing by its own name: an authority is no key.
func TestAnAuthorityIsAskedForByItsName(t *testing.T) {
	r := handlerstest.Pending()
	r.Proposal.RequiredInput = steps.InputAuthority
	r.Decisions = append(r.Decisions, change.Decision{Kind: change.DecisionInputRequested, To: []string{"U0BEN"}, Digest: r.Proposal.Digest})
	said := cards.DecisionLine(r.Decisions[len(r.Decisions)-1], false, r.Proposal.RequiredInput) + cards.InputText(r)
	if strings.Contains(said, "key") || !strings.Contains(said, "certificate authority") || !strings.Contains(said, "Done") {
		t.Error(said)
	}
}

func TestTheFormSaysWhatStrongIdentityVerificationNeeds(t *testing.T) {
	drawn := func(m forms.ConnectMetadata) string {
		raw, err := json.Marshal(forms.ExtraFields(forms.NewConnect(), m))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	const missing = "strong identity verification is not set up for search-dc"
	if s := drawn(forms.ConnectMetadata{NoSignature: missing}); !strings.Contains(s, "Strong identity verification is not set up for search-dc.") || strings.Contains(s, "works only for the local cluster") {
		t.Errorf("drawn is %s", s)
	}
	if s := drawn(forms.ConnectMetadata{Unmanaged: "No platform manages this."}); !strings.Contains(s, "No platform manages this.") {
		t.Errorf("drawn is %s", s)
	}
	if s := drawn(forms.ConnectMetadata{MayIdentify: true, NoOrganization: true}); !strings.Contains(s, "works only for the local cluster") || strings.Contains(s, "organization") {
		t.Errorf("drawn is %s", s)
	}
}
