package app

import (
	"context"
	"io"
	"log/slog"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/tracing"
)

// NewLogger writes what a configuration asks for.
func NewLogger(c config.Log, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Level)) // checked when the configuration was read
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "text" {
		return slog.New(redactor{Handler: slog.NewTextHandler(w, o)})
	}
	return slog.New(redactor{Handler: slog.NewJSONHandler(w, o)})
}

// redactor adds to every line what its context is about: request_id, the event from Slack, request, the change, and
// trace_id, where it is traced. So one can follow what somebody typed to the last call of the change that it became.
type redactor struct {
	slog.Handler
	hasEvent, hasRequest bool // by With
}

const eventKey, requestKey, traceKey = "request_id", "request", "trace_id"

// Handle adds what the line lacks.
func (t redactor) Handle(ctx context.Context, r slog.Record) error {
	event, request := bot.RequestID(ctx), change.RequestIDFrom(ctx)
	hasEvent, hasRequest := t.hasEvent, t.hasRequest
	r.Attrs(func(a slog.Attr) bool {
		hasEvent = hasEvent || a.Key == eventKey
		hasRequest = hasRequest || a.Key == requestKey
		return true
	})
	r = r.Clone()
	if event != "" && !hasEvent {
		r.AddAttrs(slog.String(eventKey, event))
	}
	if request != "" && !hasRequest {
		r.AddAttrs(slog.String(requestKey, request))
	}
	if id := tracing.ID(ctx); id != "" {
		r.AddAttrs(slog.String(traceKey, id))
	}
	return t.Handler.Handle(ctx, r)
}

// WithAttrs keeps count of what every line has already.
func (t redactor) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		t.hasEvent = t.hasEvent || a.Key == eventKey
		t.hasRequest = t.hasRequest || a.Key == requestKey
	}
	t.Handler = t.Handler.WithAttrs(attrs)
	return t
}

// WithGroup goes on adding: inside the group.
func (t redactor) WithGroup(name string) slog.Handler {
	t.Handler = t.Handler.WithGroup(name)
	return t
}

// loggedStore logs what happens to a request with the event that made it happen: the line where the two ids meet.
type loggedStore struct {
	change.Requests
	log *slog.Logger
}

func (t loggedStore) Create(ctx context.Context, r *change.Request, submission string, entry change.Entry) (string, error) {
	id, err := t.Requests.Create(ctx, r, submission, entry)
	if err == nil {
		t.log.InfoContext(ctx, "request created", requestKey, id, "kind", string(r.Proposal.Kind), "user", r.Requester.User)
	}
	return id, err
}

func (t loggedStore) Transition(ctx context.Context, m change.Transition) error {
	err := t.Requests.Transition(ctx, m)
	if err == nil {
		t.log.InfoContext(ctx, "request decided", requestKey, m.ID, "what", m.Entry.What, "user", m.Entry.By.User,
			"from", string(m.From), "state", string(m.To))
	}
	return err
}
