package forms

import (
	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
)

func adoptForm() Change {
	return Change{
		Verb: "adopt", Args: "[deployment/alias]",
		Does:  "let the bot manage a connection that was created by hand",
		title: "Adopt a connection", submit: "Request approval",
		intro: "Lets the bot manage a connection that was created by hand. No cluster is changed.",
		Form: func(e link.ConnectionState, _ []string, m Metadata) []slack.Block {
			if e.ByCertificate() {
				return []slack.Block{mrkdwn.Small("It uses certificates, not a key. Roles on the remote cluster decide what it may read.")}
			}
			return []slack.Block{
				textInput(m, plan.FieldKeyName, "Name of its key on the remote cluster", "The bot needs it to rotate and invalidate the key. Leave it empty if you don't know it.", MaxServer, "").WithOptional(true),
				several(textInput(m, link.FieldSearch, "Indices that its key may search", "Read from the key if you name it. Later rotations grant the same.", maxPatterns, "")),
				several(textInput(m, link.FieldReplication, "Indices that its key may replicate", "As above.", maxPatterns, "")),
			}
		},
		Ask: func(n link.Name, _ Metadata, f Answers) (change.Kind, any, *change.InvalidError) {
			return link.KindAdopt, link.AdoptParams{Local: n.Local, Alias: n.Alias, Access: f.access(), KeyName: f.Text(plan.FieldKeyName)}, &change.InvalidError{}
		},
	}
}
