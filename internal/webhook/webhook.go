// Package webhook tells others than Slack of what people are paged for: once when it begins, and once when it is over.
// What has to be told stands in an outbox before it is sent, and leaves it only once the receiver has taken it. The
// package knows neither where alerts come from nor where the outbox is kept.
package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// Kind says what an alert is about.
type Kind string

// The kinds of alert.
const (
	Stuck   Kind = "stuck"    // a change could not be rolled back, or can't be read
	Lost    Kind = "lost"     // a managed connection does not work
	KeyEnds Kind = "key_ends" // the key of a managed connection ends within a day

	EndOverdue Kind = "end_overdue" // a managed connection should have ended, and is still there

	BreakGlass    Kind = "break_glass"    // somebody approved alone in an emergency, and others have yet to review it
	ReviewOverdue Kind = "review_overdue" // nobody has, in time
)

// Kinds returns all there are.
func Kinds() []Kind { return []Kind{Stuck, Lost, KeyEnds, EndOverdue, BreakGlass, ReviewOverdue} }

// Alert is something that people are paged for, for as long as it lasts.
type Alert struct {
	ID       string            `json:"id"` // the same for as long as it lasts, such as "stuck/k3v9x2"
	Kind     Kind              `json:"kind"`
	Summary  string            `json:"summary"` // one sentence
	Since    time.Time         `json:"since"`
	Critical bool              `json:"critical"` // now; else it is a warning
	Details  map[string]string `json:"details,omitempty"`
}

// Outbox keeps what is to be told; *store.Store is one.
type Outbox interface {
	// SyncAlerts makes the open alerts of a webhook those given, by id, and puts what that changes into its outbox, all at
	// once. An alert that lasts is told again when repeat has passed since; 0: never.
	SyncAlerts(ctx context.Context, hook string, open map[string]string, repeat time.Duration) error
	// NextEvent returns the oldest event that has to be delivered; false: there is none.
	NextEvent(ctx context.Context, hook string) (change.OutboxEvent, bool, error)
	// EventDone takes an event out of the outbox.
	EventDone(ctx context.Context, hook, id string) error
	// Lease lets owner alone do something for d; false: somebody does.
	Lease(ctx context.Context, name, owner string, d time.Duration) (bool, error)
	EndLease(ctx context.Context, name, owner string) error
}

// Hook is a receiver.
type Hook struct {
	Name   string
	URL    string
	Format Format
	Secret secret.Secret // what it is signed with, or opened by; what that means is the format's
	Kinds  []Kind        // that it is told of; none: all
	Client *http.Client  // with a time-out
}

// Options are what a Sender needs.
type Options struct {
	Hooks  []Hook
	Env    string // names this installation
	Outbox Outbox
	// Open reads everything that lasts now. An error means that it is not known, which is not the same as nothing.
	Open  func(ctx context.Context) ([]Alert, error)
	Owner string // names this process
	Now   func() time.Time
	Log   *slog.Logger
	// OnDelivery is called after every attempt with Delivered, Failed or Refused. It must not block.
	OnDelivery func(hook, outcome string)
	Every      time.Duration // between two looks at what lasts: 5 s
	Backoff    Backoff
}

// Backoff is how long to wait after that many failures in a row.
type Backoff func(failures int) time.Duration

// What an attempt to deliver comes to.
const (
	Delivered = "delivered"
	Failed    = "failed"  // it is tried again
	Refused   = "refused" // the receiver says that it never takes it: it is dropped, and logged
)

// Sender delivers. The senders of all replicas share the work: one at a time looks and delivers.
type Sender struct {
	o    Options
	wait []waiting // by hook
}

// waiting is how long a hook that failed is left alone. It is not kept: a new process tries at once.
type waiting struct {
	failures int
	until    time.Time
}

const defaultEvery = 5 * time.Second

// New returns a sender; it sends nothing before Run.
func New(o Options) *Sender {
	if o.Every <= 0 {
		o.Every = defaultEvery
	}
	if o.OnDelivery == nil {
		o.OnDelivery = func(string, string) {}
	}
	return &Sender{o: o, wait: make([]waiting, len(o.Hooks))}
}

// Run tells until ctx ends.
func (s *Sender) Run(ctx context.Context) error {
	tick := time.NewTicker(s.o.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := s.Round(ctx); err != nil && ctx.Err() == nil {
				s.o.Log.WarnContext(ctx, "webhooks; it is tried again", "error", err)
			}
		}
	}
}

const (
	leaseName = "webhooks"
	roundTime = 20 * time.Second
	roundOver = 3 * roundTime // the lease: longer than a round and the call that it may be in
	perRound  = 100           // deliveries to one receiver
)

// Round looks at what lasts, notes what has changed since, and delivers what is due. It does nothing while another replica
// is at it.
func (s *Sender) Round(ctx context.Context) error {
	ours, err := s.o.Outbox.Lease(ctx, leaseName, s.o.Owner, roundOver)
	if err != nil || !ours {
		return err
	}
	defer func() { _ = s.o.Outbox.EndLease(context.WithoutCancel(ctx), leaseName, s.o.Owner) }()
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	noted := s.note(ctx)
	errs := make([]error, len(s.o.Hooks))
	var wg sync.WaitGroup
	for i := range s.o.Hooks {
		wg.Go(func() { errs[i] = s.deliver(ctx, s.o.Hooks[i], &s.wait[i]) })
	}
	wg.Wait()
	return errors.Join(noted, errors.Join(errs...))
}

// note puts what has changed into the outboxes. Where what lasts can't be read, nothing is taken for over.
func (s *Sender) note(ctx context.Context) error {
	all, err := s.o.Open(ctx)
	if err != nil {
		return fmt.Errorf("reading what lasts: %w", err)
	}
	for _, h := range s.o.Hooks {
		open := map[string]string{}
		for _, a := range all {
			if len(h.Kinds) > 0 && !slices.Contains(h.Kinds, a.Kind) {
				continue
			}
			text, err := json.Marshal(a)
			if err != nil {
				return err
			}
			open[a.ID] = string(text)
		}
		if err := s.o.Outbox.SyncAlerts(ctx, h.Name, open, h.Format.repeat()); err != nil {
			return err
		}
	}
	return nil
}

// deliver sends a receiver what waits for it, in order: that something is over never comes before that it began.
func (s *Sender) deliver(ctx context.Context, h Hook, w *waiting) error {
	if s.o.Now().Before(w.until) {
		return nil
	}
	for range perRound {
		e, ok, err := s.o.Outbox.NextEvent(ctx, h.Name)
		if err != nil || !ok {
			return err
		}
		outcome, err := s.send(ctx, h, e)
		s.o.OnDelivery(h.Name, outcome)
		switch outcome {
		case Failed:
			w.failures++
			w.until = s.o.Now().Add(s.o.Backoff(w.failures))
			return fmt.Errorf("webhook %s: %w", h.Name, err)
		case Refused:
			s.o.Log.ErrorContext(ctx, "a webhook refused an event for good: it is dropped", "webhook", h.Name, "event", e.ID, "error", err)
		}
		*w = waiting{}
		if err := s.o.Outbox.EventDone(ctx, h.Name, e.ID); err != nil {
			return err
		}
	}
	return nil
}
