package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/PagerDuty/go-pagerduty"
	"github.com/cloudevents/sdk-go/v2/event"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/webhook"
)

const webhookSecret = webhook.SigningPrefix + "c2ltdWxhdGVkLXdlYmhvb2stc2VjcmV0LTAxMjM0NTY3ODk="

// oneEvent is an outbox that holds one event.
type oneEvent struct {
	event change.OutboxEvent
	done  bool
}

func (*oneEvent) SyncAlerts(context.Context, string, map[string]string, time.Duration) error {
	return nil
}

func (o *oneEvent) NextEvent(context.Context, string) (change.OutboxEvent, bool, error) {
	return o.event, !o.done, nil
}
func (o *oneEvent) EventDone(context.Context, string, string) error { o.done = true; return nil }
func (*oneEvent) Lease(context.Context, string, string, time.Duration) (bool, error) {
	return true, nil
}
func (*oneEvent) EndLease(context.Context, string, string) error { return nil }

// webhookSent is what a receiver of that format is sent.
func webhookSent(t *testing.T, format webhook.Format, over bool) (http.Header, []byte) {
	t.Helper()
	var header http.Header
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(server.Close)
	alert, err := json.Marshal(webhook.Alert{
		ID: "stuck/k3v9x2", Kind: webhook.Stuck, Summary: "Rolling back failed.", Since: time.Now().Add(-time.Minute), Critical: true,
		Details: map[string]string{"request": "k3v9x2"},
	})
	if err != nil {
		t.Fatal(err)
	}
	box := &oneEvent{event: change.OutboxEvent{ID: "open 1764417600000 stuck/k3v9x2", Alert: string(alert), Over: over, At: time.Now()}}
	err = webhook.New(webhook.Options{
		Hooks: []webhook.Hook{{Name: "h", URL: server.URL, Format: format, Secret: secret.New(webhookSecret), Client: server.Client()}},
		Env:   "prod", Outbox: box, Open: func(context.Context) ([]webhook.Alert, error) { return nil, nil }, Now: time.Now,
		Log: slog.New(slog.DiscardHandler),
	}).Round(t.Context())
	if err != nil || !box.done {
		t.Fatalf("%v, delivered: %v", err, box.done)
	}
	return header, body
}

// strictly decodes what was sent into the type of somebody else's library, which has to know every field.
func strictly(t *testing.T, raw []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Errorf("%v: %s", err, raw)
	}
}

// The SDK of CloudEvents takes the events for valid, and the library of Standard Webhooks the signature for ours.
func TestWebhooksAreSignedCloudEvents(t *testing.T) {
	t.Parallel()
	header, body := webhookSent(t, webhook.CloudEvents, false)
	var e event.Event
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatal(err)
	}
	if err := e.Validate(); err != nil || e.Subject() != "stuck/k3v9x2" || e.ID() != header.Get("Webhook-Id") {
		t.Errorf("%v: %s", err, body)
	}
	verifier, err := standardwebhooks.NewWebhook(webhookSecret)
	if err != nil {
		t.Fatal(err)
	}
	if err := verifier.Verify(body, header); err != nil {
		t.Error(err)
	}
	if err := verifier.Verify(append(body, ' '), header); err == nil {
		t.Error("another body has the same signature")
	}
}

func TestWebhooksSpeakPagerDuty(t *testing.T) {
	t.Parallel()
	for over, action := range map[bool]string{false: "trigger", true: "resolve"} {
		_, body := webhookSent(t, webhook.PagerDuty, over)
		var e pagerduty.V2Event
		strictly(t, body, &e)
		if e.Action != action || e.DedupKey != "remote-cluster-bot/prod/stuck/k3v9x2" || e.RoutingKey != webhookSecret {
			t.Errorf("%+v", e)
		}
		if !over && (e.Payload == nil || e.Payload.Severity != "critical" || e.Payload.Source == "" || e.Payload.Summary == "") {
			t.Errorf("%s", body)
		}
	}
}
