package app

import (
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage/stagetest"
)

// receiver takes OTLP over HTTP, as a collector does.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	raw  strings.Builder
	all  []received
	auth []string
}

// received is a span with the process that it comes from.
type received struct {
	*spans.Span
	instance string
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	c := &receiver{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		var batch collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(raw, &batch)
		}
		if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s %s: %v", r.URL.Path, r.Header.Get("Content-Type"), err)
			http.Error(w, "no OTLP", http.StatusBadRequest)
			return
		}
		c.take(&batch, string(raw), r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *receiver) take(batch *collector.ExportTraceServiceRequest, raw, auth string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw.WriteString(raw)
	c.auth = append(c.auth, auth)
	for _, of := range batch.ResourceSpans {
		for _, scope := range of.ScopeSpans {
			for _, s := range scope.Spans {
				c.all = append(c.all, received{Span: s, instance: attribute(of.Resource.Attributes, "service.instance.id")})
			}
		}
	}
}

func attribute(in []*common.KeyValue, key string) string {
	for _, a := range in {
		if a.Key == key {
			return a.Value.GetStringValue()
		}
	}
	return ""
}

func (c *receiver) trace(id []byte) []received {
	c.mu.Lock()
	defer c.mu.Unlock()
	var of []received
	for _, s := range c.all {
		if string(s.TraceId) == string(id) {
			of = append(of, s)
		}
	}
	return of
}

// named returns the first span of that name; the test ends where there is none.
func named(t *testing.T, in []received, name string) received {
	t.Helper()
	i := slices.IndexFunc(in, func(s received) bool { return s.Name == name })
	if i < 0 {
		var names []string
		for _, s := range in {
			names = append(names, s.Name)
		}
		t.Fatalf("there is no span %q among %q", name, names)
	}
	return in[i]
}

// well leaves out what failed: Mallory's approval.
func well(in []received) []received {
	return slices.DeleteFunc(slices.Clone(in), func(s received) bool { return s.Status.GetCode() == spans.Status_STATUS_CODE_ERROR })
}

// under reports whether a span is below another, at any depth.
func under(in []received, s, above received) bool {
	for len(s.ParentSpanId) > 0 {
		if string(s.ParentSpanId) == string(above.SpanId) {
			return true
		}
		i := slices.IndexFunc(in, func(p received) bool { return string(p.SpanId) == string(s.ParentSpanId) })
		if i < 0 {
			return false
		}
		s = in[i]
	}
	return false
}

// TestATraceLeadsFromTheSlashCommandToTheLastCall lets one replica take the request in, and another apply it.
func TestATraceLeadsFromTheSlashCommandToTheLastCall(t *testing.T) {
	t.Parallel()
	to := newReceiver(t)
	var issued stagetest.IssuedKeys
	var handedOn sync.Map
	o := sim.Options{Now: time.Now, Observe: func(p platform.Options) platform.Options {
		p.OnExchange = func(e fault.Exchange) {
			issued.See(e)
			handedOn.Store(e.ReqHeader.Get("traceparent"), true)
		}
		return p
	}}
	s := stagetest.New(t, o, slog.New(slog.DiscardHandler))
	enter := func() *actor {
		c, err := s.Config(func(c *config.Config) { c.Tracing.Endpoint = to.URL })
		if err != nil {
			t.Fatal(err)
		}
		a, err := enter(context.WithoutCancel(t.Context()), s, c)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	p := &stage.Transcript{Stage: s, Pair: stage.Platforms, Out: io.Discard}
	leave := func(a *actor) {
		if err := a.Leave(); err != nil {
			t.Error(err)
		}
	}
	first := enter()
	err := p.Ask(t.Context())
	leave(first)
	if err != nil {
		t.Fatal(err)
	}
	second := enter()
	err = p.Approve(t.Context())
	leave(second)
	if err != nil {
		t.Fatal(err)
	}

	command := named(t, to.all, "command /remote-cluster")
	in := to.trace(command.TraceId)
	for _, s := range in {
		if string(s.SpanId) != string(command.SpanId) && !under(in, s, command) {
			t.Errorf("%s hangs in the air", s.Name)
		}
	}
	submission := named(t, in, "submission connect")
	propose, work, approve := named(t, in, "propose"), named(t, in, "work"), named(t, well(in), "approve")
	for _, want := range []struct{ child, parent received }{
		{submission, command},
		{propose, submission},
		{named(t, in, "plan"), propose},
		{named(t, in, "redis request_create"), propose},
		{approve, propose},
		{named(t, in, "redis request_transition"), approve},
		{work, propose},
		{named(t, in, "plan again"), work},
		{named(t, in, "apply check"), work},
		{named(t, in, "apply issue_key"), work},
		{named(t, in, "apply set_remote"), work},
		{named(t, in, "apply verify"), work},
		{named(t, in, "tell"), propose},
	} {
		if !under(in, want.child, want.parent) {
			t.Errorf("%s is not under %s", want.child.Name, want.parent.Name)
		}
	}
	if work.instance == command.instance || work.instance != approve.instance {
		t.Errorf("asked by %s, approved by %s, worked on by %s", command.instance, approve.instance, work.instance)
	}
	calls := map[string]bool{} // by step and system
	for _, s := range in {
		for _, step := range []string{"apply issue_key", "apply set_remote", "apply verify", "tell", "command /remote-cluster"} {
			if s.Kind == spans.Span_SPAN_KIND_CLIENT && under(in, s, named(t, in, step)) {
				system, _, _ := strings.Cut(s.Name, " ")
				calls[step+": "+system] = true
			}
		}
	}
	for _, want := range []string{
		"apply issue_key: ece-prod", "apply issue_key: elastic-cloud", "apply set_remote: ece-prod", "apply verify: ece-prod", "apply issue_key: redis",
		"command /remote-cluster: slack",
	} {
		if !calls[want] {
			t.Errorf("no call was seen under %s, only %v", want, calls)
		}
	}
	pressed := named(t, to.all, "action request.approve")
	if !slices.ContainsFunc(pressed.Links, func(l *spans.Span_Link) bool { return string(l.TraceId) == string(command.TraceId) }) {
		t.Error("nothing leads from the press to the request's trace")
	}
	t.Run("the last calls are in it", func(t *testing.T) { lastCallsAreIn(t, to, in) })
	t.Run("Elastic is told of it", func(t *testing.T) {
		heard := false
		handedOn.Range(func(header, _ any) bool {
			text, _ := header.(string)
			heard = heard || strings.Contains(text, hex.EncodeToString(command.TraceId))
			return !heard
		})
		if !heard {
			t.Error("no call carried the trace")
		}
	})
	t.Run("no secret is in it", func(t *testing.T) {
		secrets := issued.List()
		for _, v := range s.Secrets() {
			secrets = append(secrets, v)
		}
		if len(secrets) < 6 {
			t.Fatalf("only %d secrets are looked for", len(secrets))
		}
		for _, v := range append(secrets, "/respond/") {
			if strings.Contains(to.raw.String(), v) {
				t.Errorf("%q was exported", v)
			}
		}
	})
}

// lastCallsAreIn: whatever was called last, of Elastic and of Slack, belongs to the trace.
func lastCallsAreIn(t *testing.T, to *receiver, in []received) {
	t.Helper()
	for _, system := range []string{"ece-prod ", "elastic-cloud ", "slack chat."} {
		var last received
		for _, s := range to.all {
			if strings.HasPrefix(s.Name, system) && (last.Span == nil || s.EndTimeUnixNano > last.EndTimeUnixNano) {
				last = s
			}
		}
		if last.Span == nil || !slices.ContainsFunc(in, func(s received) bool { return string(s.SpanId) == string(last.SpanId) }) {
			t.Errorf("the last call to %s is not in the trace: %v", system, last.Span)
		}
	}
}

// TestNothingIsTracedUnlessConfigured: the environment is that of the configuration, which names no collector here; a
// library that looked for one by itself would find it.
func TestNothingIsTracedUnlessConfigured(t *testing.T) {
	to := newReceiver(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", to.URL)
	s, a, log := onStage(t, nil)
	p := &stage.Transcript{Stage: s, Pair: stage.Platforms, Out: io.Discard}
	if err := p.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a.tracing != nil || len(to.all) > 0 {
		t.Errorf("%d spans were exported", len(to.all))
	}
	if strings.Contains(log.String(), traceKey) {
		t.Error("the log tells of a trace")
	}
	r, err := a.store.Recent(t.Context(), 1)
	if err != nil || len(r) != 1 || r[0].Trace != "" {
		t.Errorf("the request holds a trace: %v %v", r, err)
	}
}

// TestACollectorThatIsAwayHoldsNothingUp: tracing is the least important thing that the bot does.
func TestACollectorThatIsAwayHoldsNothingUp(t *testing.T) {
	t.Parallel()
	away := httptest.NewServer(nil)
	away.Close()
	s, _, log := onStage(t, func(c *config.Config) { c.Tracing.Endpoint = away.URL })
	p := &stage.Transcript{Stage: s, Pair: stage.Platforms, Out: io.Discard}
	if err := p.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), traceKey) {
		t.Error("the log does not name the trace")
	}
}
