package forms

import (
	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

func extendForm() Change {
	return Change{
		Verb: "extend", Args: "[deployment/alias] until [2026-12-24]",
		Does:  "change when a connection ends",
		Typed: TakeUntil,
		title: "Extend", submit: "Request approval",
		intro: "Changes when the connection ends. No cluster is changed.",
		Form: func(e link.ConnectionState, _ []string, m Metadata) []slack.Block {
			until := textInput(m, link.FieldUntil, "How long?", untilHint, MaxUntil, m.Fill).WithOptional(true)
			return []slack.Block{mrkdwn.Section(usedBy(e)), until}
		},
		Ask: func(n link.Name, m Metadata, f Answers) (change.Kind, any, *change.InvalidError) {
			wrong := &change.InvalidError{}
			return link.KindExtend, link.ExtendParams{Local: n.Local, Alias: n.Alias, Until: until(wrong, f.Text(link.FieldUntil), m.Drawn)}, wrong
		},
	}
}
