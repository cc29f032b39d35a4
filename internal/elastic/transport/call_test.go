package transport_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

func call(t *testing.T, err error) elastic.CallError {
	t.Helper()
	c, ok := errors.AsType[*elastic.CallError](err)
	if !ok {
		t.Fatalf("got %T (%v), want a *link.CallError", err, err)
	}
	return *c
}

var write = transport.Call{System: "ece-prod", Name: "PATCH /x", Writes: true}

func TestRefusalsCarryTheirCodeAndReason(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		header http.Header
		body   string
		want   elastic.CallError
	}{
		"platform": {
			status: 404, body: `{"errors":[{"code":"deployments.deployment_not_found","message":"No deployment","fields":["id"]},{"code":"b","message":"two"}]}`,
			want: elastic.CallError{Code: "deployments.deployment_not_found", Reason: "No deployment (id); two"},
		},
		"platform without a body": {
			status: 449, header: http.Header{"X-Cloud-Error-Codes": {"root.needs_elevated_permissions"}},
			want: elastic.CallError{Code: "root.needs_elevated_permissions", Reason: "the platform's key lacks elevated permissions: make it with a user who has them"},
		},
		"platform with its code in the header alone": {
			status: 403, header: http.Header{"X-Cloud-Error-Codes": {"root.unauthorized"}}, body: `{"errors":[{"message":"no"}]}`,
			want: elastic.CallError{Code: "root.unauthorized", Reason: "no"},
		},
		"Elasticsearch": {
			status: 400, body: `{"error":{"root_cause":[],"type":"illegal_argument_exception","reason":"bad","caused_by":{"type":"x","reason":"worse"}},"status":400}`,
			want: elastic.CallError{Code: "illegal_argument_exception", Reason: "bad: caused by: worse"},
		},
		"Elasticsearch in one word": {
			status: 403, body: `{"error":"Forbidden","status":403}`, want: elastic.CallError{Reason: "Forbidden"},
		},
		"a page of something between": {
			status: 503, header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, body: `<html>password</html>`,
			want: elastic.CallError{Reason: "the answer is not JSON but text/html; something between may have written it", Ambiguous: true},
		},
		"a page for what is not there": {
			status: 404, header: http.Header{"Content-Type": {"text/html"}}, body: `<html>no route</html>`,
			want: elastic.CallError{Code: elastic.CodeForeign, Reason: "the answer is not JSON but text/html; something between may have written it"},
		},
		"nothing for what is not there": {status: 404, want: elastic.CallError{Code: elastic.CodeForeign, Reason: "Not Found"}},
		"not there":                     {status: 404, body: `{}`, want: elastic.CallError{Reason: "Not Found"}},
		"server's fault":                {status: 500, body: `{}`, want: elastic.CallError{Reason: "Internal Server Error", Ambiguous: true}},
		"too many":                      {status: 429, want: elastic.CallError{Reason: "Too Many Requests"}},
		"conflict":                      {status: 409, body: `{"errors":[{"code":"c","message":"m"}]}`, want: elastic.CallError{Code: "c", Reason: "m"}},
		"redirect": {
			status: 302, header: http.Header{"Location": {"https://elsewhere.example.org/login?token=abc"}},
			want: elastic.CallError{Code: "redirect", Reason: "a redirect is not followed, the credential would go along: to elsewhere.example.org"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := test.header
			if header == nil {
				header = http.Header{}
			}
			got := call(t, write.Check(test.status, header, []byte(test.body)))
			test.want.System, test.want.Call, test.want.Status = "ece-prod", "PATCH /x", test.status
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreFields(elastic.CallError{}, "Err")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestServersSayWhenToComeBack(t *testing.T) {
	t.Parallel()
	const date = "Fri, 01 May 2026 12:00:00 GMT"
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-3": 0, "soon": 0, "99999999999999": time.Minute, "Fri, 01 May 2026 12:00:20 GMT": 20 * time.Second,
		"Fri, 01 May 2026 11:00:00 GMT": 0, "Sat, 02 May 2026 12:00:00 GMT": time.Minute,
	} {
		header := http.Header{"Date": {date}, "Retry-After": {text}}
		if got := change.Pause(change.Temporary(write.Check(429, header, nil))); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestOnlyWritesAreAmbiguous(t *testing.T) {
	t.Parallel()
	read := transport.Call{System: "s", Name: "GET /x"}
	lost := &transport.NoAnswerError{Sent: true, Err: errors.New("connection reset by peer")}
	for _, err := range []error{read.Check(503, nil, nil), read.Failed(lost), read.Decode(200, []byte(`{"a`), &struct{}{})} {
		if call(t, err).Ambiguous {
			t.Errorf("%v: a read is in doubt", err)
		}
	}
	for _, err := range []error{write.Check(502, nil, nil), write.Failed(lost), write.Decode(200, []byte(`{"a`), &struct{}{})} {
		if c := call(t, err); !c.Ambiguous || !c.Temporary() {
			t.Errorf("%v: a write without a good answer is not in doubt", err)
		}
	}
	if c := call(t, write.Failed(&transport.NoAnswerError{Err: transport.ErrExpired})); c.Ambiguous || !errors.Is(c.Err, context.DeadlineExceeded) {
		t.Errorf("got %+v, want a deadline that sent nothing", c)
	}
}

func TestUnreadableAnswerIsNotQuoted(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`<html>hidden</html>`, `{"n":"hidden"}`, `{"hidden`, ``} {
		err := write.Decode(200, []byte(body), &struct {
			N int `json:"n"`
		}{})
		if err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%q: got %v", body, err)
		}
	}
}

// Whatever form a server echoes a secret in, it does not come through.
func TestSecretsNeverComeThrough(t *testing.T) {
	t.Parallel()
	const password = `pa"ss&w/ord<1`
	key := base64.StdEncoding.EncodeToString([]byte("keyid:inner-key-value"))
	basic := base64.StdEncoding.EncodeToString([]byte("bot:" + password))
	scrub := transport.NewScrubber(secret.New(key), secret.New(basic)).With(secret.New(password), secret.Secret{})
	canaries := []string{password, key, basic, "inner-key-value", url.QueryEscape(password), `pa\"ss`}
	echo := strings.Join([]string{
		"ApiKey " + key, "Basic " + basic, password, fmt.Sprintf("%q", password), url.QueryEscape(password),
		url.PathEscape(password), "inner-key-value", password[:3] + "\u200b" + password[3:],
	}, "\n")
	c := transport.Call{System: "s", Name: "GET /x", Scrub: scrub, Writes: true}
	body := fmt.Sprintf(`{"errors":[{"code":%q,"message":%q}]}`, echo, echo)
	header := http.Header{"Location": {"https://" + key + ".example.org"}, "X-Cloud-Error-Codes": {echo}}
	for _, err := range []error{
		c.Check(401, header, []byte(body)), c.Check(500, header, nil), c.Check(302, header, nil),
		c.Failed(errors.New("malformed HTTP response: " + echo)), c.Odd(200, echo, echo, nil),
	} {
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), fmt.Sprint(errors.Unwrap(err))} {
			for _, canary := range canaries {
				if strings.Contains(text, canary) {
					t.Errorf("%q shows in %s", canary, text)
				}
			}
		}
	}
	if printed := fmt.Sprintf("%+v %#v", c, scrub); strings.Contains(printed, "inner-key-value") {
		t.Errorf("the scrubber prints what it knows: %s", printed)
	}
}

func TestReasonsAreShortAndOnOneLine(t *testing.T) {
	t.Parallel()
	c := call(t, write.Odd(200, "", strings.Repeat("ä\x1b[31m\r\n", 500), nil))
	if n := len([]rune(c.Reason)); n > 300 || strings.ContainsAny(c.Reason, "\x1b\r\n") {
		t.Errorf("%d characters: %q", n, c.Reason)
	}
}
