// Package tracing follows a change from the slash command to its last call, as OpenTelemetry spans that are exported
// by OTLP over HTTP. It listens at the seams: where bot takes an event in, around change.Service and the store, where
// the executor and the notifier take a request up, and around the transports. The parts that do the work know nothing
// of it.
//
// A request lives for days, and another replica may apply it. So the trace that asked for it is stored with it
// (change.Request.Trace), and anyone who works on it goes on with that one.
//
// A nil *Tracing traces nothing and costs nothing: every hook that it hands out is nil, every wrapper is what it wraps.
package tracing

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Tracing makes the spans of one process.
type Tracing struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	scrub    func(string) string
}

const scope = "github.com/remote-cluster-bot/remote-cluster-bot"

// New returns a Tracing that hands its spans to exporter.
func New(exporter sdk.SpanExporter, o Options) (*Tracing, error) {
	of, err := describe(o)
	if err != nil {
		return nil, err
	}
	all := []sdk.TracerProviderOption{sdk.WithResource(of), sdk.WithBatcher(exporter, sdk.WithBatchTimeout(2*time.Second))}
	if o.Sample > 0 { // else what OTEL_TRACES_SAMPLER says, and every trace where it says nothing
		all = append(all, sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(o.Sample))))
	}
	p := sdk.NewTracerProvider(all...)
	if o.Scrub == nil {
		o.Scrub = func(s string) string { return s }
	}
	return &Tracing{provider: p, tracer: p.Tracer(scope, trace.WithInstrumentationVersion(o.Version)), scrub: o.Scrub}, nil
}

// Close exports what has ended, as far as ctx allows.
func (t *Tracing) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// ID is the trace that ctx belongs to, for logs; empty outside one.
func ID(ctx context.Context) string {
	if c := trace.SpanContextFromContext(ctx); c.IsValid() {
		return c.TraceID().String()
	}
	return ""
}

// Span begins a part of the work on a request, and returns what ends it. Within a trace it is a part of what goes on;
// outside, it goes on with the trace that asked for the request.
func (t *Tracing) Span(ctx context.Context, r *change.Request, name string) (context.Context, func(error)) {
	if trace.SpanContextFromContext(ctx).IsValid() {
		return t.begin(ctx, name)
	}
	return t.begin(parsed(ctx, r.Trace), name, trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
		attribute.String("rcb.request", r.ID), attribute.String("rcb.kind", string(r.Proposal.Kind)),
	))
}

// Spans is Span as a hook; nil where nothing is traced.
func (t *Tracing) Spans() func(context.Context, *change.Request, string) (context.Context, func(error)) {
	if t == nil {
		return nil
	}
	return t.Span
}

func (t *Tracing) begin(ctx context.Context, name string, o ...trace.SpanStartOption) (context.Context, func(error)) {
	ctx, span := t.tracer.Start(ctx, name, o...)
	return ctx, func(err error) { t.end(span, err) }
}

// end says no more of an error than a log would.
func (t *Tracing) end(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, t.scrub(err.Error()))
	}
	span.End()
}

// traceparent is the header of the W3C recommendation "Trace Context", and how a trace is written down here.
const traceparent = "traceparent"

// written is the span that ctx is in, as text; empty where there is none.
func written(ctx context.Context) string {
	h := http.Header{}
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(h))
	return h.Get(traceparent)
}

// parsed puts ctx into the span that was written down, and into none where that can't be read.
func parsed(ctx context.Context, text string) context.Context {
	ctx = trace.ContextWithSpanContext(ctx, trace.SpanContext{})
	h := http.Header{}
	h.Set(traceparent, text)
	return propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(h))
}
