package forms

import (
	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// What follows a connection's buttons and fields.
const (
	ActionPick         = cards.ConnectionPrefix + "pick"
	CallbackInspect    = "connection.look"
	FieldConnection    = "connection"
	FieldReportedError = "heard"

	maxReportedError = 3000 // an error's text; Slack's limit of a field
)

// connectionInput is a list of all connections that narrows down as one types.
func connectionInput(block string, chosen bot.Option, follow bool) slack.Block {
	sel := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, mrkdwn.Plain("Type a deployment or an alias", 150), ActionPick)
	sel.MinQueryLength = new(int)
	if chosen.Value != "" {
		sel.InitialOption = slack.NewOptionBlockObject(chosen.Value, mrkdwn.Plain(chosen.Text, mrkdwn.MaxOption), nil)
	}
	in := slack.NewInputBlock(block, mrkdwn.Plain("Connection", 2000), nil, sel)
	in.DispatchAction = follow
	return in
}

// ChosenName is the connection of an option; false for the one that stands for clusters that could not be asked.
func ChosenName(o bot.Option) (link.Name, bool) {
	n, err := link.ParseName(o.Value)
	return n, err == nil
}

// InspectVerbs are the words that only look at a connection.
var InspectVerbs = []string{"status", "diagnose"}

// InspectModal has people choose the connection that a word looks at.
func InspectModal(m Metadata) slack.ModalViewRequest {
	blocks := []slack.Block{connectionInput(FieldConnection, bot.Option{}, false)}
	if m.Subcommand == "diagnose" {
		blocks = append(blocks, several(textInput(m, FieldReportedError, "Error you saw", "For example from a search. The bot can't see errors caused by your own permissions.", maxReportedError, "")))
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: CallbackInspect, Title: mrkdwn.Plain("Choose a connection", 24), Submit: mrkdwn.Plain("Show", 24),
		Close: mrkdwn.Plain("Cancel", 24), PrivateMetadata: m.String(),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}
