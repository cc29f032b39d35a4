package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// Format is what a receiver understands.
type Format string

// The formats.
const (
	CloudEvents  Format = "cloudevents"  // structured JSON, signed as Standard Webhooks says
	PagerDuty    Format = "pagerduty"    // the Events API v2; the secret is the routing key
	Alertmanager Format = "alertmanager" // Prometheus' Alertmanager, its API v2; the secret is a bearer token, or none
)

// Formats returns all there are.
func Formats() []Format { return []Format{CloudEvents, PagerDuty, Alertmanager} }

// Alertmanager takes an alert for over unless it is told again in time.
const (
	alertmanagerRepeat = 10 * time.Minute
	alertmanagerLasts  = time.Hour
)

func (f Format) repeat() time.Duration {
	if f == Alertmanager {
		return alertmanagerRepeat
	}
	return 0
}

// SigningPrefix begins a secret that Standard Webhooks knows: base64 follows it.
const SigningPrefix = "whsec_"

// ParseSigningSecret reads the key by which CloudEvents are signed. The error does not show it.
func ParseSigningSecret(s secret.Secret) ([]byte, error) {
	const least, most = 24, 64
	text, ok := strings.CutPrefix(s.Reveal(), SigningPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) < least || len(key) > most {
		return nil, fmt.Errorf(`must be "%s" and %d to %d random bytes in base64: echo "%s$(openssl rand -base64 32)"`, SigningPrefix, least, most, SigningPrefix)
	}
	return key, nil
}

// send makes one attempt. Besides its outcome it returns why it failed.
func (s *Sender) send(ctx context.Context, h Hook, e change.OutboxEvent) (outcome string, err error) {
	var a Alert
	if err := json.Unmarshal([]byte(e.Alert), &a); err != nil {
		return Refused, fmt.Errorf("the alert can't be read: %w", err)
	}
	var body any
	header := http.Header{"Content-Type": {"application/json"}}
	switch h.Format {
	case CloudEvents:
		body = cloudEvent(s.o.Env, e, a)
		header.Set("Content-Type", "application/cloudevents+json; charset=UTF-8")
	case PagerDuty:
		body = pagerDutyEvent(h.Secret, s.o.Env, e, a)
	case Alertmanager:
		body = alertmanagerAlerts(s.o.Env, e, a, s.o.Now())
		if !h.Secret.Empty() {
			header.Set("Authorization", "Bearer "+h.Secret.Reveal())
		}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return Refused, err
	}
	if h.Format == CloudEvents {
		if err := sign(header, h.Secret, e.ID, s.o.Now(), raw); err != nil {
			return Failed, err
		}
	}
	return post(ctx, h, header, raw)
}

// sign adds the headers of Standard Webhooks: the receiver tells by them who sent the body, when, and whether it has had
// the same before.
func sign(header http.Header, with secret.Secret, id string, now time.Time, body []byte) error {
	key, err := ParseSigningSecret(with)
	if err != nil {
		return err
	}
	at := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(id + "." + at + "." + string(body))) // a hash takes everything
	header.Set("Webhook-Id", id)
	header.Set("Webhook-Timestamp", at)
	header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return nil
}

func post(ctx context.Context, h Hook, header http.Header, body []byte) (outcome string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return Failed, errors.New("its address can't be read")
	}
	req.Header = header
	resp, err := h.Client.Do(req)
	if err != nil {
		return Failed, unaddressed(err)
	}
	const enough = 64 << 10
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, enough)) // so that the connection is used again
	_ = resp.Body.Close()
	err = fmt.Errorf("it answered %s", resp.Status)
	switch resp.StatusCode {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return Refused, err
	}
	if resp.StatusCode/100 != 2 {
		return Failed, err
	}
	return Delivered, nil
}

// unaddressed is the error of a call without the address, which of some receivers is a secret.
func unaddressed(err error) error {
	var e interface{ Unwrap() error }
	if errors.As(err, &e) && e.Unwrap() != nil {
		return e.Unwrap()
	}
	return err
}
