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
		title: "Adopt a connection", submit: "Request approval",
		intro: "Takes a connection that was made by hand under management. No cluster is changed.",
		form: func(ctx context.Context, h *Handlers, e link.ConnectionState, m formMetadata) []slack.Block {
			if e.ByCertificate() {
				return []slack.Block{h.aboutBlock(ctx, e), mrkdwn.Small("It uses certificates and has no key: what may be read, roles on the remote cluster say.")}
			}
			return []slack.Block{
				h.aboutBlock(ctx, e),
				textInput(m, plan.FieldKeyName, "Name of its key on the remote cluster", "So that it can be rotated and invalidated; empty if you don't know it.", maxServer, "").WithOptional(true),
				several(textInput(m, link.FieldSearch, "Indices that its key may search", "Read from the key where its name is given; a later rotation grants the same.", maxPatterns, "")),
				several(textInput(m, link.FieldReplication, "Indices that its key may replicate", "As above.", maxPatterns, "")),
			}
		},
		ask: func(n link.Name, _ formMetadata, f answers) (change.Kind, any, *change.InvalidError) {
			return link.KindAdopt, link.AdoptParams{Local: n.Local, Alias: n.Alias, Access: f.access(), KeyName: f.text(plan.FieldKeyName)}, &change.InvalidError{}
		},
	}
}
