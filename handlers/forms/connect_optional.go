package forms

import (
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

const authoritiesHint = "Only for strong identity verification. The bot replaces the authorities set there, and Elasticsearch doesn't show them. " +
	"Name each file set on the remote cluster with its PEM certificates below, or write none. Empty: the bot's record."

// ActionLetIn is the button that fills in what a network filter has to let in.
const ActionLetIn = ConnectPrefix + "let_in"

// ExtraFields are what can be done beside the connection, but for the role.
func ExtraFields(f Connect, m ConnectMetadata) []slack.Block {
	if f.ByCertificate() {
		return nil
	}
	text := func(field, label, hint string, limit int) *slack.InputBlock {
		return m.text(f, field, label, hint, limit)
	}
	var blocks []slack.Block
	if !m.NoRestart {
		blocks = append(blocks, box(link.FieldRestart, "Restart", "Restart the local deployment",
			"So that its nodes read the key. Not needed from 8.14 on", f.Restart))
	}
	blocks = append(blocks, identityFields(f, m, text)...)
	if m.Unmanaged != "" {
		blocks = append(blocks, mrkdwn.Small(m.Unmanaged))
	}
	return append(blocks, filterFields(f, m, text)...)
}

// identityFields ask for strong identity verification, or say what is missing for it.
func identityFields(f Connect, m ConnectMetadata, text input) []slack.Block {
	if !m.MayIdentify && !f.Identity {
		if m.NoSignature == "" {
			return nil
		}
		return []slack.Block{mrkdwn.Small(mrkdwn.Upper(m.NoSignature) + ".")}
	}
	blocks := []slack.Block{box(link.FieldIdentity, "Strong identity verification", "The key works only for the local cluster",
		"Its nodes sign each request with their certificate", f.Identity)}
	if !m.NoOrganization || f.Organization {
		blocks = append(blocks, box(link.FieldOrganization, "Key for the whole organization", "The key works for every cluster of the local organization",
			"Only with strong identity verification", f.Organization))
	}
	return append(blocks, several(text(link.FieldAuthorities, "Other authorities the remote cluster trusts", authoritiesHint, maxPatterns)))
}

// filterFields are what a network filter lets in. What was typed or ticked is not hidden: it is refused, with the reason.
func filterFields(f Connect, m ConnectMetadata, text input) []slack.Block {
	typed := strings.TrimSpace(f.Texts[link.FieldFilter]) != ""
	var blocks []slack.Block
	if f.FilterCluster || m.MayFilter && m.ByCluster {
		field := clusterField(f.FilterCluster)
		field.BlockID = m.block(link.FieldFilterCluster)
		blocks = append(blocks, field)
	}
	if typed || m.MayFilter && !m.ByCluster {
		blocks = append(blocks, sourcesField(text))
	}
	if len(blocks) == 0 {
		return nil
	}
	return append(blocks, firstField(f.FilterFirst))
}

// filterOffer offers to let the local side in, where addresses of it are shut out.
func filterOffer(m ConnectMetadata) []slack.Block {
	if m.Offer == "" {
		return nil
	}
	return []slack.Block{slack.NewActionBlock("filter_offer", mrkdwn.Button(ActionLetIn, "let_in", "Allow the local side…"))}
}

// The choice of who may search through a connection.
const (
	ActionRole  = ConnectPrefix + link.FieldRole
	NoRole      = "-" // of the option that names no role; a role's name begins with a letter or a digit
	LabelNoRole = "Superusers only for now"
)

// readersField is the choice of who may search: a new role, one that exists, or superusers only.
func readersField(f Connect, m ConnectMetadata) slack.Block {
	sel := RoleSelect(ActionRole)
	sel.InitialOption = slack.NewOptionBlockObject(NoRole, mrkdwn.Plain(LabelNoRole, mrkdwn.MaxOption), nil)
	if name := f.Texts[link.FieldRole]; name != "" {
		sel.InitialOption = slack.NewOptionBlockObject(bot.Cut(name, mrkdwn.MaxValue), mrkdwn.Plain(name, mrkdwn.MaxOption), nil)
	}
	return slack.NewInputBlock(m.block(link.FieldRole), mrkdwn.Plain("Who can search through it?", 2000),
		mrkdwn.Plain("Choose a role, or type a new name. Then assign it to users yourself; the bot can't.", 2000), sel)
}

// RoleSelect is a list of roles that narrows down as one types.
func RoleSelect(action string) *slack.SelectBlockElement {
	sel := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, mrkdwn.Plain("Type or choose a role", 150), action)
	sel.MinQueryLength = new(int)
	return sel
}
