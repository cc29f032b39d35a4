package es_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/elastictest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	password = "canary-password"
	issued   = "canary-encoded"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func options(t *testing.T, url string) es.Options {
	t.Helper()
	transport := transport.NewTransport(transport.Trust{})
	t.Cleanup(transport.CloseIdleConnections)
	return es.Options{
		System: "Elasticsearch of logs-prod", Address: url + "/", Auth: es.Basic("bot", secret.New(password)),
		Transport: transport, CallTimeout: 2 * time.Second, Now: func() time.Time { return now },
	}
}

func client(t *testing.T, o es.Options) *es.Client {
	t.Helper()
	c, err := es.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func want(method, uri, body string) elastictest.Request {
	header := map[string]string{"Authorization": "Basic Ym90OmNhbmFyeS1wYXNzd29yZA==", "User-Agent": "remote-cluster-bot"}
	if body != "" {
		header["Content-Type"] = "application/json"
	}
	return elastictest.Request{Method: method, URI: uri, Header: header, Body: body}
}

var product = http.Header{"X-Elastic-Product": {"Elasticsearch"}}

// exchange is a request and Elasticsearch's answer to it.
func exchange(method, uri, body, answer string) elastictest.Exchange {
	return elastictest.Exchange{Want: want(method, uri, body), Answer: answer, Header: product}
}

func callError(t *testing.T, err error) *elastic.CallError {
	t.Helper()
	call, ok := errors.AsType[*elastic.CallError](err)
	if !ok {
		t.Fatalf("got %T (%v), want a *link.CallError", err, err)
	}
	return call
}

func TestTheRest(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t,
		exchange("GET", "/_license", "", `{"license":{"status":"active","type":"enterprise"}}`),
		exchange("GET", "/", "", `{"cluster_name":"n","cluster_uuid":"u","version":{"number":"8.19.3"}}`),
		exchange("POST", "/a:logs-%2A,x/_search", `{"size":1,"_source":false,"track_total_hits":true}`,
			`{"_clusters":{"total":2,"successful":1,"skipped":1},"hits":{"total":{"value":7},"hits":[{"_index":"a:logs-1"}]}}`),
		exchange("PUT", createKey+"/k1", `{"access":{"search":[{"names":["y"]}]}}`, `{"updated":true}`),
	)
	c := client(t, options(t, s.URL))
	if l, err := c.License(t.Context()); err != nil || l != (elastic.License{Type: "enterprise", Active: true}) {
		t.Errorf("license: got %+v, %v", l, err)
	}
	if a, err := c.About(t.Context()); err != nil || a != (es.About{Name: "n", UUID: "u", Version: "8.19.3"}) {
		t.Errorf("about: got %+v, %v", a, err)
	}
	hits, err := c.Search(t.Context(), []string{"a:logs-*", "x"}, 1)
	if diff := cmp.Diff(es.Hits{Total: 7, Indices: []string{"a:logs-1"}, Skipped: true}, hits); diff != "" || err != nil {
		t.Errorf("search: %v (-want +got):\n%s", err, diff)
	}
	if err := c.UpdateKeyAccess(t.Context(), "k1", elastic.Access{Search: []string{"y"}}); err != nil {
		t.Errorf("update: %v", err)
	}
}

func TestWhatIsNotElasticsearchIsNamed(t *testing.T) {
	t.Parallel()
	bare := func() elastictest.Exchange {
		return elastictest.Exchange{Want: want("GET", "/_remote/info", ""), Answer: `{}`}
	}
	s := elastictest.Serve(t, bare(), exchange("GET", "/_remote/info", "", `{}`), bare(), bare())
	c := client(t, options(t, s.URL))
	if _, err := c.RemoteInfo(t.Context()); !errors.Is(err, es.ErrNotElasticsearch) || !strings.Contains(err.Error(), "any_product: true for this platform in the bot's configuration") {
		t.Errorf("got %v", err)
	}
	for range 2 { // once it has shown itself, it is not asked again
		if _, err := c.RemoteInfo(t.Context()); err != nil {
			t.Errorf("after it has shown itself: %v", err)
		}
	}
	o := options(t, s.URL)
	o.AnyProduct = true
	if _, err := client(t, o).RemoteInfo(t.Context()); err != nil {
		t.Errorf("where the operator knows that a proxy drops the header: %v", err)
	}
}

// The creation of a key is never repeated, whatever the answer is; and no secret shows.
func TestFailures(t *testing.T) {
	t.Parallel()
	echo := `{"error":{"type":"some_exception","reason":"you are bot:` + password + ` Basic Ym90OmNhbmFyeS1wYXNzd29yZA=="},"status":400}`
	for name, test := range map[string]struct {
		status    int
		instead   http.HandlerFunc
		code      string
		ambiguous bool
		temporary bool
	}{
		"refused":     {status: 400, code: "some_exception"},
		"bad user":    {status: 401, code: "some_exception"},
		"not allowed": {status: 403, code: "some_exception"},
		"too many":    {status: 429, code: "some_exception", temporary: true},
		"bad gateway": {status: 502, code: "some_exception", ambiguous: true, temporary: true},
		"not now":     {status: 503, code: "some_exception", ambiguous: true, temporary: true},
		"too late":    {status: 504, code: "some_exception", ambiguous: true, temporary: true},
		"redirect":    {status: 308, code: "redirect"},
		"no JSON":     {status: 200, instead: page, code: "unreadable_answer", ambiguous: true},
		"hangs":       {instead: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, ambiguous: true, temporary: true},
		"cuts":        {instead: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ambiguous: true, temporary: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := elastictest.Serve(t, elastictest.Exchange{
				Want: want("POST", createKey, createBody), Status: test.status, Answer: echo, Header: product, Instead: test.instead,
			})
			var log bytes.Buffer
			o := options(t, s.URL)
			o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			_, err := client(t, o).IssueKey(t.Context(), spec)
			call := callError(t, err)
			if call.Code != test.code || call.Ambiguous != test.ambiguous || call.Temporary() != test.temporary {
				t.Errorf("got code %q, ambiguous %v, temporary %v (%v)", call.Code, call.Ambiguous, call.Temporary(), call)
			}
			if s.Requests() != 1 {
				t.Errorf("%d requests, want one", s.Requests())
			}
			if text := fmt.Sprintf("%v %+v %s", err, call, log.String()); strings.Contains(text, "canary") || strings.Contains(text, "Ym90") {
				t.Errorf("a secret shows: %s", text)
			}
		})
	}
}

func page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	_, _ = w.Write([]byte(`<html>` + password + `</html>`))
}

func TestCredentialsMatchInOrder(t *testing.T) {
	t.Parallel()
	all := es.Credentials{
		{Deployment: "id1", Username: "first", Password: secret.New("p")},
		{Deployment: "1f*", Username: "second", Password: secret.New("p")},
		{Deployment: "*prod", APIKey: secret.New("canary")},
	}
	if err := all.Check(); err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]elastic.Deployment{
		"by id":       {Ref: elastic.Ref{Deployment: "id1"}, Name: "logs-prod"},
		"by pattern":  {Ref: elastic.Ref{Deployment: "1f2e"}, Name: "logs"},
		"another key": {Ref: elastic.Ref{Deployment: "e-prod"}, Name: "logs"},
		"and nothing": {Ref: elastic.Ref{Deployment: "id4"}, Name: "id1"}, // its owner calls it like the id of another one
	} {
		auth, err := all.For(d)
		if gone := errors.Is(err, elastic.ErrNoCredentials); gone != (name == "and nothing") {
			t.Errorf("%s: got %v", name, err)
		}
		if strings.Contains(fmt.Sprintf("%+v %#v", auth, all), "canary") {
			t.Error("a credential printed itself")
		}
	}
	bad := es.Credentials{{Deployment: "[", Username: "u", Password: secret.New("p")}, {Deployment: "*"}, {Deployment: "*", Username: "u"}}
	if err := bad.Check(); err == nil || strings.Count(err.Error(), "credential") < 3 {
		t.Errorf("got %v, want every problem", err)
	}
}
