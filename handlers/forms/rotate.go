package forms

import (
	"strconv"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

func rotateForm() Change {
	return Change{
		Verb: "rotate", Args: "[deployment/alias]",
		Does:  "replace the key without downtime: the new key is tested first",
		title: "Rotate a key", submit: "Request approval",
		intro: "The new key is tested first, then replaces the old one, which is invalidated last. Searches keep working throughout.",
		Form: func(_ link.ConnectionState, _ []string, m Metadata) []slack.Block {
			return []slack.Block{expiryInput(m, 90)}
		},
		Ask: func(n link.Name, _ Metadata, f Answers) (change.Kind, any, *change.InvalidError) {
			wrong := &change.InvalidError{}
			return link.KindRotate, link.RotateParams{Local: n.Local, Alias: n.Alias, ExpiryDays: f.days(wrong)}, wrong
		},
	}
}

func expiryInput(m Metadata, days int) slack.Block {
	return choiceInput(blockOf(m, link.FieldExpiry), link.FieldExpiry, "The key expires after", expiries, strconv.Itoa(days))
}
