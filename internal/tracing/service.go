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

// Propose is a part of the event that asks.
func (s Service) Propose(ctx context.Context, a change.ProposeInput) (r *change.Request, err error) {
	ctx, end := s.t.begin(ctx, "propose", trace.WithAttributes(attribute.String("rcb.kind", string(a.Kind))))
	defer func() { end(err) }()
	return s.Service.Propose(ctx, a)
}

// Approve is change.Service's.
func (s Service) Approve(ctx context.Context, p change.DecisionInput) (*change.Request, error) {
	return s.decide(ctx, change.DecisionApprove, p, s.Service.Approve)
}

// Reject is change.Service's.
func (s Service) Reject(ctx context.Context, p change.DecisionInput) (*change.Request, error) {
	return s.decide(ctx, change.DecisionReject, p, s.Service.Reject)
}

// RequestChanges is change.Service's.
func (s Service) RequestChanges(ctx context.Context, p change.DecisionInput) (*change.Request, error) {
	return s.decide(ctx, change.DecisionRequestChanges, p, s.Service.RequestChanges)
}

// Withdraw is change.Service's.
func (s Service) Withdraw(ctx context.Context, p change.DecisionInput) (*change.Request, error) {
	return s.decide(ctx, change.DecisionWithdraw, p, s.Service.Withdraw)
}

// Revoke is change.Service's.
func (s Service) Revoke(ctx context.Context, p change.DecisionInput) (*change.Request, error) {
	return s.decide(ctx, change.DecisionRevoke, p, s.Service.Revoke)
}

// Retry is change.Service's.
func (s Service) Retry(ctx context.Context, p change.DecisionInput) (*change.Request, error) {
	return s.decide(ctx, change.DecisionRetry, p, s.Service.Retry)
}

// Resolve is change.Service's.
func (s Service) Resolve(ctx context.Context, p change.DecisionInput) (*change.Request, error) {
	return s.decide(ctx, change.DecisionResolve, p, s.Service.Resolve)
}

// SubmitInput is change.Service's.
func (s Service) SubmitInput(ctx context.Context, p change.DecisionInput) (*change.Request, error) {
	return s.decide(ctx, change.DecisionInputSubmitted, p, s.Service.SubmitInput)
}

// TakeKey is change.Service's.
func (s Service) TakeKey(ctx context.Context, p change.DecisionInput) (*change.Request, error) {
	return s.decide(ctx, change.DecisionKeyTaken, p, s.Service.TakeKey)
}

// RenewKey is change.Service's.
func (s Service) RenewKey(ctx context.Context, p change.DecisionInput) (*change.Request, error) {
	return s.decide(ctx, change.DecisionRenew, p, s.Service.RenewKey)
}

// HandDone is change.Service's.
func (s Service) HandDone(ctx context.Context, p change.DecisionInput) (*change.Request, error) {
	return s.decide(ctx, change.DecisionHandDone, p, s.Service.HandDone)
}

// decide goes on with the trace that asked for the request: anyone who presses has begun one of their own, and the two
// are linked both ways.
func (s Service) decide(
	ctx context.Context, verb change.DecisionKind, p change.DecisionInput, do func(context.Context, change.DecisionInput) (*change.Request, error),
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
