package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
)

// StopWithin is how long each part may take to finish what it has in hand once it is told to stop.
const StopWithin = 10 * time.Second

// web answers by HTTP, and takes Slack's events in.
type web struct {
	*base
	router   *bot.Router
	listener net.Listener // nil: listen as configured
	started  atomic.Bool  // every part has been ready
}

// receive takes Slack's events in until ctx ends, and then lets those in hand finish.
func (a *web) receive(ctx context.Context, ready func()) error {
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

func (a *web) serveHTTP(ctx context.Context, ready func()) error {
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

func ignoreCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
