package app

import (
	"context"
	"crypto/rand"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/keyvault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/metrics"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/picture"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

// Options are what a configuration does not say.
type Options struct {
	Version string // of the program
	Log     *slog.Logger
}

// New builds the parts. It calls nobody yet.
func New(c *config.Config, o Options) (*App, error) {
	log := o.Log
	clientLog.to.Store(log)
	rdb, err := dialRedis(c.Redis)
	if err != nil {
		return nil, err
	}
	owner := strings.ToLower(rand.Text()[:8]) // names this process in claims
	spans, err := newTracing(c, o.Version, owner, log)
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
	b := &base{config: c, version: o.Version, owner: owner, log: log}
	a := &App{
		base: b, web: &web{base: b}, cards: &cards{base: b, compared: make(chan struct{})}, reloads: reloads{base: b},
		redis: rdb, tracing: spans,
	}
	a.store = store.New(rdb, store.Options{
		Env: c.Environment, Replicas: c.Redis.Replicas, Index: inventory.IndexRecord, PutAside: a.tellPutAside, Quotas: store.Quotas(c.Quotas),
		Policy: store.PolicyInForce{Worker: owner, Hash: func() string { return a.policy.Hash() }},
	})
	a.metrics = metrics.New(metrics.Options{Version: o.Version, Now: time.Now, Depths: a.store.Depths})
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
	kinds := plan.Kinds(a.catalog, connections, lo)

	a.messenger = bot.NewMessenger(bot.MessengerOptions{
		Token: c.Slack.BotToken.Secret().Reveal, APIURL: c.Slack.APIURL, Now: time.Now, Log: log,
		HTTP: spans.Slack(c.Slack.APIURL, http.DefaultTransport), Called: a.metrics.Called, Carry: spans.Carry(),
	})
	messenger := a.messenger
	judge := policy.New(rules, policy.NewGroupCache(messenger, c.Refresh(), time.Now), time.Now)
	a.policy = judge
	a.notifier = notify.NewNotifier(notify.NotifierOptions{
		Outbox: a.store, Notes: a.store, Poster: messenger, Policy: judge, Channel: c.Slack.Channel, Command: c.Slack.Command,
		Owner: owner, Now: time.Now, Log: log, Span: spans.Spans(),
		Stop:     StopWithin,
		OnRender: func(ctx context.Context, r *change.Request) { a.homeRefresher.OnTransition(ctx, r) },
	})
	a.asides = notify.NewAsides(notify.AsidesOptions{
		Store: a.store, Poster: messenger, Policy: judge, Channel: c.Slack.Channel, Owner: owner, Now: time.Now, Log: log,
	})
	a.service = change.NewService(spans.Requests(loggedStore{a.metrics.Requests(a.store), log}), change.Options{
		Policy: judge, Planners: spans.Planners(kinds),
		Now: time.Now, NewID: newRequestID, Changed: a.notifier.Changed,
	})
	if err := a.newExecutor(owner, kinds, steps.Steps(connections, lo)); err != nil {
		return nil, err
	}
	rotations := monitor.NewRotations(monitor.RotationOptions{
		Store: a.store, Policy: judge, Planner: kinds[link.KindRotate], Propose: a.service.Propose, Owner: owner, Now: time.Now,
		OnDue: a.metrics.RotationDue, WarnsBefore: time.Duration(c.Watch.ExpiryDays) * 24 * time.Hour,
	})
	endings := monitor.NewEndings(monitor.EndingOptions{
		Store: a.store, Planner: kinds[link.KindDisconnect], Propose: a.service.Propose, Now: time.Now, OnDue: a.metrics.EndingDue,
	})
	reviews := monitor.NewAccessReviews(monitor.AccessReviewOptions{
		Store: a.store, Policy: judge, Connections: a.checker, Tags: lo.Tags, Owner: owner, Now: time.Now, OnReview: a.metrics.AccessReviewed,
	})
	a.monitor = monitor.New(monitor.Options{
		Rotations: rotations, Endings: endings, Reviews: reviews, Checker: a.checker, Store: a.store, Poster: messenger, Channel: c.Slack.Channel, Command: c.Slack.Command, Queues: names(all),
		Owner: owner, Now: time.Now, Log: log, WaitIdle: a.notifier.WaitIdle,
		Every: c.Watch.Every.Std(), Tick: c.Watch.Every.Std() / 60, ExpiresWithin: time.Duration(c.Watch.ExpiryDays) * 24 * time.Hour,
		OnCheck:        a.metrics.Checked,
		OnStatusChange: func(ctx context.Context, m link.ManagedConnection) { a.homeRefresher.OnStatusChange(ctx, m) },
	})
	a.metrics.Watch(statusSummary(a.monitor))
	paged := alerts{b, a.monitor}
	if a.webhooks, err = paged.newWebhooks(); err != nil {
		return nil, err
	}
	ho := handlers.Options{
		Requests: a.service, Asides: change.Asides{AsideStore: a.store, AsidePolicy: judge, Changed: a.takenUp}, Policy: judge, Rules: judge, Readers: judge, Lists: a.store, Directory: a.catalog, Slack: messenger,
		Connections: a.checker, Status: a.monitor, Reviews: reviews, People: messenger, Follows: a.store, OpenHomes: a.store,
		Channel: c.Slack.Channel, Command: c.Slack.Command, Log: log, Now: time.Now, Draw: picture.PNG,
	}
	if vault != nil {
		ho.Secrets = vault
	}
	if spans != nil {
		ho.Requests = spans.Service(a.service)
	}
	h := handlers.New(ho)
	a.homeRefresher = notify.NewHomeRefresher(notify.HomeRefresherOptions{
		Queue: a.store, Policy: judge, Homes: messenger, Draw: h.DrawHome, Log: log, Now: time.Now,
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
		StepTimeout: e.StepWithin.Std(), Drain: e.Drain.Std(), Weigh: a.policy.Evaluate,
		Backoff: executor.Exponential(250*time.Millisecond, 5*time.Second, mathrand.Float64),
		Now:     time.Now, Log: a.log, Changed: a.notifier.Changed,
		Scrub: transport.NewScrubber(a.config.Secrets()...).Words,
		Span:  a.tracing.Spans(),
	})
	return err
}

// newKeyVault keeps pasted keys; nil where the configuration has nothing to encrypt them with.
func newKeyVault(k config.Keys, shelf keyvault.SealedStore) (*keyvault.Vault, error) {
	if !k.Encryption.Given() {
		return nil, nil //nolint:nilnil // no vault is a configuration like any other
	}
	return keyvault.New(shelf, k.Encryption.Secret(), k.PreviousEncryption.Secret())
}

// tellPutAside has the channel told that a request was put aside. It does not hold up the one who met the request.
func (a *App) tellPutAside(ctx context.Context, id string, why error) {
	a.log.ErrorContext(ctx, "put aside", "request", id, "error", why)
	a.asides.Changed()
}

// takenUp has Slack told that a request was requeued or resolved.
func (a *App) takenUp(id string) {
	a.notifier.Changed(id)
	a.asides.Changed()
}

func names(all []link.System) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = s.Name
	}
	return out
}

// newRequestID returns 10 characters that people can read out: 50 bits of chance.
func newRequestID() string { return strings.ToLower(rand.Text()[:10]) }

// statusSummary is how the managed connections are, for the metrics.
func statusSummary(m *monitor.Monitor) func(context.Context) (metrics.StatusSummary, error) {
	return func(ctx context.Context) (metrics.StatusSummary, error) {
		now, err := m.Summary(ctx)
		problems := make(map[string]int, len(now.Problems))
		for trouble, n := range now.Problems {
			problems[string(trouble)] = n
		}
		return metrics.StatusSummary{Managed: now.Managed, Problems: problems, OldestCheck: now.OldestCheck}, err
	}
}
