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

// Options say where exports go and whose they are.
type Options struct {
	Endpoint  string                   // of a collector that takes OTLP over HTTP; the signal's own path is added where it has none
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
	to, err := o.traces()
	if err != nil {
		return nil, err
	}
	exporter, err := otlptracehttp.New(ctx, to...)
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	return New(&patient{SpanExporter: exporter, arrival: arrival{o: o, what: "traces"}}, o)
}

// Check exports nothing to o.Endpoint, and returns what it is answered with.
func Check(ctx context.Context, o Options) error {
	to, err := o.traces()
	if err != nil {
		return err
	}
	c := otlptracehttp.NewClient(append(to, otlptracehttp.WithRetry(otlptracehttp.RetryConfig{}))...)
	if err := c.Start(ctx); err != nil {
		return err
	}
	return errors.Join(c.UploadTraces(ctx, nil), c.Stop(ctx))
}

func (o Options) traces() ([]otlptracehttp.Option, error) {
	url, client, err := o.destination("/v1/traces")
	if err != nil {
		return nil, err
	}
	to := []otlptracehttp.Option{otlptracehttp.WithEndpointURL(url)}
	if client != nil {
		to = append(to, otlptracehttp.WithHTTPClient(client))
	}
	return to, nil
}

// destination is where exports go, with the path where the endpoint has none, and who takes them there; nil: the exporter's
// own client.
func (o Options) destination(path string) (string, *http.Client, error) {
	address, err := url.Parse(o.Endpoint)
	if err != nil {
		return "", nil, errors.New("OpenTelemetry: the endpoint is no URL") // what it is may hold a secret
	}
	if address.Path == "" || address.Path == "/" {
		address.Path = path
	}
	if o.Transport == nil && len(o.Headers) == 0 {
		return address.String(), nil, nil
	}
	next := o.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	return address.String(), &http.Client{Transport: headed{next, o.Headers}}, nil
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

// patient loses spans that can't be exported: traces are no record, the audit is.
type patient struct {
	sdk.SpanExporter
	arrival
}

func (p *patient) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	p.tell(ctx, p.SpanExporter.ExportSpans(ctx, spans))
	return nil
}

// arrival says once that nothing can be exported, and once that it can again.
type arrival struct {
	o    Options
	what string
	lost atomic.Bool
}

func (a *arrival) tell(ctx context.Context, err error) {
	switch was := a.lost.Swap(err != nil); {
	case err != nil && !was:
		a.o.Log.WarnContext(ctx, "the collector takes no exports", "of", a.what, "error", a.o.Scrub(err.Error()))
	case err == nil && was:
		a.o.Log.InfoContext(ctx, "the collector takes exports again", "of", a.what)
	}
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
		return nil, fmt.Errorf("OpenTelemetry: OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return all, nil
}
