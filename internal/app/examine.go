package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/doctor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/tracing"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

// Examine looks at everything that an operator can get wrong, with the same clients as the bot's, without the bot.
func Examine(ctx context.Context, c *config.Config, o Options) (doctor.Report, error) {
	s, closing, err := OpenStore(c)
	if err != nil {
		return doctor.Report{}, err
	}
	defer func() { _ = closing() }()
	all, err := Systems(c, o.Log)
	if err != nil {
		return doctor.Report{}, err
	}
	slack := newMessenger(c, o.Log)
	older, err := comparisons(c, s, slack, o.Log)
	if err != nil {
		return doctor.Report{}, err
	}
	do := doctor.Options{Config: c, Systems: all, Now: time.Now, Redis: s, Slack: slack, Older: older}
	if c.Slack.Mode == "socket" {
		do.AppToken = bot.SocketOptions{AppToken: c.Slack.AppToken.Secret().Reveal, APIURL: c.Slack.APIURL}.Check
	}
	hooks, err := hooksOf(c)
	if err != nil {
		return doctor.Report{}, err
	}
	do.Webhooks = map[string]func(context.Context) error{}
	for _, h := range hooks {
		do.Webhooks[h.Name] = func(ctx context.Context) error { return answers(ctx, h, o.Log) }
	}
	if c.Tracing.Endpoint != "" {
		to, err := tracingOptions(c, o.Version)
		if err != nil {
			return doctor.Report{}, err
		}
		do.Collector = func(ctx context.Context) error { return tracing.Check(ctx, to) }
		do.Scrub = to.Scrub
	}
	return doctor.Examine(ctx, do), nil
}

// ExamineRestored compares the database with Slack and with the clusters.
func ExamineRestored(ctx context.Context, c *config.Config, o Options) (doctor.Report, error) {
	s, closing, err := OpenStore(c)
	if err != nil {
		return doctor.Report{}, err
	}
	defer func() { _ = closing() }()
	all, err := Systems(c, o.Log)
	if err != nil {
		return doctor.Report{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, restoredWithin)
	defer cancel()
	return doctor.Restored(ctx, doctor.RestoredOptions{
		Slack: newMessenger(c, o.Log), Store: s, Channel: c.Slack.Channel, CardOf: notify.CardOf,
		Connections: inventory.NewConnections(inventory.NewCatalog(all, inventory.CatalogOptions{Now: time.Now}), s, inventory.ConnectionsOptions{Now: time.Now}),
	}), nil
}

func newMessenger(c *config.Config, log *slog.Logger) *bot.Messenger {
	return bot.NewMessenger(bot.MessengerOptions{Token: c.Slack.BotToken.Secret().Reveal, APIURL: c.Slack.APIURL, Now: time.Now, Log: log})
}

// restoredWithin is enough for a card of each of a hundred open requests, which Slack lets be read 50 a minute.
const restoredWithin = 3 * time.Minute

// comparisons are what the doctor compares the database with.
func comparisons(c *config.Config, s *store.Store, m *bot.Messenger, log *slog.Logger) ([]func(context.Context) doctor.Finding, error) {
	all := []func(context.Context) doctor.Finding{func(ctx context.Context) doctor.Finding {
		return newerCards(ctx, s, m, c.Slack.Channel, s.LastAudit)
	}}
	kept, err := newCheckpoints(c, s, "", log)
	if err != nil {
		return nil, err
	}
	if kept != nil && kept.older != nil {
		all = append(all, kept.compare)
	}
	shipped, err := newShipping(c, s, nil, log)
	if err != nil {
		return nil, err
	}
	if shipped != nil {
		all = append(all, shipped.older.compare)
	}
	return all, nil
}
