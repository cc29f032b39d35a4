package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/webhook"
)

// outbox is one in memory. It is told once of each call to SyncAlerts.
type outbox struct {
	events []change.OutboxEvent
	synced []map[string]string
	taken  bool // somebody else has the lease
}

func (o *outbox) SyncAlerts(_ context.Context, _ string, open map[string]string, _ time.Duration) error {
	o.synced = append(o.synced, open)
	return nil
}

func (o *outbox) NextEvent(context.Context, string) (change.OutboxEvent, bool, error) {
	if len(o.events) == 0 {
		return change.OutboxEvent{}, false, nil
	}
	return o.events[0], true, nil
}

func (o *outbox) EventDone(_ context.Context, _, id string) error {
	if len(o.events) > 0 && o.events[0].ID == id {
		o.events = o.events[1:]
	}
	return nil
}

func (o *outbox) Lease(context.Context, string, string, time.Duration) (bool, error) {
	return !o.taken, nil
}
func (o *outbox) EndLease(context.Context, string, string) error { return nil }

type receiver struct {
	*httptest.Server
	answer int
	bodies []string
	ids    []string
}

func receives(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{answer: http.StatusAccepted}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.bodies, r.ids = append(r.bodies, string(body)), append(r.ids, req.Header.Get("Webhook-Id"))
		w.WriteHeader(r.answer)
	}))
	t.Cleanup(r.Close)
	return r
}

const signing = webhook.SigningPrefix + "c2ltdWxhdGVkLXdlYmhvb2stc2VjcmV0LTAxMjM0NTY3ODk="

type scene struct {
	*webhook.Sender
	box      *outbox
	to       *receiver
	now      time.Time
	outcomes []string
	open     []webhook.Alert
	unread   error
}

func newScene(t *testing.T, format webhook.Format) *scene {
	t.Helper()
	s := &scene{box: &outbox{}, to: receives(t), now: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)}
	s.Sender = webhook.New(webhook.Options{
		Hooks: []webhook.Hook{{Name: "on-call", URL: s.to.URL, Format: format, Secret: secret.New(signing), Client: s.to.Client(), Kinds: []webhook.Kind{webhook.Stuck}}},
		Env:   "prod", Outbox: s.box, Now: func() time.Time { return s.now }, Log: slog.New(slog.DiscardHandler), Owner: "me",
		Open:       func(context.Context) ([]webhook.Alert, error) { return s.open, s.unread },
		OnDelivery: func(_, outcome string) { s.outcomes = append(s.outcomes, outcome) },
		Backoff:    func(n int) time.Duration { return time.Duration(n) * time.Minute },
	})
	return s
}

func (s *scene) waits(id string, over bool) {
	raw, _ := json.Marshal(webhook.Alert{ID: "stuck/r1", Kind: webhook.Stuck, Summary: "It is stuck.", Since: s.now, Critical: true})
	s.box.events = append(s.box.events, change.OutboxEvent{ID: id, Alert: string(raw), Over: over, At: s.now})
}

// While a receiver is away it is left alone for longer each time; nothing overtakes what waits, and nothing is lost.
func TestAReceiverThatIsAwayGetsAllLater(t *testing.T) {
	t.Parallel()
	s := newScene(t, webhook.CloudEvents)
	s.waits("open 1 stuck/r1", false)
	s.waits("over 2 stuck/r1", true)
	s.to.answer = http.StatusServiceUnavailable
	for _, pass := range []time.Duration{0, 59 * time.Second, time.Second, time.Minute, time.Minute} {
		s.now = s.now.Add(pass)
		_ = s.Round(t.Context())
	}
	if len(s.to.bodies) != 3 || len(s.box.events) != 2 { // at 0, after 1 min, and after 2 min more
		t.Fatalf("%d attempts, %d wait", len(s.to.bodies), len(s.box.events))
	}
	s.to.answer = http.StatusAccepted
	s.now = s.now.Add(time.Hour)
	if err := s.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	last := s.to.ids[len(s.to.ids)-2:]
	if !slices.Equal(last, []string{"open 1 stuck/r1", "over 2 stuck/r1"}) || len(s.box.events) != 0 {
		t.Errorf("%q, %d wait", last, len(s.box.events))
	}
	if s.to.ids[0] != s.to.ids[3] {
		t.Errorf("another attempt has another id: %q", s.to.ids)
	}
}

// What a receiver never takes does not keep the rest from it. That it lacks the right to send is for people to mend: it waits.
func TestWhatIsRefusedForGoodIsDropped(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		http.StatusBadRequest: webhook.Refused, http.StatusUnprocessableEntity: webhook.Refused,
		http.StatusUnauthorized: webhook.Failed, http.StatusNotFound: webhook.Failed, http.StatusTooManyRequests: webhook.Failed,
		http.StatusFound: webhook.Failed,
	} {
		s := newScene(t, webhook.PagerDuty)
		s.waits("open 1 stuck/r1", false)
		s.to.answer = status
		err := s.Round(t.Context())
		if !slices.Equal(s.outcomes, []string{want}) || (err != nil) != (want == webhook.Failed) || len(s.box.events) == 0 != (want == webhook.Refused) {
			t.Errorf("%d: %v, %v, %d wait", status, s.outcomes, err, len(s.box.events))
		}
	}
}

// What can't be read is not over.
func TestWhatCantBeReadIsNotOver(t *testing.T) {
	t.Parallel()
	s := newScene(t, webhook.CloudEvents)
	s.unread = errors.New("redis is away")
	if err := s.Round(t.Context()); err == nil || len(s.box.synced) != 0 {
		t.Errorf("%v, %v", err, s.box.synced)
	}
	s.unread, s.open = nil, []webhook.Alert{{ID: "stuck/r1", Kind: webhook.Stuck}, {ID: "lost/c", Kind: webhook.Lost}}
	if err := s.Round(t.Context()); err != nil || len(s.box.synced) != 1 || len(s.box.synced[0]) != 1 {
		t.Errorf("%v, %v", err, s.box.synced) // the other kind was not chosen
	}
	s.box.taken = true
	if err := s.Round(t.Context()); err != nil || len(s.box.synced) != 1 {
		t.Errorf("another replica is at it: %v, %v", err, s.box.synced)
	}
}

// The address of a receiver may be a secret: errors do not show it.
func TestErrorsDoNotShowTheAddress(t *testing.T) {
	t.Parallel()
	s := newScene(t, webhook.CloudEvents)
	s.waits("open 1 stuck/r1", false)
	s.to.Close()
	if err := s.Round(t.Context()); err == nil || strings.Contains(err.Error(), "http://") {
		t.Errorf("%v", err)
	}
}

func TestSigningSecretsAreRandomEnough(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{signing: true, "whsec_YWJj": false, "c2ltdWxhdGVkLXdlYmhvb2stc2VjcmV0LTAxMjM0NTY3ODk=": false, "whsec_!": false, "": false} {
		if _, err := webhook.ParseSigningSecret(secret.New(text)); (err == nil) != ok || err != nil && text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
