package handlers

import (
	"context"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
)

func (h *Handlers) withdraw(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.decide(ctx, a, h.o.Requests.Withdraw)
}
