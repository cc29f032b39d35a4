package forms

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
)

// MaxAlert is how long an alert's text may be, in code points (Slack's Block Kit reference).
const MaxAlert = 200

// alert is an alert, and what says the same where a workspace takes none.
type alert struct {
	*slack.AlertBlock
	section slack.Block
}

// AlertBlock says in a modal what is wrong, as markup. What is too long for an alert is a section: it is never cut.
func AlertBlock(level slack.AlertLevel, say string) slack.Block {
	section := mrkdwn.Section(say)
	say = strings.ReplaceAll(say, ":warning: ", "") // the alert is one
	if utf8.RuneCountInString(say) > MaxAlert {
		return section
	}
	return alert{slack.NewAlertBlock(mrkdwn.Markup(say), slack.AlertBlockOptionLevel(level)), section}
}

// WithoutAlerts is a modal with sections in the place of its alerts; without blocks where it has none.
func WithoutAlerts(v slack.ModalViewRequest) slack.ModalViewRequest {
	blocks := slices.Clone(v.Blocks.BlockSet)
	has := false
	for i, b := range blocks {
		if a, ok := b.(alert); ok {
			blocks[i], has = a.section, true
		}
	}
	if !has {
		blocks = nil
	}
	v.Blocks.BlockSet = blocks
	return v
}
