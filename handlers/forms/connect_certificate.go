package forms

import (
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// The choice of the security model.
const (
	ActionModel        = ConnectPrefix + link.FieldModel
	ActionCertificates = ConnectPrefix + "certificates"
	ActionKeys         = ConnectPrefix + "keys"
)

// MaxScope is how much can be typed into the id of a side.
const MaxScope = 32

// trustFields are filled in under the certificate model.
var trustFields = []string{link.FieldLocalScope, link.FieldRemoteScope, link.FieldClusters}

// trustSuggestions are what goes into the fields of the certificate model.
func trustSuggestions(t link.TrustOptions) map[string]string {
	return map[string]string{
		link.FieldLocalScope: t.LocalScope, link.FieldRemoteScope: t.RemoteScope, link.FieldClusters: strings.Join(t.Clusters, "\n"),
	}
}

// modelOffer is what the modal says of the other model: where keys can't be used, certificates; where they can, keys.
func modelOffer(f Connect, m ConnectMetadata) []slack.Block {
	switch {
	case f.ByCertificate():
		blocks := []slack.Block{mrkdwn.Section(":warning: *" + link.CertificatesEnd + "* A superuser of the local cluster can read everything on the " +
			"remote one, so use them only within one security domain. For others, roles with the same names on the remote cluster decide.")}
		if m.Keys {
			blocks = append(blocks, slack.NewActionBlock("model_keys", mrkdwn.Button(ActionKeys, "keys", "Use an API key instead")))
		}
		return blocks
	case m.Certificates:
		return []slack.Block{
			mrkdwn.Section("An API key needs 8.14 or later on both sides. Older clusters can be connected by TLS certificates."),
			slack.NewActionBlock("model_certificates", mrkdwn.Button(ActionCertificates, "certificates", "Use TLS certificates…")),
		}
	}
	return nil
}

// certificateFields take the place of the key's.
func certificateFields(f Connect, m ConnectMetadata) []slack.Block {
	return []slack.Block{
		m.text(f, link.FieldLocalScope, "Id of the local side", "ECE: the environment id in Platform > Trust Management. Elastic Cloud: the organization id. No platform verifies it.", MaxScope),
		m.text(f, link.FieldRemoteScope, "Id of the remote side", "The same for the remote side. A wrong id means trusting someone else.", MaxScope),
		several(m.text(f, link.FieldClusters, "Clusters that the local side trusts", "Ids of Elasticsearch clusters (not of deployments), one per line.", maxPatterns)),
		box(link.FieldTrustAll, "Or trust all", "Trust all deployments of the remote side", "The list above is then ignored", f.TrustAll),
		m.text(f, link.FieldRegions, "Further regions", "If all are trusted: further regions to trust besides the deployment's own, such as aws-us-east-1.", maxPatterns).WithOptional(true),
		several(m.text(f, link.FieldSearch, "Indices to test with", "Patterns such as logs-*. They grant nothing; roles on the remote cluster do.", maxPatterns)),
	}
}

// modelInput is the choice of the model, among the advanced settings.
func modelInput(f Connect, m ConnectMetadata) slack.Block {
	key := slack.NewOptionBlockObject(string(link.ModelKey), mrkdwn.Plain("API key", mrkdwn.MaxOption), mrkdwn.Plain("Grants only what you name; requires 8.14 or later", mrkdwn.MaxOption))
	certificate := slack.NewOptionBlockObject(string(link.ModelCertificate), mrkdwn.Plain("TLS certificates (deprecated)", mrkdwn.MaxOption),
		mrkdwn.Plain("Both sides trust each other's certificates", mrkdwn.MaxOption))
	radio := slack.NewRadioButtonsBlockElement(ActionModel, key, certificate)
	radio.InitialOption = key
	if f.ByCertificate() {
		radio.InitialOption = certificate
	}
	in := slack.NewInputBlock(m.block(link.FieldModel), mrkdwn.Plain("Security model", 2000), nil, radio)
	in.DispatchAction = true
	return in
}
