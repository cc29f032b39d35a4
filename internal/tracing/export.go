package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// Options say where spans go and whose they are.
type Options struct {
	Endpoint  string                   // of a collector that takes OTLP over HTTP; /v1/traces is added where it has no path
	Headers   map[string]secret.Secret // asked for at every export: they may change
	Transport http.RoundTripper        // nil: the exporter's own, which heeds OTEL_EXPORTER_OTLP_CERTIFICATE
	Sample    float64                  // which part of all traces; 0: as OTEL_TRACES_SAMPLER says, else all

	Environment, Version, Instance string

	Scrub func(string) string // takes secrets out of the text of errors
	Log   *slog.Logger
}

// Export returns a Tracing that exports to o.Endpoint. It calls nobody before the first span has ended.
func Export(ctx context.Context, o Options) (*Tracing, error) {
	if o.Scrub == nil {
		o.Scrub = func(s string) string { return s }
	}
	to, err := o.destination()
	if err != nil {
		return nil, err
	}
	exporter, err := otlptracehttp.New(ctx, to...)
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	return New(&patient{SpanExporter: exporter, o: o}, o)
}

// Check exports nothing to o.Endpoint, and returns what it is answered with.
func Check(ctx context.Context, o Options) error {
	to, err := o.destination()
	if err != nil {
		return err
	}
	c := otlptracehttp.NewClient(append(to, otlptracehttp.WithRetry(otlptracehttp.RetryConfig{}))...)
	if err := c.Start(ctx); err != nil {
		return err
	}
	return errors.Join(c.UploadTraces(ctx, nil), c.Stop(ctx))
}

func (o Options) destination() ([]otlptracehttp.Option, error) {
	address, err := url.Parse(o.Endpoint)
	if err != nil {
		return nil, errors.New("tracing: the endpoint is no URL") // what it is may hold a secret
	}
	if address.Path == "" || address.Path == "/" {
		address.Path = "/v1/traces"
	}
	to := []otlptracehttp.Option{otlptracehttp.WithEndpointURL(address.String())}
	if o.Transport != nil || len(o.Headers) > 0 {
		next := o.Transport
		if next == nil {
			next = http.DefaultTransport
		}
		to = append(to, otlptracehttp.WithHTTPClient(&http.Client{Transport: headed{next, o.Headers}}))
	}
	return to, nil
}

// headed sets headers whose values are secrets.
type headed struct {
	next    http.RoundTripper
	headers map[string]secret.Secret
}

func (h headed) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	for name, value := range h.headers {
		req.Header.Set(name, value.Reveal())
	}
	return h.next.RoundTrip(req)
}

// patient says once that spans can't be exported and once that they can again. Those in between are lost: traces are
// no record, the audit is.
type patient struct {
	sdk.SpanExporter
	o    Options
	lost atomic.Bool
}

func (p *patient) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := p.SpanExporter.ExportSpans(ctx, spans)
	switch was := p.lost.Swap(err != nil); {
	case err != nil && !was:
		p.o.Log.WarnContext(ctx, "traces can't be exported", "error", p.o.Scrub(err.Error()))
	case err == nil && was:
		p.o.Log.InfoContext(ctx, "traces are exported again")
	}
	return nil
}

// describe says whose spans they are, in the words of OpenTelemetry's semantic conventions for resources.
// OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word.
func describe(o Options) (*resource.Resource, error) {
	ours := resource.NewSchemaless(
		attribute.String("service.name", "remote-cluster-bot"), attribute.String("service.version", o.Version),
		attribute.String("service.instance.id", o.Instance), attribute.String("deployment.environment.name", o.Environment),
	)
	all, err := resource.Merge(ours, resource.Environment())
	if err != nil {
		return nil, fmt.Errorf("tracing: OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return all, nil
}
