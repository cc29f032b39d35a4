package app

import (
	"context"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// tellPutAside says in the channel that a request was put aside. It does not hold up the one who met the request.
func (a *App) tellPutAside(ctx context.Context, id string, why error) {
	a.log.ErrorContext(ctx, "put aside", "request", id, "error", why)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), StopWithin)
		defer cancel()
		aside, err := a.store.Aside(ctx, id)
		if err != nil {
			aside = change.Aside{ID: id}
		}
		who, unknown := a.policy.AsideDeciders(ctx, aside)
		if unknown != nil {
			a.log.WarnContext(ctx, "who may take up a request that was put aside is not known", "request", id, "error", unknown)
		}
		if _, err := a.messenger.Post(ctx, a.config.Slack.Channel, cards.PutAside(aside, who)); err != nil {
			a.log.WarnContext(ctx, "the channel could not be told of a request that was put aside", "request", id, "error", err)
		}
	}()
}
