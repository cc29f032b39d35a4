package workspace

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/socketmode"
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
func (w *courier) Forge(ctx context.Context, f Forgery) int {
	w.mu.Lock()
	app := w.app
	p, c := w.people[0], &Channel{ID: "C0FORGED00", Name: "forged"}
	payload := w.commandPayload(p, c, "/remote-cluster", cmp.Or(f.Text, "help"))
	now := w.opts.Now()
	w.mu.Unlock()
	if f.OtherTeam {
		payload["team_id"], payload["team_domain"] = "T0STRANGER", "stranger"
	}
	target, kind, body := delivery{kind: socketmode.Command, payload: payload}.encode(app)
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

func (w *courier) raw(ctx context.Context, target string, header http.Header, body string) int {
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
