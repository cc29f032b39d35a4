package app

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage/stagetest"
)

// a stage with a bot on it, for what no story tells.
func onStage(t *testing.T, edit func(*config.Config)) (*stage.Stage, *actor, *stagetest.Log) {
	t.Helper()
	log := &stagetest.Log{}
	s := stagetest.New(t, sim.Options{Now: time.Now}, NewLogger(config.Log{Level: "debug", Format: "json"}, log))
	c, err := s.Config(edit)
	if err != nil {
		t.Fatal(err)
	}
	a, err := enter(context.WithoutCancel(t.Context()), s, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Leave(); err != nil {
			t.Error(err)
		}
	})
	return s, a, log
}

func TestReloadChangesWhoApproves(t *testing.T) {
	t.Parallel()
	s, a, _ := onStage(t, nil)
	asked := &change.Request{Requester: change.Actor{User: "U0ALICE"}, State: change.Pending}
	mallory := change.Actor{User: "U0MALLORY"}
	if a.policy.Eligible(t.Context(), asked, mallory) == nil {
		t.Fatal("Mallory may approve from the start")
	}
	c, err := s.Config(func(c *config.Config) { c.Approvals.Approvers = []string{"U0MALLORY"} })
	if err != nil {
		t.Fatal(err)
	}
	a.reload(t.Context(), c)
	if err := a.policy.Eligible(t.Context(), asked, mallory); err != nil {
		t.Errorf("after the reload: %v", err)
	}
	if a.policy.Eligible(t.Context(), asked, change.Actor{User: "U0BOB"}) == nil {
		t.Error("Bob is no approver any more, but may approve")
	}
}

// TestSIGHUPReadsTheFileAgain, and a file with problems changes nothing.
func TestSIGHUPReadsTheFileAgain(t *testing.T) {
	caught := make(chan os.Signal, 1) // so that one that comes too early does not end the test
	signal.Notify(caught, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(caught) })
	s, a, log := onStage(t, nil)
	file := filepath.Join(t.TempDir(), "config.yaml")
	secrets := s.Secrets()
	from := config.Source{ReadFile: os.ReadFile, LookupEnv: func(name string) (string, bool) { v, ok := secrets[name]; return v, ok }}
	ctx, stop := context.WithCancel(t.Context())
	var following sync.WaitGroup
	following.Go(func() { a.followFile(ctx, file, from) })
	t.Cleanup(func() { stop(); following.Wait() })
	reload := func(text, said string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		stagetest.Until(t, stage.Patience, said, func() bool {
			if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
			return strings.Contains(log.String(), said)
		})
	}
	asked := &change.Request{Requester: change.Actor{User: "U0ALICE"}, State: change.Pending}
	may := func(user string) bool { return a.policy.Eligible(t.Context(), asked, change.Actor{User: user}) == nil }

	reload(strings.Replace(string(s.Text), "environment: demo", "environment: DEMO!", 1), "not reloaded")
	if !may("U0BOB") {
		t.Error("a file with problems took Bob's right away")
	}
	reload(strings.Replace(string(s.Text), "[U0BOB, U0CAROL]", "[U0MALLORY]", 1), "reloaded: who approves")
	if may("U0BOB") || !may("U0MALLORY") {
		t.Error("what the file says now is not in force")
	}
}

// TestOneIDLeadsThroughTheLog follows a whole connect in the log.
func TestOneIDLeadsThroughTheLog(t *testing.T) {
	t.Parallel()
	s, a, log := onStage(t, nil)
	p := &stage.Transcript{Stage: s, Pair: stage.Platforms, Out: io.Discard}
	if err := p.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	var created map[string]any
	lines := map[string][]map[string]any{} // by request
	for line := range strings.Lines(log.String()) {
		var l map[string]any
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if strings.Count(line, `"request":`) > 1 || strings.Count(line, `"request_id":`) > 1 {
			t.Errorf("an id stands twice: %s", line)
		}
		if id, ok := l["request"].(string); ok {
			lines[id] = append(lines[id], l)
		}
		if l["msg"] == "request created" {
			created = l
		}
	}
	id, _ := created["request"].(string)
	if id == "" || created["request_id"] == nil {
		t.Fatalf("no line joins the event with the request: %v", created)
	}
	seen := map[string]bool{}
	for _, l := range lines[id] {
		msg, _ := l["msg"].(string)
		seen[msg] = true
	}
	for _, want := range []string{"request created", "request decided", "request claimed", "step ended", "called elastic", "request moved"} {
		if !seen[want] {
			t.Errorf("no line %q of request %s", want, id)
		}
	}
	metricsTell(t, a)
}

// metricsTell looks at the metrics after one whole connect.
func metricsTell(t *testing.T, a *actor) {
	t.Helper()
	w := httptest.NewRecorder()
	a.metrics.Handler().ServeHTTP(w, httpGet(t, "/metrics"))
	for _, want := range []string{
		`rcb_requests_total{state="pending"} 1`, `rcb_requests_total{state="approved"} 1`,
		`rcb_requests_total{state="applying"} 1`, `rcb_requests_total{state="applied"} 1`, `rcb_requests_total{state="stuck"} 0`,
		`rcb_step_seconds_count{state="done",step="issue_key"} 1`, `rcb_approval_seconds_count 1`, `rcb_start_delay_seconds_count 1`,
		`rcb_ack_seconds_count{what="command /remote-cluster"} 1`, `rcb_slack_call_seconds_count{method="views.open",outcome="ok"} 1`,
		`rcb_requests_waiting{for="approval"} 0`, `rcb_redis_up 1`, `rcb_takeovers_total 0`, `rcb_build_info{version="dev"} 1`,
		`rcb_connections_managed 1`, `rcb_connection_problems{kind="down"} 0`, `rcb_connection_checks_total{outcome="failed"} 0`,
	} {
		if !strings.Contains(w.Body.String(), want+"\n") {
			t.Errorf("no %s in\n%s", want, grepped(w.Body.String(), want[:min(len(want), 14)]))
		}
	}
}

func httpGet(t *testing.T, path string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func grepped(text, part string) string {
	var found []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			found = append(found, line)
		}
	}
	return strings.Join(found, "")
}

func TestLinesAreMarkedOnceWithWhatTheyAreAbout(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := NewLogger(config.Log{Level: "info", Format: "json"}, &out)
	ctx := change.WithRequestID(t.Context(), "r1")
	log.InfoContext(ctx, "a")
	log.InfoContext(ctx, "b", "request", "r2")
	log.With("request", "r3").InfoContext(ctx, "c")
	log.DebugContext(ctx, "d")
	got := out.String()
	for _, want := range []string{`"msg":"a","request":"r1"}`, `"msg":"b","request":"r2"}`, `"msg":"c","request":"r3"}`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if strings.Contains(got, `"d"`) || traceID(ctx) != "r1" || traceID(t.Context()) != bot.RequestID(t.Context()) {
		t.Error("a debug line at level info, or the wrong id for Elasticsearch")
	}
}
