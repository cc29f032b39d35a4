package notify

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// showRendered sends a drawing, and simpler ones as long as Slack refuses what it is made of.
func showRendered(ctx context.Context, n *Notifier, r *change.Request, d rendered, send func(bot.Message) error) error {
	err := send(d.msg)
	for _, s := range fallbacks(r, d) {
		if !bot.IsBadBlocks(err) {
			break
		}
		refused := err
		if err = send(s.msg); err == nil {
			s.accepted(ctx, n, r, d, refused)
		}
	}
	if err == nil {
		rememberRendered(n, r.ID, d)
	}
	return err
}

// fallback is a message in place of one that Slack refused.
type fallback struct {
	msg      bot.Message
	sections bool // the progress, without a plan block
}

// shortText is a text in characters that no limit of Slack's is near.
const shortText = 500

// fallbacks are the messages to show where Slack refuses a drawing, the best first: progress without the plan block, which
// is young and not everywhere; and anything else as bare text, whole and then short. That is a fault of ours, but better
// than silence.
func fallbacks(r *change.Request, d rendered) []fallback {
	var out []fallback
	if len(d.msg.Blocks) > 0 && d.msg.Blocks[0].BlockType() == slack.MBTPlan {
		if m, ok := cards.Progress(r, true); ok {
			msg := d.msg
			msg.Blocks = m.Blocks
			out = append(out, fallback{msg: msg, sections: true})
		}
	}
	whole := d.msg
	whole.Blocks = nil
	if hasButtons(d.msg.Blocks) {
		whole.Text = "(Slack rejected this message's buttons. Find them on the bot's Home tab.) " + whole.Text
	}
	short := whole
	short.Text = bot.Cut(whole.Text, shortText)
	return append(out, fallback{msg: whole}, fallback{msg: short})
}

func (s fallback) accepted(ctx context.Context, t *Notifier, r *change.Request, d rendered, refused error) {
	if !s.sections {
		t.o.Log.ErrorContext(ctx, "Slack rejected a message; it is posted as plain text", "request", r.ID, "slot", d.slot, "error", refused)
		return
	}
	if !t.sectionsOnly.Swap(true) {
		t.o.Log.InfoContext(ctx, "the workspace doesn't support plan blocks; progress is shown in sections from now on")
	}
}

func hasButtons(blocks []slack.Block) bool {
	for _, b := range blocks {
		if b.BlockType() == slack.MBTAction {
			return true
		}
	}
	return false
}
