package workspace

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/socketmode"
)

// delivery is one payload on its way to the app.
type delivery struct {
	kind    string
	payload object
	at      time.Time
}

// ack is the app's answer: the body of its 200 or the payload of its envelope's acknowledgement.
type ack struct {
	problem string // operation_timeout, dispatch_failed, http_client_error, http_service_error
	body    []byte
}

// json is the body as an object, nil if it is empty or something else.
func (a ack) json() object {
	var o object
	if json.Unmarshal(a.body, &o) != nil {
		return nil
	}
	return o
}

// courier brings the app what happens in the workspace.
type courier struct {
	*team
	client *http.Client
}

// deliver hands a payload to the app and waits for its acknowledgement, three seconds at most.
func (c *courier) deliver(ctx context.Context, d delivery) ack {
	ctx, cancel := context.WithTimeout(ctx, c.opts.AckWithin)
	defer cancel()
	c.mu.Lock()
	app := c.app
	d.at = c.opts.Now()
	c.mu.Unlock()
	answer := c.hand(ctx, app, d)
	if c.opts.OnDelivery != nil {
		seen := Delivery{Kind: d.kind, Payload: d.payload, Problem: answer.problem}
		_ = json.Unmarshal(answer.body, &seen.Answer) // an empty or odd body is no answer
		c.opts.OnDelivery(seen)
	}
	return answer
}

func (c *courier) hand(ctx context.Context, app App, d delivery) ack {
	if app.SocketMode {
		body, err := c.sockets.Deliver(ctx, d.kind, d.payload)
		if err != nil {
			return ack{problem: failedOrLate(err)}
		}
		return ack{body: body}
	}
	target, kind, body := d.encode(app)
	timestamp := strconv.FormatInt(d.at.Unix(), 10)
	header := http.Header{}
	header.Set("Content-Type", kind)
	header.Set("X-Slack-Request-Timestamp", timestamp)
	header.Set("X-Slack-Signature", Sign(app.SigningSecret, timestamp, body))
	return c.send(ctx, target, header, body)
}

// encode makes the body of an HTTP delivery: commands are forms, interactions a form with one JSON field, events JSON.
func (d delivery) encode(app App) (target, contentType, body string) {
	const form = "application/x-www-form-urlencoded"
	switch d.kind {
	case socketmode.Command:
		values := url.Values{}
		for name := range d.payload {
			values.Set(name, field.Str(d.payload, name))
		}
		return app.CommandURL, form, values.Encode()
	case socketmode.Event:
		return app.EventsURL, "application/json", string(marshal(d.payload))
	default:
		target = app.InteractivityURL
		if field.Str(d.payload, "type") == "block_suggestion" {
			target = cmp.Or(app.OptionsURL, target)
		}
		return target, form, url.Values{"payload": {string(marshal(d.payload))}}.Encode()
	}
}

func (c *courier) send(ctx context.Context, target string, header http.Header, body string) ack {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		return ack{problem: "dispatch_failed"}
	}
	req.Header = header
	req.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	res, err := c.client.Do(req)
	if err != nil {
		return ack{problem: failedOrLate(ctx.Err())}
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	switch {
	case err != nil:
		return ack{problem: failedOrLate(ctx.Err())}
	case res.StatusCode >= http.StatusInternalServerError:
		return ack{problem: "http_service_error", body: answer}
	case res.StatusCode != http.StatusOK:
		return ack{problem: "http_client_error", body: answer}
	}
	return ack{body: answer}
}

// failedOrLate is the problem of a delivery that got no answer.
func failedOrLate(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "operation_timeout"
	}
	return "dispatch_failed"
}

// Sign is Slack's v0 signature: HMAC-SHA256 over "v0:<timestamp>:<raw body>" (Slack's docs, "verifying requests
// from Slack").
func Sign(secret, timestamp, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(mac, "v0:"+timestamp+":"+body) // a hash never fails
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}
