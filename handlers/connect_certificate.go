package handlers

import (
	"cmp"
	"context"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// The choice of the security model.
const (
	actionModel        = connectPrefix + link.FieldModel
	actionCertificates = connectPrefix + "certificates"
	actionKeys         = connectPrefix + "keys"
)

const maxScope = 32

// trustFields are filled in under the certificate model.
var trustFields = []string{link.FieldLocalScope, link.FieldRemoteScope, link.FieldClusters}

// trustReader is a Directory that knows how the two sides' trust stands; *link.Catalog is one.
type trustReader interface {
	ReadTrust(ctx context.Context, s link.PairState, regions []string) (link.TrustState, error)
}

func (f connectForm) byCertificate() bool { return f.Model == string(link.ModelCertificate) }

// connectModel follows the choice of a model, by the radio buttons or by a button that offers one.
func (h *Handlers) connectModel(_ context.Context, a bot.Action) (bot.Answer, error) {
	model := a.Value.Option.Value
	switch a.ID {
	case actionCertificates:
		model = string(link.ModelCertificate)
	case actionKeys:
		model = string(link.ModelKey)
	}
	return h.redrawFrom(a, func(f *connectForm, m *connectMetadata) {
		if model != string(link.ModelCertificate) {
			model = ""
			f.Texts[link.FieldExpiry] = cmp.Or(f.Texts[link.FieldExpiry], defaultExpiry) // it was not in the modal
		}
		m.Model, f.Model = model, model
		m.renew(link.FieldModel, model) // where the radio buttons show something else
	})
}

// suggestTrust is whom the two sides would trust, as far as their platforms tell.
func (h *Handlers) suggestTrust(ctx context.Context, s link.PairState, c *link.ConnectParams, m *connectMetadata) {
	c.Model, c.ProxyAddress = link.ModelCertificate, link.TransportAddress(s.Remote)
	c.Trust = &link.TrustOptions{Clusters: []string{s.Remote.ClusterID}}
	reader, ok := h.o.Directory.(trustReader)
	if !ok {
		return
	}
	t, err := reader.ReadTrust(ctx, s, nil)
	if err != nil {
		m.Notes = append(m.Notes, h.say(ctx, err, textFormat{plain: true}))
	}
	c.Trust.LocalScope, c.Trust.RemoteScope = t.Local.Environment.ID, t.Remote.Environment.ID
	for _, side := range []link.SideTrust{t.Local, t.Remote} {
		if doubts := side.Doubts(); doubts != "" {
			m.Notes = append(m.Notes, doubts)
		}
	}
}

// trustSuggestions are what goes into the fields of the certificate model.
func trustSuggestions(t link.TrustOptions) map[string]string {
	return map[string]string{
		link.FieldLocalScope: t.LocalScope, link.FieldRemoteScope: t.RemoteScope, link.FieldClusters: strings.Join(t.Clusters, "\n"),
	}
}

// trustOptions reads the fields of the certificate model.
func (f connectForm) trustOptions() *link.TrustOptions {
	t := &link.TrustOptions{
		LocalScope: strings.TrimSpace(f.Texts[link.FieldLocalScope]), RemoteScope: strings.TrimSpace(f.Texts[link.FieldRemoteScope]),
		All: f.TrustAll, Regions: link.ParsePatterns(f.Texts[link.FieldRegions]),
	}
	if !t.All { // the hint says that the list does not count then
		t.Clusters = link.ParsePatterns(f.Texts[link.FieldClusters])
	}
	return t
}

// modelOffer is what the modal says of the other model: where keys can't be used, certificates; where they can, keys.
func modelOffer(f connectForm, m connectMetadata) []slack.Block {
	switch {
	case f.byCertificate():
		blocks := []slack.Block{mrkdwn.Section(":warning: *" + link.CertificatesEnd + "* A superuser of the local cluster can read everything on the " +
			"remote one, so use them only within one security domain. For others, roles with the same names on the remote cluster decide.")}
		if m.Keys {
			blocks = append(blocks, slack.NewActionBlock("model_keys", mrkdwn.Button(actionKeys, "keys", "Use an API key instead")))
		}
		return blocks
	case m.Certificates:
		return []slack.Block{
			mrkdwn.Section("An API key needs 8.14 or later on both sides. Older clusters can be connected by TLS certificates."),
			slack.NewActionBlock("model_certificates", mrkdwn.Button(actionCertificates, "certificates", "Use TLS certificates…")),
		}
	}
	return nil
}

// certificateFields take the place of the key's.
func (m connectMetadata) certificateFields(f connectForm) []slack.Block {
	return []slack.Block{
		m.text(f, link.FieldLocalScope, "Id of the local side", "ECE: the environment id in Platform > Trust Management. Elastic Cloud: the organization id. No platform verifies it.", maxScope),
		m.text(f, link.FieldRemoteScope, "Id of the remote side", "The same for the remote side. A wrong id means trusting someone else.", maxScope),
		several(m.text(f, link.FieldClusters, "Clusters that the local side trusts", "Ids of Elasticsearch clusters (not of deployments), one per line.", maxPatterns)),
		box(link.FieldTrustAll, "Or trust all", "Trust all deployments of the remote side", "The list above is then ignored", f.TrustAll),
		m.text(f, link.FieldRegions, "Further regions", "If all are trusted: further regions to trust besides the deployment's own, such as aws-us-east-1.", maxPatterns).WithOptional(true),
		several(m.text(f, link.FieldSearch, "Indices to test with", "Patterns such as logs-*. They grant nothing; roles on the remote cluster do.", maxPatterns)),
	}
}

// modelInput is the choice of the model, among the advanced settings.
func (m connectMetadata) modelInput(f connectForm) slack.Block {
	key := slack.NewOptionBlockObject(string(link.ModelKey), mrkdwn.Plain("API key", mrkdwn.MaxOption), mrkdwn.Plain("Grants only what you name; requires 8.14 or later", mrkdwn.MaxOption))
	certificate := slack.NewOptionBlockObject(string(link.ModelCertificate), mrkdwn.Plain("TLS certificates (deprecated)", mrkdwn.MaxOption),
		mrkdwn.Plain("Both sides trust each other's certificates", mrkdwn.MaxOption))
	radio := slack.NewRadioButtonsBlockElement(actionModel, key, certificate)
	radio.InitialOption = key
	if f.byCertificate() {
		radio.InitialOption = certificate
	}
	in := slack.NewInputBlock(m.block(link.FieldModel), mrkdwn.Plain("Security model", 2000), nil, radio)
	in.DispatchAction = true
	return in
}
