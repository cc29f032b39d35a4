package app

import (
	"context"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
)

// tellPutAside says in the channel that a request was put aside. It does not hold up whoever met the request.
func (a *App) tellPutAside(ctx context.Context, id string, why error) {
	a.log.ErrorContext(ctx, "put aside", "request", id, "error", why)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), StopWithin)
		defer cancel()
		_, err := a.messenger.Post(ctx, a.config.Slack.Channel, bot.Message{Text: ":rotating_light: Request " + bot.Code(id) +
			" can't be read any more, so it was put aside. All others continue; what this one changes stays locked. For the bot's operators: " +
			bot.Code("remote-cluster-bot aside requeue "+id) + " lets it continue after its record is repaired, " +
			bot.Code("aside resolve") + " ends it when nothing of it is left."})
		if err != nil {
			a.log.WarnContext(ctx, "the channel could not be told of a request that was put aside", "request", id, "error", err)
		}
	}()
}
