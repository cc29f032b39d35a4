package cards

import (
	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// ActionListLine is the menu of a connection.
const ActionListLine = "list.line"

// ConnectionMenu is what leads on from a line of the list; nil where its name is too long for a menu.
func ConnectionMenu(n link.Name, follow string) *slack.OverflowBlockElement {
	var opts []*slack.OptionBlockObject
	for _, verb := range []string{"status", "diagnose", follow} {
		if verb == "" {
			continue
		}
		value := verb + " " + n.String()
		if len(value) > mrkdwn.MaxValue {
			return nil
		}
		opts = append(opts, slack.NewOptionBlockObject(value, mrkdwn.Plain(mrkdwn.Upper(verb), mrkdwn.MaxOption), nil))
	}
	return slack.NewOverflowBlockElement(ActionListLine, opts...)
}
