package bot

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// signed makes a request as Slack does.
func signed(path, contentType, body, secret string, at time.Time) *http.Request {
	req := httptest.NewRequestWithContext(context.Background(), http.MethodPost, path, strings.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	sign(req.Header, body, secret, at)
	return req
}

func sign(h http.Header, body, secret string, at time.Time) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + stamp + ":" + body))
	h.Set("X-Slack-Request-Timestamp", stamp)
	h.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
}

func TestPublishedSignatureIsAccepted(t *testing.T) {
	// The example of Slack's docs, "Verifying requests from Slack".
	const body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V" +
		"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=" +
		"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN" +
		"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	h := http.Header{}
	h.Set("X-Slack-Request-Timestamp", "1531420618")
	h.Set("X-Slack-Signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503")
	secrets := []func() string{func() string { return "8f742231b10e8888abcd99yyyzzz85a5" }}
	if s, ok := signatureOf(h, time.Unix(1531420618, 0)); !ok || !s.by(secrets, []byte(body)) {
		t.Error("refused")
	}
}

func TestOnlySlackIsLetIn(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	served := 0
	r := NewRouter(Options{Now: func() time.Time { return now }})
	r.OnCommand("/rc", func(context.Context, Command) (Answer, error) { served++; return Answer{}, nil })
	secret := func(s string) func() string { return func() string { return s } }
	h := NewHTTPSource(r, HTTPOptions{
		SigningSecrets: []func() string{secret("new"), secret("old"), secret("")}, Now: func() time.Time { return now },
	})
	cases := map[string]struct {
		at     time.Time
		secret string
		spoil  func(http.Header)
		want   int
	}{
		"new secret":        {now, "new", nil, 200},
		"old secret":        {now, "old", nil, 200},
		"299 s ago":         {now.Add(-299 * time.Second), "new", nil, 200},
		"299 s ahead":       {now.Add(299 * time.Second), "new", nil, 200},
		"301 s ago":         {now.Add(-301 * time.Second), "new", nil, 401},
		"301 s ahead":       {now.Add(301 * time.Second), "new", nil, 401},
		"year 292277026596": {time.Unix(1<<62, 0), "new", nil, 401},
		"wrong secret":      {now, "other", nil, 401},
		"empty secret":      {now, "", nil, 401},
		"no signature":      {now, "new", func(h http.Header) { h.Del("X-Slack-Signature") }, 401},
		"no timestamp":      {now, "new", func(h http.Header) { h.Del("X-Slack-Request-Timestamp") }, 401},
		"not hex":           {now, "new", func(h http.Header) { h.Set("X-Slack-Signature", "v0="+strings.Repeat("z", 64)) }, 401},
		"other version":     {now, "new", func(h http.Header) { h.Set("X-Slack-Signature", "v1="+h.Get("X-Slack-Signature")[3:]) }, 401},
		"too short":         {now, "new", func(h http.Header) { h.Set("X-Slack-Signature", h.Get("X-Slack-Signature")[:40]) }, 401},
		"timestamp words":   {now, "new", func(h http.Header) { h.Set("X-Slack-Request-Timestamp", "yesterday") }, 401},
	}
	refusals := make(map[string]bool)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			served = 0
			body := commandForm(t, "/rc", "", name).Encode()
			req := signed("/slack/commands", formType, body, c.secret, c.at)
			if c.spoil != nil {
				c.spoil(req.Header)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, req)
			if w.Code != c.want || (served == 1) != (c.want == 200) {
				t.Errorf("status %d, served %d", w.Code, served)
			}
			if w.Code == 401 {
				refusals[w.Body.String()] = true
			}
		})
	}
	if len(refusals) != 1 {
		t.Errorf("refusals differ: %v", refusals)
	}
}

func TestRequestsAreCheckedBeforeTheyAreRead(t *testing.T) {
	rg := newRig(t, Options{})
	big := "payload=" + strings.Repeat("x", 1<<20)
	cases := map[string]struct {
		req  *http.Request
		want int
	}{
		"GET":              {httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/slack/commands", nil), 405},
		"elsewhere":        {signed("/slack/other", formType, "", rigSecret, time.Now()), 404},
		"JSON for a form":  {signed("/slack/commands", jsonType, "{}", rigSecret, time.Now()), 415},
		"form for JSON":    {signed("/slack/events", formType, "a=b", rigSecret, time.Now()), 415},
		"no type":          {signed("/slack/commands", "", "command=%2Frc", rigSecret, time.Now()), 415},
		"too large":        {signed("/slack/interactivity", formType, big, rigSecret, time.Now()), 413},
		"no command":       {signed("/slack/commands", formType, "text=x", rigSecret, time.Now()), 400},
		"broken form":      {signed("/slack/commands", formType, "command=%zz", rigSecret, time.Now()), 400},
		"no payload":       {signed("/slack/interactivity", formType, "a=b", rigSecret, time.Now()), 400},
		"payload in query": {signed("/slack/interactivity?"+url.Values{"payload": {press}}.Encode(), formType, "a=b", rigSecret, time.Now()), 400},
		"broken JSON":      {signed("/slack/interactivity", formType, "payload=%7B", rigSecret, time.Now()), 400},
		"broken event":     {signed("/slack/events", jsonType, "[1]", rigSecret, time.Now()), 400},
		"too deep": {signed("/slack/events", jsonType,
			`{"x":`+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)+`}`, rigSecret, time.Now()), 400},
		"charset named": {signed("/slack/events", jsonType+"; charset=utf-8", string(golden(t, "app_home_opened.json")), rigSecret, time.Now()), 200},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			rg.http.ServeHTTP(w, c.req)
			if w.Code != c.want {
				t.Errorf("status %d, not %d: %s", w.Code, c.want, w.Body)
			}
			if strings.Contains(w.Body.String(), "v0=") {
				t.Error("a signature leaks")
			}
		})
	}
}

func TestBodyOfUnknownLengthIsBoundedToo(t *testing.T) {
	rg := newRig(t, Options{})
	req := signed("/slack/interactivity", formType, strings.Repeat("x", 2<<20), rigSecret, time.Now())
	req.ContentLength = -1
	w := httptest.NewRecorder()
	rg.http.ServeHTTP(w, req)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", w.Code)
	}
}

func TestSlacksOwnChecksAreAnswered(t *testing.T) {
	rg := newRig(t, Options{})
	status, body := rg.post(t, "/slack/events", jsonType, `{"token":"x","challenge":"3eZbrw1a","type":"url_verification"}`)
	if status != 200 || body != `{"challenge":"3eZbrw1a"}` {
		t.Errorf("url_verification: %d %s", status, body)
	}
	req := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/slack/commands", strings.NewReader("ssl_check=1&token=x"))
	req.Header.Set("Content-Type", formType)
	w := httptest.NewRecorder()
	rg.http.ServeHTTP(w, req)
	if w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("ssl_check: %d %s", w.Code, w.Body)
	}
	req = httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/slack/commands", strings.NewReader("ssl_check=1&command=%2Frc"))
	req.Header.Set("Content-Type", formType)
	w = httptest.NewRecorder()
	rg.http.ServeHTTP(w, req)
	if w.Code != 401 {
		t.Errorf("a command that calls itself an ssl_check: %d", w.Code)
	}
}

func TestAnswerIsJSON(t *testing.T) {
	rg := newRig(t, Options{})
	rg.OnSubmit("connect", func(context.Context, Submission) (Answer, error) {
		return Answer{Body: map[string]string{"response_action": "clear"}}, nil
	}, nil)
	rg.OnAction("approve", func(context.Context, Action) (Answer, error) { return Answer{}, nil })
	send := func(payload string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		rg.http.ServeHTTP(w, signed("/slack/interactivity", formType, url.Values{"payload": {payload}}.Encode(), rigSecret, time.Now()))
		return w
	}
	full, empty := send(submit), send(press)
	if diff := cmp.Diff(`{"response_action":"clear"}`, full.Body.String()); diff != "" {
		t.Error(diff)
	}
	if got := full.Header().Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("content type %q", got)
	}
	if empty.Code != 200 || empty.Body.Len() != 0 {
		t.Errorf("empty answer: %d %q", empty.Code, empty.Body)
	}
	rg.stop(t)
}
