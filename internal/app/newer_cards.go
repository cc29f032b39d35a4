package app

import (
	"context"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/doctor"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

const (
	compareAgain = time.Minute // where Slack or Redis could not be asked
	compareTries = 10
	compareFirst = 3 * time.Second // that cards wait at most to be drawn until they were compared
)

// cards has Slack follow the requests, after its cards were compared with the database.
type cards struct {
	*base
	messenger    *bot.Messenger
	notifier     *notify.Notifier
	compared     chan struct{} // closed once they were
	comparedOnce sync.Once
}

// notify has Slack follow the requests. Cards are compared first: what is drawn anew no longer shows what it knew.
func (a *cards) notify(ctx context.Context) error {
	select {
	case <-a.compared:
	case <-time.After(compareFirst):
	case <-ctx.Done():
	}
	return a.notifier.Run(ctx)
}

// compareCards looks for cards in Slack that are newer than the database. last is when its newest audit entry was written
// before this process wrote any; zero: that could not be read yet.
func (a *cards) compareCards(ctx context.Context, last func(context.Context) (time.Time, error)) error {
	o := older{log: a.log, compare: func(ctx context.Context) doctor.Finding {
		return newerCards(ctx, a.store, a.messenger, a.config.Slack.Channel, last)
	}}
	tick := time.NewTicker(compareAgain)
	defer tick.Stop()
	for range compareTries {
		o.tell(ctx)
		a.comparedOnce.Do(func() { close(a.compared) })
		if o.done {
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
