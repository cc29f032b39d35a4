package app

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
func newTracing(c *config.Config, version, instance string, log *slog.Logger) (*tracing.Tracing, error) {
	if c.Tracing.Endpoint == "" {
		return nil, nil //nolint:nilnil // a nil Tracing is one that traces nothing
	}
	o, err := tracingOptions(c, version)
	if err != nil {
		return nil, err
	}
	o.Instance, o.Log = instance, log
	return tracing.Export(context.Background(), o) // nobody is called yet
}

func tracingOptions(c *config.Config, version string) (tracing.Options, error) {
	o, err := exportOptions(c, version, c.Tracing.Endpoint, c.Tracing.Headers, c.Tracing.TLS)
	o.Sample = c.Tracing.Sample
	return o, err
}

func exportOptions(c *config.Config, version, endpoint string, headers []config.Header, tls *config.TLS) (tracing.Options, error) {
	o := tracing.Options{
		Endpoint: endpoint, Environment: c.Environment, Version: version, Scrub: transport.NewScrubber(c.Secrets()...).Text,
	}
	if len(headers) > 0 {
		o.Headers = map[string]secret.Secret{}
	}
	for _, h := range headers {
		o.Headers[http.CanonicalHeaderKey(h.Name)] = h.Value.Secret()
	}
	if tls != nil {
		how, err := trust(tls)
		if err != nil {
			return o, err
		}
		o.Transport = transport.NewTransport(how)
	}
	return o, nil
}

// exportMetrics exports what Prometheus would scrape, until ctx ends.
func (a *base) exportMetrics(ctx context.Context) error {
	to := a.config.Metrics.OTLP
	o, err := exportOptions(a.config, a.version, to.Endpoint, to.Headers, to.TLS)
	if err != nil {
		return err
	}
	o.Instance, o.Log = a.owner, a.log
	return tracing.ExportMetrics(ctx, a.metrics.Gatherer(), o)
}

const flushWithin = 3 * time.Second

// flush exports the spans that are left. A collector that is away holds up no stop.
func flush(ctx context.Context, t *tracing.Tracing, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushWithin)
	defer cancel()
	if err := t.Close(ctx); err != nil {
		log.WarnContext(ctx, "the last traces could not be exported")
	}
}
