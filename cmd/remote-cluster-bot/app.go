package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/keyvault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/lifecycle"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/metrics"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/tracing"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/webhook"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

// App is the bot, built from a configuration. Run starts its parts and, once told to stop, drains them.
type App struct {
	config        *config.Config
	owner         string // names this process
	log           *slog.Logger
	redis         redis.UniversalClient
	store         *store.Store
	service       *change.Service
	router        *bot.Router
	messenger     *bot.Messenger
	notifier      *handlers.Notifier
	executor      *executor.Executor
	catalog       *inventory.Catalog
	shipping      *shipping       // nil: the audit is not shipped
	checkpoints   *checkpoints    // nil: none are made
	webhooks      *webhook.Sender // nil: nobody but Slack is told
	checker       *diagnose.Checker
	monitor       *handlers.Monitor
	homeRefresher *handlers.HomeRefresher
	metrics       *metrics.Metrics
	tracing       *tracing.Tracing // nil: nothing is traced
	policy        *policy.Policy
	listener      net.Listener // nil: listen as configured
	started       atomic.Bool  // every part has been ready
}

// NewApp builds the parts. It calls nobody yet.
func NewApp(c *config.Config, log *slog.Logger) (*App, error) {
	clientLog.to.Store(log)
	rdb, err := dialRedis(c.Redis)
	if err != nil {
		return nil, err
	}
	owner := strings.ToLower(rand.Text()[:8]) // names this process in claims
	spans, err := newTracing(c, owner, log)
	if err != nil {
		return nil, err
	}
	if spans != nil {
		store.Observe(rdb, spans.Commands())
	}
	all, err := systems(c.Platforms, platformDeps{callTimeout: c.Executor.CallTimeout.Std(), now: time.Now, log: log, tracing: spans})
	if err != nil {
		return nil, err
	}
	a := &App{config: c, owner: owner, log: log, redis: rdb, tracing: spans}
	a.store = store.New(rdb, store.Options{
		Env: c.Environment, Replicas: c.Redis.Replicas, Index: inventory.IndexRecord, PutAside: a.tellPutAside, Quotas: store.Quotas(c.Quotas),
		Policy: store.PolicyInForce{Worker: owner, Hash: func() string { return a.policy.Hash() }},
	})
	a.metrics = metrics.New(metrics.Options{Version: version, Now: time.Now, Depths: a.store.Depths})
	vault, err := newKeyVault(c.Keys, a.store)
	if err != nil {
		return nil, err
	}
	if a.shipping, err = newShipping(c, a.store, a.metrics, log); err != nil {
		return nil, err
	}
	if a.checkpoints, err = newCheckpoints(c, a.store, owner, log); err != nil {
		return nil, err
	}
	rules := c.Rules()
	a.catalog = inventory.NewCatalog(all, inventory.CatalogOptions{Now: time.Now, Pasting: vault != nil})
	lo := steps.PlannerOptions{
		Env: c.Environment, VerifyTimeout: c.Executor.VerifyWithin.Std(), Tags: rules.Tags(), Registry: a.store,
		ByHandWithin: c.Executor.ByHandWithin.Std(),
	}
	if vault != nil {
		lo.Pasted = vault
	}
	connections := inventory.NewConnections(a.catalog, a.store, inventory.ConnectionsOptions{Now: time.Now})
	a.checker = diagnose.NewChecker(connections, time.Now)
	kinds := connectionKinds(a.catalog, connections, lo)

	a.messenger = bot.NewMessenger(bot.MessengerOptions{
		Token: c.Slack.BotToken.Secret().Reveal, APIURL: c.Slack.APIURL, Now: time.Now, Log: log,
		HTTP: spans.Slack(c.Slack.APIURL, http.DefaultTransport), Called: a.metrics.Called, Carry: spans.Carry(),
	})
	messenger := a.messenger
	judge := policy.New(rules, policy.NewGroupCache(messenger, c.Refresh(), time.Now), time.Now)
	a.policy = judge
	a.notifier = handlers.NewNotifier(handlers.NotifierOptions{
		Outbox: a.store, Poster: messenger, Policy: judge, Channel: c.Slack.Channel, Command: c.Slack.Command,
		Owner: owner, Now: time.Now, Log: log, Span: spans.Spans(),
		Stop:     stopWithin,
		OnRender: func(ctx context.Context, r *change.Request) { a.homeRefresher.OnTransition(ctx, r) },
	})
	a.service = change.NewService(spans.Requests(loggedStore{a.metrics.Requests(a.store), log}), change.Options{
		Policy: judge, Planners: spans.Planners(kinds),
		Now: time.Now, NewID: newRequestID, Changed: a.notifier.Changed,
	})
	if err := a.newExecutor(owner, kinds, steps.Steps(connections, lo)); err != nil {
		return nil, err
	}
	rotations := handlers.NewRotations(handlers.RotationOptions{
		Store: a.store, Policy: judge, Planner: kinds[link.KindRotate], Propose: a.service.Propose, Owner: owner, Now: time.Now,
		OnDue: a.metrics.RotationDue, WarnsBefore: time.Duration(c.Watch.ExpiryDays) * 24 * time.Hour,
	})
	a.monitor = handlers.NewMonitor(handlers.MonitorOptions{
		Rotations: rotations, Checker: a.checker, Store: a.store, Poster: messenger, Channel: c.Slack.Channel, Command: c.Slack.Command, Queues: names(all),
		Owner: owner, Now: time.Now, Log: log, WaitIdle: a.notifier.WaitIdle,
		Every: c.Watch.Every.Std(), Tick: c.Watch.Every.Std() / 60, ExpiresWithin: time.Duration(c.Watch.ExpiryDays) * 24 * time.Hour,
		OnCheck:        a.metrics.Checked,
		OnStatusChange: func(ctx context.Context, m link.ManagedConnection) { a.homeRefresher.OnStatusChange(ctx, m) },
	})
	a.metrics.Watch(a.statusSummary)
	if a.webhooks, err = a.newWebhooks(owner); err != nil {
		return nil, err
	}
	o := handlers.Options{
		Requests: a.service, Policy: judge, Rules: judge, Readers: judge, Lists: a.store, Directory: a.catalog, Slack: messenger,
		Connections: a.checker, Status: a.monitor, Follows: a.store, OpenHomes: a.store,
		Channel: c.Slack.Channel, Command: c.Slack.Command, Log: log, Now: time.Now,
	}
	if vault != nil {
		o.Secrets = vault
	}
	if spans != nil {
		o.Requests = spans.Service(a.service)
	}
	h := handlers.New(o)
	a.homeRefresher = handlers.NewHomeRefresher(handlers.HomeRefresherOptions{
		Queue: a.store, Policy: judge, Homes: messenger, Draw: h.DrawHome, Log: log,
	})
	a.router = bot.NewRouter(bot.Options{Teams: c.Slack.Teams, Self: messenger.Self, Now: time.Now, NewID: newRequestID, Log: log, OnError: h.Failed, Acked: a.metrics.Acked, Trace: spans.Events()})
	h.Register(a.router)
	return a, nil
}

func (a *App) newExecutor(owner string, kinds map[change.Kind]change.Planner, steps executor.Registry) error {
	e := a.config.Executor
	var err error
	a.executor, err = executor.New(a.metrics.Queue(a.store), a.store, kinds, steps, executor.Options{
		Name: owner, Workers: e.Workers, Lease: e.Lease.Std(), Renew: e.Lease.Std() / 4,
		Drain: e.Drain.Std(), Weigh: a.policy.Evaluate,
		Backoff: executor.Exponential(250*time.Millisecond, 5*time.Second, mathrand.Float64),
		Now:     time.Now, Log: a.log, Changed: a.notifier.Changed,
		Scrub: transport.NewScrubber(a.config.Secrets()...).Words,
		Span:  a.tracing.Spans(),
	})
	return err
}

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
	a.flush(ctx)
	return err
}

// parts are what runs until the bot is told to stop.
func (a *App) parts(lastAudit func(context.Context) (time.Time, error)) []lifecycle.Part {
	all := []lifecycle.Part{
		{Name: "events", Run: a.receive},
		lifecycle.Loop("executor", a.executor.Run),
		lifecycle.Loop("sweep", a.sweep),
		lifecycle.Loop("redis", a.watchRedis),
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
	return []lifecycle.Part{lifecycle.Loop("notifier", a.notifier.Run)}
}

const stopWithin = 10 * time.Second

// receive takes Slack's events in until ctx ends, and then lets those in hand finish.
func (a *App) receive(ctx context.Context, ready func()) error {
	source := func(ctx context.Context) error { return a.serveHTTP(ctx, ready) }
	if a.config.Slack.Mode == "socket" {
		source = bot.NewSocketSource(a.router, bot.SocketOptions{
			AppToken: a.config.Slack.AppToken.Secret().Reveal, APIURL: a.config.Slack.APIURL, Log: a.log, Connected: ready,
		}).Run
	}
	err := ignoreCanceled(source(ctx))
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	return errors.Join(err, a.router.Stop(stop))
}

func (a *App) serveHTTP(ctx context.Context, ready func()) error {
	s := a.config.Slack
	secrets := []func() string{s.SigningSecret.Secret().Reveal}
	if s.PreviousSigningSecret.Given() {
		secrets = append(secrets, s.PreviousSigningSecret.Secret().Reveal)
	}
	proxies := make([]netip.Prefix, 0, len(s.TrustedProxies))
	for _, proxy := range s.TrustedProxies {
		prefix, err := netip.ParsePrefix(proxy)
		if err != nil {
			return err
		}
		proxies = append(proxies, prefix)
	}
	mux := http.NewServeMux()
	mux.Handle("/slack/", bot.NewHTTPSource(a.router, bot.HTTPOptions{
		SigningSecrets: secrets, TrustedProxies: proxies, Now: time.Now, Log: a.log,
	}))
	a.health(mux)
	listener := a.listener
	if listener == nil {
		var err error
		if listener, err = new(net.ListenConfig).Listen(ctx, "tcp", s.Listen); err != nil {
			return err
		}
	}
	a.log.InfoContext(ctx, "listening for Slack", "address", listener.Addr().String(), "version", version)
	ready()
	return a.serve(ctx, bot.BoundConnections(listener, bot.MaxConnections), mux)
}

const (
	sweepEvery = 2 * time.Second
	trimEvery  = time.Hour
	sweepBatch = 100
)

// sweep ends requests whose time has run out, and forgets what is too old.
func (a *App) sweep(ctx context.Context) error {
	expire, trim := time.NewTicker(sweepEvery), time.NewTicker(trimEvery)
	defer expire.Stop()
	defer trim.Stop()
	failing := handlers.Recurring{Log: a.log, Says: "sweeping", Now: time.Now}
	place := int64(0) // among the requests that wait, to which no end is set: a part of them each time
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-expire.C:
			_, expiring := a.service.ExpireDue(ctx, sweepBatch)
			ending := a.service.CheckWaits(ctx, sweepBatch)
			var reminding error
			place, reminding = a.remind(ctx, place)
			err = errors.Join(expiring, ending, reminding)
		case <-trim.C:
			_, err = a.store.Trim(ctx)
		}
		failing.Report(ctx, err)
	}
}

// remind records the reminders that have come due among a part of the requests that wait, and returns where the next
// part begins; the notifier sends them.
func (a *App) remind(ctx context.Context, from int64) (next int64, err error) {
	pending, next, err := a.store.PendingFrom(ctx, from, sweepBatch)
	for _, r := range pending {
		standing := a.service.Stand(ctx, r)
		_, reminding := a.service.Remind(ctx, r)
		_, calling := a.service.RequestInput(ctx, r)
		err = errors.Join(err, standing, reminding, calling)
	}
	return next, err
}

// newKeyVault keeps pasted keys; nil where the configuration has nothing to encrypt them with.
func newKeyVault(k config.Keys, shelf keyvault.SealedStore) (*keyvault.Vault, error) {
	if !k.Encryption.Given() {
		return nil, nil //nolint:nilnil // no vault is a configuration like any other
	}
	return keyvault.New(shelf, k.Encryption.Secret(), k.PreviousEncryption.Secret())
}

func names(all []link.System) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = s.Name
	}
	return out
}

func ignoreCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// newRequestID returns 10 characters that people can read out: 50 bits of chance.
func newRequestID() string { return strings.ToLower(rand.Text()[:10]) }
