package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/doctor"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

// older says once whether the database is older than what is known of it elsewhere.
type older struct {
	compare func(context.Context) doctor.Finding
	log     *slog.Logger
	done    bool
}

// tell compares, unless that has been done. It must come before anything is written that would hide the difference.
func (o *older) tell(ctx context.Context) {
	if o == nil || o.done {
		return
	}
	f := o.compare(ctx)
	o.done = f.Level != doctor.Unknown
	if f.Level == doctor.Bad {
		o.log.ErrorContext(ctx, "the database is not as it was", "check", f.Check, "finding", f.Say, "mend", f.Mend)
	}
}

const (
	compareAgain = time.Minute // where Slack or Redis could not be asked
	compareTries = 10
)

// compareCards looks for cards in Slack that are newer than the database. last is when its newest audit entry was written
// before this process wrote any; zero: that could not be read yet.
func (a *App) compareCards(ctx context.Context, last func(context.Context) (time.Time, error)) error {
	o := older{log: a.log, compare: func(ctx context.Context) doctor.Finding {
		return newerCards(ctx, a.store, a.messenger, a.config.Slack.Channel, last)
	}}
	tick := time.NewTicker(compareAgain)
	defer tick.Stop()
	for range compareTries {
		if o.tell(ctx); o.done {
			break
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
	<-ctx.Done()
	return nil
}

// endOfAudit remembers when the newest entry was written, from the first time that it could be read.
func endOfAudit(s *store.Store) func(context.Context) (time.Time, error) {
	var last *time.Time
	return func(ctx context.Context) (time.Time, error) {
		if last != nil {
			return *last, nil
		}
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		at, err := s.LastAudit(ctx)
		if err == nil {
			last = &at
		}
		return at, err
	}
}

func newerCards(ctx context.Context, s *store.Store, m *bot.Messenger, channel string, last func(context.Context) (time.Time, error)) doctor.Finding {
	return doctor.OlderThanCards(ctx, doctor.CardsOptions{Slack: m, Store: s, Channel: channel, CardOf: notify.CardOf, Last: last})
}

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
