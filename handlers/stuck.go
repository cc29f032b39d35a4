package handlers

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

const callbackResolve = "resolve"

// retry asks for another try to take back what a stuck request left.
func (h *Handlers) retry(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.decide(ctx, a, h.o.Requests.Retry)
}

// askResolveReason asks how somebody knows that nothing is left: after it the bot looks no more.
func (h *Handlers) askResolveReason(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.openReasonModal(ctx, a, h.mayDecide(change.Resolve), func(r *change.Request, from reasonMetadata) slack.ModalViewRequest {
		v := reasonModal(r, from, callbackResolve, "Mark as cleaned up", "Mark as cleaned up", "How was it cleaned up?",
			"The bot then stops checking, and others can request changes to this connection.")
		v.Blocks.BlockSet = append(v.Blocks.BlockSet, cards.Leftovers(r.Outcome.Leftovers)...)
		return v
	})
}

func (h *Handlers) resolved(ctx context.Context, s bot.Submission) (bot.Answer, error) {
	return h.reasoned(ctx, s, h.o.Requests.Resolve)
}
