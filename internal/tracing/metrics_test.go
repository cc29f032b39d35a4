package tracing_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	collector "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/protobuf/proto"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/tracing"
)

// exported lets a counter be exported until it is told to end, and returns the error.
func exported(t *testing.T, o tracing.Options) error {
	t.Helper()
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rcb_requests_total"}, []string{"state"})
	registry.MustRegister(counter)
	counter.WithLabelValues("applied").Add(7)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	o.Transport = transport
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the last export has it all
	return tracing.ExportMetrics(ctx, registry, o)
}

func TestMetricsGoToTheCollectorAsPrometheusSeesThem(t *testing.T) {
	t.Parallel()
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		var all collector.ExportMetricsServiceRequest
		if err == nil {
			err = proto.Unmarshal(raw, &all)
		}
		if err != nil || r.URL.Path != "/v1/metrics" || r.Header.Get("Authorization") != "token" {
			t.Errorf("%s, %q: %v", r.URL.Path, r.Header.Get("Authorization"), err)
		}
		got = append(got, all.String())
	}))
	t.Cleanup(server.Close)
	err := exported(t, tracing.Options{
		Endpoint: server.URL, Environment: "demo", Log: slog.New(slog.DiscardHandler),
		Headers: map[string]secret.Secret{"Authorization": secret.Func(func() string { return "token" })},
	})
	if err != nil || len(got) != 1 {
		t.Fatalf("%d exports: %v", len(got), err)
	}
	for _, want := range []string{"rcb_requests_total", "applied", "7", "deployment.environment.name", "demo", "remote-cluster-bot"} {
		if !strings.Contains(got[0], want) {
			t.Errorf("%q is not in %s", want, got[0])
		}
	}
}

func TestACollectorThatRefusesMetricsHoldsNothingUp(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no canary here", http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	var log bytes.Buffer
	err := exported(t, tracing.Options{
		Endpoint: server.URL, Log: slog.New(slog.NewTextHandler(&log, nil)),
		Scrub: func(s string) string { return strings.ReplaceAll(s, "canary", "••••") },
	})
	if err != nil || strings.Count(log.String(), "takes no exports") != 1 || strings.Contains(log.String(), "canary") {
		t.Errorf("%v:\n%s", err, log.String())
	}
}
