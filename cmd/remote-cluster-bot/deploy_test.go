package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/metrics"
)

const deployFolder = "../../deploy"

func deployed(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(deployFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func documents(t *testing.T, raw []byte) []map[string]any {
	t.Helper()
	var all []map[string]any
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	for {
		var one map[string]any
		err := dec.Decode(&one)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
}

// at follows keys and indexes into a document; nil where there is nothing.
func at(doc any, path ...any) any {
	for _, p := range path {
		switch key := p.(type) {
		case string:
			m, _ := doc.(map[string]any)
			doc = m[key]
		case int:
			l, _ := doc.([]any)
			if key >= len(l) {
				return nil
			}
			doc = l[key]
		}
	}
	return doc
}

func TestEveryDeploymentFileCanBeRead(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"compose.yaml", "kubernetes/bot.yaml", "prometheus/alerts.yaml", "../.goreleaser.yaml", "../.github/workflows/ci.yaml", "../.github/workflows/release.yaml",
	} {
		if len(documents(t, deployed(t, name))) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
	if !json.Valid(deployed(t, "grafana/dashboard.json")) {
		t.Error("the dashboard is no JSON")
	}
}

func TestPodsAreRestrictedAndLeaveTimeToStop(t *testing.T) {
	t.Parallel()
	for _, d := range documents(t, deployed(t, "kubernetes/bot.yaml")) {
		if d["kind"] != "Deployment" {
			continue
		}
		pod := at(d, "spec", "template", "spec")
		box := at(pod, "containers", 0, "securityContext")
		for what, ok := range map[string]bool{
			"two replicas":            at(d, "spec", "replicas") == 2,
			"not root":                at(pod, "securityContext", "runAsNonRoot") == true,
			"seccomp":                 at(pod, "securityContext", "seccompProfile", "type") == "RuntimeDefault",
			"no escalation":           at(box, "allowPrivilegeEscalation") == false,
			"read-only":               at(box, "readOnlyRootFilesystem") == true,
			"no capabilities":         at(box, "capabilities", "drop", 0) == "ALL",
			"no token of Kubernetes'": at(pod, "automountServiceAccountToken") == false,
			"readiness":               at(pod, "containers", 0, "readinessProbe", "httpGet", "path") == "/readyz",
			"liveness":                at(pod, "containers", 0, "livenessProbe", "httpGet", "path") == "/healthz",
			"restricted namespace":    bytes.Contains(deployed(t, "kubernetes/bot.yaml"), []byte("pod-security.kubernetes.io/enforce: restricted")),
		} {
			if !ok {
				t.Errorf("not so: %s", what)
			}
		}
		grace, _ := at(pod, "terminationGracePeriodSeconds").(int)
		sleep, _ := at(pod, "containers", 0, "lifecycle", "preStop", "sleep", "seconds").(int) // before it is told to stop
		leavesTime(t, "Kubernetes", time.Duration(grace-sleep)*time.Second)
		return
	}
	t.Error("there is no Deployment")
}

// leavesTime: a platform that kills the process before it has drained leaves changes half done until another takes over.
func leavesTime(t *testing.T, where string, grace time.Duration) {
	t.Helper()
	c, err := config.Parse("example.yaml", config.Example, config.Source{LookupEnv: func(name string) (string, bool) { return "x", !strings.HasPrefix(name, "OTEL_") }})
	if err != nil {
		t.Fatal(err)
	}
	// The workers drain, and then the last drawings are finished or broken off.
	if need := c.Executor.Drain.Std() + stopWithin + time.Second; grace <= need {
		t.Errorf("%s kills after %s, the bot may need %s", where, grace, need)
	}
}

func TestComposeAndSystemdLeaveTimeToStop(t *testing.T) {
	t.Parallel()
	compose := documents(t, deployed(t, "compose.yaml"))[0]
	text, _ := at(compose, "services", "bot", "stop_grace_period").(string)
	grace, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	leavesTime(t, "compose", grace)
	m := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindSubmatch(deployed(t, "systemd/remote-cluster-bot.service"))
	if m == nil {
		t.Fatal("no TimeoutStopSec")
	}
	grace, err = time.ParseDuration(string(m[1]) + "s")
	if err != nil {
		t.Fatal(err)
	}
	leavesTime(t, "systemd", grace)
	redis, _ := at(compose, "services", "redis", "command").([]any)
	for _, want := range []string{"--appendonly", "noeviction", "always"} {
		if !slices.Contains(redis, any(want)) {
			t.Errorf("Redis runs without %s", want)
		}
	}
}

// TestEveryBuildLeavesGRPCsPagesOut: they pull html/template in, whose calls by name keep the linker from dropping the
// methods that nobody calls, of everything.
func TestEveryBuildLeavesGRPCsPagesOut(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"../Makefile": "TAGS    := grpcnotrace\n", "../Dockerfile": "go build -tags grpcnotrace ",
		"../.goreleaser.yaml": "-tags=grpcnotrace", "../bench/rest.sh": "go build -tags grpcnotrace ",
	} {
		if !strings.Contains(string(deployed(t, name)), want) {
			t.Errorf("%s does not say %s", name, want)
		}
	}
}

// TestAlertsAndDashboardAskForMetricsThatExist: a query of a name that nobody serves is silent for ever.
func TestAlertsAndDashboardAskForMetricsThatExist(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Options{Version: "x", Now: time.Now})
	m.Acked("command x", time.Second)
	m.Called("auth.test", "ok", time.Second)
	m.Watch(func(context.Context) (metrics.StatusSummary, error) {
		return metrics.StatusSummary{OldestCheck: time.Now(), Problems: map[string]int{"lost": 1}}, nil
	})
	w := &answer{header: http.Header{}}
	m.Handler().ServeHTTP(w, httpGet(t, "/metrics"))
	served := w.body.String() + "rcb_requests_waiting rcb_redis_up rcb_step_seconds_bucket rcb_step_retries_total"
	for _, name := range []string{"prometheus/alerts.yaml", "grafana/dashboard.json"} {
		for _, metric := range regexp.MustCompile(`\brcb_[a-z_]+`).FindAllString(string(deployed(t, name)), -1) {
			if !strings.Contains(served, metric) {
				t.Errorf("%s asks for %s, which is not served", name, metric)
			}
		}
	}
}

// A memory limit that the runtime does not know of ends in a kill.
func TestEveryManifestLimitsMemory(t *testing.T) {
	for _, name := range []string{"compose.yaml", "kubernetes/bot.yaml", "systemd/remote-cluster-bot.service"} {
		if raw := deployed(t, name); !regexp.MustCompile(`GOMEMLIMIT(:|=|, value:) ?80MiB`).Match(raw) {
			t.Errorf("%s sets no GOMEMLIMIT", name)
		}
	}
}
