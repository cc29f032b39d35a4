package workspace

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Forgery is a request that Slack never sent. The zero forgery is a genuine slash command.
type Forgery struct {
	WrongSecret  bool          // signed with another secret
	NoSignature  bool          // headers missing
	Age          time.Duration // the timestamp lies so long ago; negative: ahead
	OtherTeam    bool          // correctly signed, but of another workspace
	TamperedBody bool          // changed after signing
	Text         string        // of the command; "help" if empty
}

// Forge sends a forged slash command to the command URL and returns the HTTP status, 0 if there was no answer.
func (w *Workspace) Forge(ctx context.Context, f Forgery) int {
	w.mu.Lock()
	app := w.app
	p, c := w.people[0], &Channel{ID: "C0FORGED00", Name: "forged"}
	payload := w.commandPayload(p, c, "/remote-cluster", orElse(f.Text, "help"))
	now := w.opts.Now()
	w.mu.Unlock()
	if f.OtherTeam {
		payload["team_id"], payload["team_domain"] = "T0STRANGER", "stranger"
	}
	target, kind, body := delivery{kind: kindCommand, payload: payload}.encode(app)
	secret := app.SigningSecret
	if f.WrongSecret {
		secret += "?"
	}
	timestamp := strconv.FormatInt(now.Add(-f.Age).Unix(), 10)
	header := http.Header{"Content-Type": {kind}}
	if !f.NoSignature {
		header.Set("X-Slack-Request-Timestamp", timestamp)
		header.Set("X-Slack-Signature", Sign(secret, timestamp, body))
	}
	if f.TamperedBody {
		body += "&text=tampered"
	}
	return w.raw(ctx, target, header, body)
}

// Replay sends the nth latest HTTP delivery again (0 is the latest), byte for byte and with its old timestamp and
// signature, as somebody who captured it would, and returns the HTTP status.
func (w *Workspace) Replay(ctx context.Context, n int) (int, error) {
	w.mu.Lock()
	app := w.app
	if n < 0 || n >= len(w.sent) {
		w.mu.Unlock()
		return 0, errors.New("there is no such delivery to replay")
	}
	captured := w.sent[len(w.sent)-1-n]
	w.mu.Unlock()
	target, kind, body := captured.encode(app)
	timestamp := strconv.FormatInt(captured.at.Unix(), 10)
	return w.raw(ctx, target, http.Header{
		"Content-Type":              {kind},
		"X-Slack-Request-Timestamp": {timestamp},
		"X-Slack-Signature":         {Sign(app.SigningSecret, timestamp, body)},
	}, body), nil
}

// Again delivers the nth latest payload once more, as Slack retries an event and Socket Mode redelivers an
// envelope, and returns what the app answered: the problem, or nothing.
func (w *Workspace) Again(ctx context.Context, n, attempt int) (problem string, err error) {
	w.mu.Lock()
	if n < 0 || n >= len(w.sent) {
		w.mu.Unlock()
		return "", errors.New("there is no such delivery to repeat")
	}
	d := w.sent[len(w.sent)-1-n]
	w.mu.Unlock()
	d.retry = attempt
	return w.deliver(ctx, d).problem, nil
}

func (w *Workspace) raw(ctx context.Context, target string, header http.Header, body string) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		return 0
	}
	req.Header = header
	res, err := w.client.Do(req)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}
