package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Service traces what people do with requests.
type Service struct {
	*change.Service
	t *Tracing
}

// Service returns next with spans around what people ask and decide.
func (t *Tracing) Service(next *change.Service) Service { return Service{next, t} }

// Propose is a part of the event that asks.
func (s Service) Propose(ctx context.Context, a change.Ask) (r *change.Request, err error) {
	ctx, end := s.t.begin(ctx, "propose", trace.WithAttributes(attribute.String("rcb.kind", string(a.Kind))))
	defer func() { end(err) }()
	return s.Service.Propose(ctx, a)
}

// Approve is change.Service's.
func (s Service) Approve(ctx context.Context, p change.Press) (*change.Request, error) {
	return s.decide(ctx, change.SaidYes, p, s.Service.Approve)
}

// Reject is change.Service's.
func (s Service) Reject(ctx context.Context, p change.Press) (*change.Request, error) {
	return s.decide(ctx, change.SaidNo, p, s.Service.Reject)
}

// Withdraw is change.Service's.
func (s Service) Withdraw(ctx context.Context, p change.Press) (*change.Request, error) {
	return s.decide(ctx, change.Withdrew, p, s.Service.Withdraw)
}

// TakeBack is change.Service's.
func (s Service) TakeBack(ctx context.Context, p change.Press) (*change.Request, error) {
	return s.decide(ctx, change.TookBack, p, s.Service.TakeBack)
}

// Retry is change.Service's.
func (s Service) Retry(ctx context.Context, p change.Press) (*change.Request, error) {
	return s.decide(ctx, change.AskRetry, p, s.Service.Retry)
}

// Resolve is change.Service's.
func (s Service) Resolve(ctx context.Context, p change.Press) (*change.Request, error) {
	return s.decide(ctx, change.SaidClean, p, s.Service.Resolve)
}

// HandIn is change.Service's.
func (s Service) HandIn(ctx context.Context, p change.Press) (*change.Request, error) {
	return s.decide(ctx, change.HandedIn, p, s.Service.HandIn)
}

// decide goes on with the trace that asked for the request: whoever presses has begun one of their own, and the two
// are linked both ways.
func (s Service) decide(
	ctx context.Context, verb change.Verb, p change.Press, do func(context.Context, change.Press) (*change.Request, error),
) (r *change.Request, err error) {
	pressed := trace.SpanContextFromContext(ctx)
	if about, err := s.Get(ctx, p.ID); err == nil && about.Trace != "" {
		in := parsed(ctx, about.Trace)
		trace.SpanFromContext(ctx).AddLink(trace.LinkFromContext(in))
		ctx = in
	}
	ctx, end := s.t.begin(ctx, string(verb), trace.WithLinks(trace.Link{SpanContext: pressed}),
		trace.WithAttributes(attribute.String("rcb.request", p.ID)))
	defer func() { end(err) }()
	return do(ctx, p)
}
