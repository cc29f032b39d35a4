package handlers

import (
	"fmt"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
)

// filter is what a list can be narrowed down to: its name in buttons, and what its button says.
type filter struct{ name, label string }

// filterButtons are a button for each filter that some entries fit, and not all; the chosen one stands out. The first
// filter lets all through. There are none where there is nothing to choose.
func filterButtons(action string, filters []filter, chosen string, count func(name string) int, value func(name string) string) []slack.BlockElement {
	all := filters[0].name
	if chosen == "" {
		chosen = all
	}
	var buttons []slack.BlockElement
	for _, f := range filters {
		n := count(f.name)
		if f.name != all && f.name != chosen && (n == 0 || n == count(all)) {
			continue
		}
		b := mrkdwn.Button(action+f.name, value(f.name), fmt.Sprintf("%s %d", f.label, n))
		if f.name == chosen {
			b.Style = slack.StylePrimary
		}
		buttons = append(buttons, b)
	}
	if len(buttons) < 2 {
		return nil
	}
	return buttons
}
