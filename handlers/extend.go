package handlers

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

func extendForm() changeForm {
	return changeForm{
		verb: "extend", args: "[deployment/alias] until [2026-12-24]",
		does:  "change when a connection ends",
		typed: takeUntil,
		title: "Extend", submit: "Request approval",
		intro: "Changes when the connection ends. No cluster is changed.",
		form: func(ctx context.Context, h *Handlers, e link.ConnectionState, m formMetadata) []slack.Block {
			until := textInput(m, link.FieldUntil, "How long?", untilHint, maxUntil, m.Fill).WithOptional(true)
			return []slack.Block{h.aboutBlock(ctx, e), mrkdwn.Section(usedBy(e)), until}
		},
		ask: func(n link.Name, m formMetadata, f answers) (change.Kind, any, *change.InvalidError) {
			wrong := &change.InvalidError{}
			return link.KindExtend, link.ExtendParams{Local: n.Local, Alias: n.Alias, Until: until(wrong, f.text(link.FieldUntil), m.Drawn)}, wrong
		},
	}
}
