package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/tracing"
)

// newTracing returns nil where the configuration names no collector.
func newTracing(c *config.Config, instance string, log *slog.Logger) (*tracing.Tracing, error) {
	if c.Tracing.Endpoint == "" {
		return nil, nil //nolint:nilnil // a nil Tracing is one that traces nothing
	}
	o, err := tracingOptions(c)
	if err != nil {
		return nil, err
	}
	o.Instance, o.Log = instance, log
	return tracing.Export(context.Background(), o) // nobody is called yet
}

func tracingOptions(c *config.Config) (tracing.Options, error) {
	t := c.Tracing
	o := tracing.Options{
		Endpoint: t.Endpoint, Sample: t.Sample, Environment: c.Environment, Version: version,
		Scrub: transport.NewScrubber(c.Secrets()...).Text,
	}
	if len(t.Headers) > 0 {
		o.Headers = map[string]secret.Secret{}
	}
	for _, h := range t.Headers {
		o.Headers[http.CanonicalHeaderKey(h.Name)] = h.Value.Secret()
	}
	if t.TLS != nil {
		how, err := trust(t.TLS)
		if err != nil {
			return o, err
		}
		o.Transport = transport.NewTransport(how)
	}
	return o, nil
}

const flushWithin = 3 * time.Second

// flush exports the spans that are left. A collector that is away holds up no stop.
func (a *App) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushWithin)
	defer cancel()
	if err := a.tracing.Close(ctx); err != nil {
		a.log.WarnContext(ctx, "the last traces could not be exported")
	}
}
