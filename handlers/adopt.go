package handlers

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
)

func adoptForm() changeForm {
	return changeForm{
		verb: "adopt", args: "[deployment/alias]",
		does:  "let the bot manage a connection that was created by hand",
		title: "Adopt a connection", submit: "Request approval",
		intro: "Lets the bot manage a connection that was created by hand. No cluster is changed.",
		form: func(ctx context.Context, h *Handlers, e link.ConnectionState, m formMetadata) []slack.Block {
			if e.ByCertificate() {
				return []slack.Block{h.aboutBlock(ctx, e), mrkdwn.Small("It uses certificates, not a key. Roles on the remote cluster decide what it may read.")}
			}
			return []slack.Block{
				h.aboutBlock(ctx, e),
				textInput(m, plan.FieldKeyName, "Name of its key on the remote cluster", "The bot needs it to rotate and invalidate the key. Leave it empty if you don't know it.", maxServer, "").WithOptional(true),
				several(textInput(m, link.FieldSearch, "Indices that its key may search", "Read from the key if you name it. Later rotations grant the same.", maxPatterns, "")),
				several(textInput(m, link.FieldReplication, "Indices that its key may replicate", "As above.", maxPatterns, "")),
			}
		},
		ask: func(n link.Name, _ formMetadata, f answers) (change.Kind, any, *change.InvalidError) {
			return link.KindAdopt, link.AdoptParams{Local: n.Local, Alias: n.Alias, Access: f.access(), KeyName: f.text(plan.FieldKeyName)}, &change.InvalidError{}
		},
	}
}
