package tracing_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/tracing"
)

// arrivals are what a collector was sent.
type arrivals struct {
	mu   sync.Mutex
	seen []string
}

func (a *arrivals) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen = append(a.seen, r.URL.Path+" "+r.Header.Get("Authorization"))
}

func TestSpansGoToTheEndpointWithItsHeaders(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{"": "/v1/traces", "/": "/v1/traces", "/otlp/mine": "/otlp/mine"} {
		var got arrivals
		server := httptest.NewServer(&got)
		t.Cleanup(server.Close)
		transport := &http.Transport{}
		t.Cleanup(transport.CloseIdleConnections)
		token := "old"
		tr, err := tracing.Export(t.Context(), tracing.Options{
			Endpoint: server.URL + given, Transport: transport, Log: slog.New(slog.DiscardHandler),
			Headers: map[string]secret.Secret{"Authorization": secret.Func(func() string { return token })},
		})
		if err != nil {
			t.Fatal(err)
		}
		token = "new" // read again since
		_, done := tr.Span(t.Context(), &change.Request{ID: "r"}, "work")
		done(nil)
		if err := tr.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(got.seen) != 1 || got.seen[0] != want+" new" {
			t.Errorf("%q: %q arrived", given, got.seen)
		}
	}
}

func TestACollectorThatRefusesIsToldOfOnce(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no canary here", http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	var log bytes.Buffer
	tr, err := tracing.Export(t.Context(), tracing.Options{
		Endpoint: server.URL, Transport: transport, Log: slog.New(slog.NewTextHandler(&log, nil)),
		Scrub: func(s string) string { return strings.ReplaceAll(s, "canary", "••••") },
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 1200 { // more than two batches of 512
		_, done := tr.Span(t.Context(), &change.Request{ID: "r"}, "work")
		done(nil)
	}
	if err := tr.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if strings.Count(log.String(), "takes no exports") != 1 || strings.Contains(log.String(), "canary") {
		t.Errorf("it said:\n%s", log.String())
	}
}
