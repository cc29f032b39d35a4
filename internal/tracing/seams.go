package tracing

import (
	"context"
	"encoding/json"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Events is the hook of bot.Options.Trace: an event from Slack begins a trace, or goes on with the one that the modal
// carries which it comes from.
func (t *Tracing) Events() func(ctx context.Context, what, carried string) (context.Context, func(error)) {
	if t == nil {
		return nil
	}
	return func(ctx context.Context, what, carried string) (context.Context, func(error)) {
		return t.begin(parsed(ctx, carried), what, trace.WithSpanKind(trace.SpanKindServer),
			trace.WithAttributes(attribute.String("rcb.request_id", bot.RequestID(ctx))))
	}
}

// Carry is the hook of bot.MessengerOptions.Carry: what a modal takes along.
func (t *Tracing) Carry() func(context.Context) string {
	if t == nil {
		return nil
	}
	return written
}

// Commands is the hook of store.Observe. What the bot asks Redis on its own account, again and again, is no part of
// any trace.
func (t *Tracing) Commands() func(ctx context.Context, command string) func(error) {
	return func(ctx context.Context, command string) func(error) {
		if !trace.SpanContextFromContext(ctx).IsValid() {
			return func(error) {}
		}
		_, end := t.begin(ctx, "redis "+command, trace.WithSpanKind(trace.SpanKindClient),
			trace.WithAttributes(attribute.String("db.system.name", "redis"), attribute.String("db.operation.name", command)))
		return end
	}
}

// Requests stores the trace that asks for a request with it.
func (t *Tracing) Requests(next change.Requests) change.Requests {
	if t == nil {
		return next
	}
	return requests{next}
}

type requests struct{ change.Requests }

func (s requests) Create(ctx context.Context, r *change.Request, submission string, entry change.Entry) (string, error) {
	r.Trace = written(ctx)
	return s.Requests.Create(ctx, r, submission, entry)
}

// Planners traces the working out of plans.
func (t *Tracing) Planners(next map[change.Kind]change.Planner) map[change.Kind]change.Planner {
	if t == nil {
		return next
	}
	all := map[change.Kind]change.Planner{}
	for kind, p := range next {
		all[kind] = planner{p, t}
	}
	return all
}

type planner struct {
	change.Planner
	t *Tracing
}

func (p planner) Plan(ctx context.Context, id string, params json.RawMessage) (plan change.Proposal, err error) {
	ctx, end := p.t.begin(ctx, "plan")
	defer func() { end(err) }()
	return p.Planner.Plan(ctx, id, params)
}

// Service returns next with spans around what people ask and decide.
func (t *Tracing) Service(next *change.Service) Service { return Service{next, t} }
