package transport_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// What a server, or something between, answers: it becomes a short error on one line that holds no secret.
func FuzzCheck(f *testing.F) {
	for _, body := range []string{
		"", "null", "[]", `{"errors":[{"code":"deployments.not_found","message":"gone","fields":["id"]}]}`,
		`{"error":{"type":"t","reason":"r","caused_by":{"type":"u","reason":"s","caused_by":null}},"status":400}`,
		`{"error":"plain","status":404}`, `{"error":[],"errors":null}`, "<html>502 Bad Gateway</html>", "SECRET", `{"error":"it was SECRET"}`,
	} {
		f.Add(404, "30", "Fri, 01 May 2026 12:00:00 GMT", "application/json", body)
	}
	f.Add(429, "-99999999999999999999", "", "text/html; charset=x", "")
	f.Add(302, "Fri, 01 May 2026 12:00:30 GMT", "Fri, 01 May 2026 12:00:00 GMT", "https://evil.example/?SECRET", "")
	const canary = "c2FtcGxlOmNhbmFyeS1rZXk="
	f.Fuzz(func(t *testing.T, status int, after, date, kind, body string) {
		call := transport.Call{System: "ece-prod", Name: "GET /x", Writes: true, Scrub: transport.NewScrubber(secret.New(canary))}
		hide := func(s string) string { return strings.ReplaceAll(s, "SECRET", canary) }
		header := http.Header{
			"Retry-After": {after}, "Date": {date}, "Content-Type": {hide(kind)}, "Location": {hide(kind)}, "X-Cloud-Error-Codes": {hide(kind)},
		}
		err := call.Check(status, header, []byte(hide(body)))
		if good := status >= 200 && status < 300; good != (err == nil) {
			t.Fatalf("status %d: %v", status, err)
		}
		if err == nil {
			return
		}
		sound(t, err, canary)
	})
}

func FuzzDecode(f *testing.F) {
	for _, body := range []string{"", "null", "{}", `{"a":1`, `{"a":"SECRET"}`, `{"list":[{"name":3}]}`, "<html>", "\xff\xfe"} {
		f.Add(body)
	}
	const canary = "c2FtcGxlOmNhbmFyeS1rZXk="
	f.Fuzz(func(t *testing.T, body string) {
		var out struct {
			A    int               `json:"a"`
			List []struct{ N any } `json:"list"`
		}
		call := transport.Call{System: "ece-prod", Name: "POST /x", Writes: true, Scrub: transport.NewScrubber(secret.New(canary))}
		if err := call.Decode(200, []byte(strings.ReplaceAll(body, "SECRET", canary)), &out); err != nil {
			sound(t, err, canary)
			if e, _ := errors.AsType[*elastic.CallError](err); e != nil && !e.Ambiguous {
				t.Error("a write whose answer can't be read is in doubt")
			}
		}
	})
}

// sound holds an error to what everybody who shows it relies on.
func sound(t *testing.T, err error, canary string) {
	t.Helper()
	e, ok := errors.AsType[*elastic.CallError](err)
	if !ok {
		t.Fatalf("%T is no CallError", err)
	}
	for _, text := range []string{e.Code, e.Reason} {
		if strings.Contains(text, canary) || strings.Contains(text, "canary-key") {
			t.Errorf("a secret comes through: %q", text)
		}
		if utf8.RuneCountInString(text) > 300 || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			t.Errorf("not fit to be shown: %q", text)
		}
	}
	if e.Reason == "" || e.RetryAfter < 0 || e.RetryAfter > time.Minute {
		t.Errorf("reason %q, again after %s", e.Reason, e.RetryAfter)
	}
}

// A certificate is what an operator pastes into a file.
func FuzzPool(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"))
	f.Add([]byte("no certificate"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if pool, err := transport.Pool(text); (pool == nil) == (err == nil) {
			t.Error("want either authorities or an error")
		}
	})
}
