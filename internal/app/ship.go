package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/doctor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/metrics"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

const shipPage = 200

// shipping copies the audit into an Elasticsearch, as it grows.
type shipping struct {
	store *store.Store
	to    interface {
		Ship(ctx context.Context, lines []change.AuditLine) (refused int, err error)
	}
	tell   *metrics.Metrics
	now    func() time.Time
	every  time.Duration
	within time.Duration // for one page
	log    *slog.Logger
	older  *older // nil: the database is not compared with its copy
}

// newShipping returns nil where the configuration asks for none.
func newShipping(c *config.Config, s *store.Store, m *metrics.Metrics, log *slog.Logger) (*shipping, error) {
	o := c.Audit.Ship
	if o == nil {
		return nil, nil //nolint:nilnil // not shipping is a configuration like any other
	}
	t, err := trust(o.TLS)
	if err != nil {
		return nil, fmt.Errorf("audit.ship: %w", err)
	}
	auth := es.APIKey(o.APIKey.Secret())
	if o.Username != "" {
		auth = es.Basic(o.Username, o.Password.Secret())
	}
	client, err := es.New(es.Options{
		System: "Elasticsearch of the audit", Address: o.URL, Auth: auth, Transport: transport.NewTransport(t),
		CallTimeout: c.Executor.CallTimeout.Std(), Now: time.Now, Log: log,
	})
	if err != nil {
		return nil, err
	}
	to := es.NewShipper(client, o.DataStream, c.Environment)
	return &shipping{
		store: s, to: to, tell: m, now: time.Now, every: o.Every.Std(), within: time.Minute, log: log,
		older: &older{log: log, compare: func(ctx context.Context) doctor.Finding { return doctor.OlderThanShipped(ctx, s, to.Newest) }},
	}, nil
}

// run ships until ctx ends. What could not be shipped stays in Redis, and is tried again.
func (s *shipping) run(ctx context.Context) error {
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		if err := s.catchUp(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "the audit was not shipped; it is tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// catchUp ships everything that has been written since. The cursor moves only after Elasticsearch has said yes.
func (s *shipping) catchUp(ctx context.Context) error {
	s.older.tell(ctx)
	from, err := s.store.Shipped(ctx)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		page, err := s.store.Audit(ctx, from, shipPage)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			s.tell.AuditBehind(0)
			return nil
		}
		if err := s.ship(ctx, page); err != nil {
			s.tell.AuditBehind(s.now().Sub(store.WrittenAt(page[0])))
			return err
		}
		from = page[len(page)-1].ID
		if err := s.store.NoteShipped(ctx, from); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (s *shipping) ship(ctx context.Context, page []change.AuditLine) error {
	ctx, cancel := context.WithTimeout(ctx, s.within)
	defer cancel()
	refused, err := s.to.Ship(ctx, page)
	if err != nil {
		return err
	}
	s.tell.AuditShipped(refused)
	return nil
}
