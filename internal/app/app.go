// Package app is the bot, built from a configuration: what the programs run, and what they ask of its parts.
package app

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/metrics"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/tracing"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/webhook"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

// App is the bot, built from a configuration. Run starts its parts and, once told to stop, drains them.
type App struct {
	config        *config.Config
	version       string // of the program
	owner         string // names this process
	log           *slog.Logger
	redis         redis.UniversalClient
	store         *store.Store
	service       *change.Service
	router        *bot.Router
	messenger     *bot.Messenger
	notifier      *notify.Notifier
	asides        *notify.Asides
	executor      *executor.Executor
	catalog       *inventory.Catalog
	shipping      *shipping       // nil: the audit is not shipped
	checkpoints   *checkpoints    // nil: none are made
	webhooks      *webhook.Sender // nil: nobody but Slack is told
	checker       *diagnose.Checker
	monitor       *monitor.Monitor
	homeRefresher *notify.HomeRefresher
	metrics       *metrics.Metrics
	tracing       *tracing.Tracing // nil: nothing is traced
	policy        *policy.Policy
	listener      net.Listener  // nil: listen as configured
	started       atomic.Bool   // every part has been ready
	compared      chan struct{} // closed once the cards in Slack were compared with the database
	comparedOnce  sync.Once
}

// ListenOn has the bot take Slack's calls there, instead of where the configuration says.
func (a *App) ListenOn(l net.Listener) { a.listener = l }

// StopWithin is how long each part may take to finish what it has in hand once it is told to stop.
const StopWithin = 10 * time.Second

// receive takes Slack's events in until ctx ends, and then lets those in hand finish.
func (a *App) receive(ctx context.Context, ready func()) error {
	source := func(ctx context.Context) error { return a.serveHTTP(ctx, ready) }
	if a.config.Slack.Mode == "socket" {
		source = bot.NewSocketSource(a.router, bot.SocketOptions{
			AppToken: a.config.Slack.AppToken.Secret().Reveal, APIURL: a.config.Slack.APIURL, Log: a.log, Connected: ready,
		}).Run
	}
	err := ignoreCanceled(source(ctx))
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), StopWithin)
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
	a.log.InfoContext(ctx, "listening for Slack", "address", listener.Addr().String(), "version", a.version)
	ready()
	return a.serve(ctx, bot.BoundConnections(listener, bot.MaxConnections), mux)
}

// sweep ends requests whose time has run out, and forgets what is too old.
func (a *App) sweep(ctx context.Context) error {
	expire, trim := time.NewTicker(sweepEvery), time.NewTicker(trimEvery)
	defer expire.Stop()
	defer trim.Stop()
	failing := notify.Recurring{Log: a.log, What: "sweeping", Now: time.Now}
	place := int64(0) // among the requests that wait, to which no end is set: a part of them each time
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-expire.C:
			_, expiring := a.service.ExpireDue(ctx, sweepBatch)
			ending := a.service.CheckWaits(ctx, sweepBatch)
			_, reviewing := a.service.RemindReviews(ctx, sweepBatch)
			var reminding error
			place, reminding = a.remind(ctx, place)
			err = errors.Join(expiring, ending, reviewing, reminding)
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
