package tracing_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/tracing"
)

// traced returns a Tracing and what ends it and tells what it made.
func traced(t *testing.T, o tracing.Options) (*tracing.Tracing, func() tracetest.SpanStubs) {
	t.Helper()
	kept := &keeper{}
	tr, err := tracing.New(kept, o)
	if err != nil {
		t.Fatal(err)
	}
	end := func() tracetest.SpanStubs {
		if err := tr.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		return kept.all
	}
	t.Cleanup(func() { end() })
	return tr, end
}

// keeper keeps what is exported; it forgets nothing at the end, as tracetest's own does.
type keeper struct{ all tracetest.SpanStubs }

func (k *keeper) ExportSpans(_ context.Context, s []sdk.ReadOnlySpan) error {
	k.all = append(k.all, tracetest.SpanStubsFromReadOnlySpans(s)...)
	return nil
}

func (*keeper) Shutdown(context.Context) error { return nil }

func named(t *testing.T, in tracetest.SpanStubs, name string) tracetest.SpanStub {
	t.Helper()
	i := slices.IndexFunc(in, func(s tracetest.SpanStub) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("there is no span %q among %v", name, in)
	}
	return in[i]
}

func call(ctx context.Context, t *testing.T, client http.RoundTripper, url string) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("body-canary"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "header-canary")
	resp, err := client.RoundTrip(req)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
}

func TestASpanOfACallTellsNoSecret(t *testing.T) {
	t.Parallel()
	heard := make(chan string, 4)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		heard <- r.Header.Get("traceparent")
		http.Error(w, "answer-canary", http.StatusForbidden)
	}))
	t.Cleanup(server.Close)
	tr, end := traced(t, tracing.Options{Scrub: func(s string) string { return strings.ReplaceAll(s, "canary", "••••") }})
	plain := &http.Transport{}
	t.Cleanup(plain.CloseIdleConnections)

	call(t.Context(), t, tr.Elastic("ece-prod", plain), server.URL+"/outside")
	if got := <-heard; got != "" {
		t.Errorf("outside a trace %q was handed on", got)
	}
	ctx, done := tr.Span(t.Context(), &change.Request{ID: "r1"}, "work")
	call(ctx, t, tr.Elastic("ece-prod", plain), server.URL+"/deployments/canary?q=query-canary")
	if got := <-heard; !strings.Contains(got, tracing.ID(ctx)) {
		t.Errorf("Elastic heard %q of trace %s", got, tracing.ID(ctx))
	}
	slack := tr.Slack(server.URL+"/api/", plain).Transport
	call(ctx, t, slack, server.URL+"/api/chat.postMessage")
	call(ctx, t, slack, server.URL+"/commands/T1/response-canary")
	if a, b := <-heard, <-heard; a != "" || b != "" {
		t.Error("Slack has no use for a trace")
	}
	call(ctx, t, tr.Elastic("away", plain), "http://127.0.0.1:1/canary")
	done(errors.New("it was the canary"))

	all := end()
	if text := fmt.Sprintf("%+v", all); strings.Contains(text, "canary") {
		t.Errorf("a secret shows: %s", text)
	}
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	if got := strings.Join(names, ", "); got != "ece-prod POST, slack chat.postMessage, slack response_url, away POST, work" {
		t.Errorf("the spans are %s", got)
	}
	for _, name := range names {
		if s := named(t, all, name); s.Status.Code.String() != "Error" {
			t.Errorf("%s failed, and says %s", name, s.Status.Code)
		}
	}
}

func TestWorkGoesOnWithTheTraceThatAsked(t *testing.T) {
	t.Parallel()
	tr, end := traced(t, tracing.Options{})
	asked := &change.Request{ID: "r1"}
	ctx, done := tr.Span(t.Context(), asked, "asking")
	memory := changes{}
	if _, err := tr.Requests(memory).Create(ctx, asked, "", change.Entry{}); err != nil {
		t.Fatal(err)
	}
	done(nil)
	ctx, done = tr.Span(t.Context(), asked, "work")
	_, inner := tr.Span(ctx, asked, "apply grant")
	inner(nil)
	done(nil)
	_, done = tr.Span(t.Context(), &change.Request{ID: "r2", Trace: "00-not-a-trace"}, "fresh")
	done(nil)

	all := end()
	asking, work := named(t, all, "asking"), named(t, all, "work")
	if work.Parent.SpanID() != asking.SpanContext.SpanID() || !work.Parent.IsRemote() {
		t.Errorf("the work hangs on %v", work.Parent)
	}
	if step := named(t, all, "apply grant"); step.Parent.SpanID() != work.SpanContext.SpanID() {
		t.Errorf("the step hangs on %v", step.Parent)
	}
	if fresh := named(t, all, "fresh"); fresh.Parent.IsValid() || !fresh.SpanContext.IsValid() {
		t.Errorf("what can't be read became %v", fresh.Parent)
	}
}

type changes struct{ change.Requests }

func (changes) Create(_ context.Context, r *change.Request, _ string, _ change.Entry) (string, error) {
	return r.ID, nil
}

// A trace that is not sampled stays so for the whole life of its request, on every replica.
func TestWhatIsNotSampledStaysSo(t *testing.T) {
	t.Parallel()
	tr, end := traced(t, tracing.Options{Sample: 1e-18})
	asked := &change.Request{ID: "r1"}
	ctx, done := tr.Events()(t.Context(), "command /x", "")
	if _, err := tr.Requests(changes{}).Create(ctx, asked, "", change.Entry{}); err != nil {
		t.Fatal(err)
	}
	done(nil)
	if asked.Trace == "" {
		t.Fatal("that it is not sampled was not stored")
	}
	other, endOther := traced(t, tracing.Options{})
	_, done = other.Span(t.Context(), asked, "work")
	done(nil)
	if got := append(end(), endOther()...); len(got) > 0 {
		t.Errorf("exported: %v", got)
	}
}

func TestAModalCarriesTheTraceToItsSubmission(t *testing.T) {
	t.Parallel()
	tr, end := traced(t, tracing.Options{})
	ctx, done := tr.Events()(t.Context(), "command /x", "")
	carried := tr.Carry()(ctx)
	done(nil)
	_, done = tr.Events()(t.Context(), "submission connect", carried)
	done(nil)
	all := end()
	if named(t, all, "submission connect").Parent.SpanID() != named(t, all, "command /x").SpanContext.SpanID() {
		t.Error("the submission hangs in the air")
	}
	if tr.Carry()(t.Context()) != "" {
		t.Error("something is carried out of no trace")
	}
}

func TestTheBotsOwnCommandsAreNoTraces(t *testing.T) {
	t.Parallel()
	tr, end := traced(t, tracing.Options{})
	tr.Commands()(t.Context(), "claim")(nil)
	ctx, done := tr.Events()(t.Context(), "command /x", "")
	tr.Commands()(ctx, "create")(nil)
	done(nil)
	if all := end(); len(all) != 2 || all[0].Name != "redis create" {
		t.Errorf("the spans are %v", all)
	}
}

func TestNoTracingChangesNothing(t *testing.T) {
	t.Parallel()
	var none *tracing.Tracing
	next := &http.Transport{}
	if none.Elastic("x", next) != http.RoundTripper(next) || none.Slack("x", next).Transport != http.RoundTripper(next) || none.Requests(changes{}) != change.Requests(changes{}) {
		t.Error("something stands in between")
	}
	if none.Events() != nil || none.Carry() != nil || none.Spans() != nil || none.Close(t.Context()) != nil {
		t.Error("something is hooked in")
	}
}
