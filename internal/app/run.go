package app

import (
	"context"
	"errors"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/lifecycle"
)

// Run works until ctx ends, then stops in order: no new events, the workers give their claims back, what changed
// last is told.
func (a *App) Run(ctx context.Context) error {
	defer func() { _ = a.redis.Close() }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	late := lifecycle.Start(context.WithoutCancel(ctx), a.lateParts()...)
	last := endOfAudit(a.store)
	if _, err := last(ctx); err == nil { // before anything is written; if it can't be read now, it is later
		a.recordPolicy(ctx)
	}
	parts := lifecycle.Start(ctx, a.parts(last)...)
	go func() {
		select {
		case <-parts.Ready():
			a.started.Store(true)
		case <-ctx.Done():
		}
	}()
	err := parts.Wait()
	late.Stop()
	err = errors.Join(err, late.Wait())
	flush(ctx, a.tracing, a.log)
	return err
}

// parts are what runs until the bot is told to stop.
func (a *App) parts(lastAudit func(context.Context) (time.Time, error)) []lifecycle.Part {
	all := []lifecycle.Part{
		{Name: "events", Run: a.receive},
		lifecycle.Loop("executor", a.executor.Run),
		lifecycle.Loop("sweep", sweeper{a.base, a.service}.sweep),
		lifecycle.Loop("redis", redisWatch{a.base}.watchRedis),
		lifecycle.Loop("requests put aside", a.asides.Run),
		lifecycle.Loop("monitor", a.monitor.Run),
		lifecycle.Loop("home tabs", a.homeRefresher.Run),
		lifecycle.Loop("newer cards", func(ctx context.Context) error { return a.compareCards(ctx, lastAudit) }),
	}
	if a.shipping != nil {
		all = append(all, lifecycle.Loop("shipping", a.shipping.run))
	}
	if a.checkpoints != nil {
		all = append(all, lifecycle.Loop("checkpoints", a.checkpoints.run))
	}
	if a.webhooks != nil {
		all = append(all, lifecycle.Loop("webhooks", a.webhooks.Run))
	}
	if a.config.Metrics.Listen != "" {
		all = append(all, lifecycle.Part{Name: "metrics", Run: a.observed})
	}
	if a.config.Metrics.OTLP.Endpoint != "" {
		all = append(all, lifecycle.Loop("exported metrics", a.exportMetrics))
	}
	return all
}

// lateParts run until all others have stopped: what changed last is told.
func (a *App) lateParts() []lifecycle.Part {
	return []lifecycle.Part{lifecycle.Loop("notifier", a.notify)}
}
