package app

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
)

// health answers /healthz while the process lives and /readyz while Redis answers.
func (a *web) health(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", a.ready)
}

// ready answers 200 once everything has started and while Redis answers: without it the bot can only say that it can't do anything.
func (a *web) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	if err := a.store.Ping(ctx); err != nil {
		http.Error(w, "Redis does not answer", http.StatusServiceUnavailable)
		return
	}
	if !a.started.Load() {
		http.Error(w, "starting", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}

// observed serves /metrics, and health where Socket Mode leaves no other listener, until ctx ends.
func (a *web) observed(ctx context.Context, ready func()) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", a.config.Metrics.Listen)
	if err != nil {
		return err
	}
	a.log.InfoContext(ctx, "listening for Prometheus", "address", listener.Addr().String())
	ready()
	return a.serve(ctx, listener, a.observations())
}

// observations are the routes of metrics.listen.
func (a *web) observations() http.Handler {
	mux := http.NewServeMux()
	a.health(mux)
	mux.Handle("GET /metrics", a.metrics.Handler())
	if a.config.Metrics.Pprof {
		profiles(mux)
	}
	return mux
}

// profiles are short: serve gives an answer ten seconds.
func profiles(mux *http.ServeMux) {
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
}

// serve answers HTTP until ctx ends, and lets what is in hand finish.
func (a *web) serve(ctx context.Context, listener net.Listener, h http.Handler) error {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ConnContext: bot.ConnContext,
		ErrorLog:    slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), StopWithin)
	defer cancel()
	return server.Shutdown(stop)
}
