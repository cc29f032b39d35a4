package tracing

import (
	"io"
	"net/http"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// The spans of calls are made here and not by otelhttp: that one records whole URLs, and a response_url of Slack's is
// a secret; and a query may quote what somebody searches for. Bodies and headers are never recorded.

// Elastic traces the calls to a system of Elastic's, and hands the trace on: Elasticsearch writes it into its logs as
// trace.id (Elasticsearch's docs: "Traceability").
func (t *Tracing) Elastic(system string, next http.RoundTripper) http.RoundTripper {
	if t == nil {
		return next
	}
	return calls{t: t, next: next, system: system, handOn: true, of: func(req *http.Request) (string, []attribute.KeyValue) {
		return req.Method, []attribute.KeyValue{attribute.String("url.path", t.scrub(req.URL.Path))}
	}}
}

// Slack traces the calls to Slack by their method; api is the base of Slack's Web API.
func (t *Tracing) Slack(api string, next http.RoundTripper) *http.Client {
	if t == nil {
		return &http.Client{Transport: next}
	}
	return &http.Client{Transport: calls{t: t, next: next, system: "slack", of: func(req *http.Request) (string, []attribute.KeyValue) {
		if method, ok := strings.CutPrefix(req.URL.String(), api); ok {
			return method, nil
		}
		return "response_url", nil
	}}}
}

// calls makes a span of each call that is part of a trace.
type calls struct {
	t      *Tracing
	next   http.RoundTripper
	system string
	handOn bool
	of     func(*http.Request) (name string, more []attribute.KeyValue)
}

// RoundTrip implements http.RoundTripper. The span ends with the answer's body.
func (c calls) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return c.next.RoundTrip(req)
	}
	name, more := c.of(req)
	ctx, span := c.t.tracer.Start(ctx, c.system+" "+name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(append(more,
		attribute.String("http.request.method", req.Method), attribute.String("server.address", req.URL.Hostname()),
		attribute.String("peer.service", c.system),
	)...))
	req = req.Clone(ctx)
	if c.handOn {
		propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(req.Header))
	}
	resp, err := c.next.RoundTrip(req)
	if err != nil {
		c.t.end(span, err)
		return resp, err
	}
	span.SetAttributes(attribute.Int("http.response.status_code", resp.StatusCode))
	if resp.StatusCode >= http.StatusBadRequest {
		span.SetStatus(codes.Error, resp.Status)
	}
	resp.Body = &tail{ReadCloser: resp.Body, end: sync.OnceFunc(func() { span.End() })}
	return resp, nil
}

// tail ends a span when the body is closed.
type tail struct {
	io.ReadCloser
	end func()
}

func (b *tail) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}
