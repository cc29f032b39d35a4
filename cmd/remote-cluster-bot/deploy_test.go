package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.yaml.in/yaml/v3"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/app"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/metrics"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
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
		"compose.yaml", "kubernetes/bot.yaml", "prometheus/alerts.yaml", "../.goreleaser.yaml", "../.github/dependabot.yml", "../.github/workflows/ci.yaml", "../.github/workflows/release.yaml",
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
	c, err := config.Parse("example.yaml", config.Example, config.Source{LookupEnv: func(name string) (string, bool) {
		return "x", !strings.HasPrefix(name, "OTEL_") && (!strings.HasPrefix(name, "RCB_") || strings.HasSuffix(name, "_KEY"))
	}})
	if err != nil {
		t.Fatal(err)
	}
	// The workers drain, and then the last drawings are finished or broken off.
	if need := c.Executor.Drain.Std() + app.StopWithin + time.Second; grace <= need {
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

// TestAlertsCountOnce: what is not put together fires once for each replica, or for none where it is spread over them.
func TestAlertsCountOnce(t *testing.T) {
	t.Parallel()
	together := regexp.MustCompile(`\b(sum|max|min|absent)(?: by \([a-z]+\))? ?\((?:increase\(|rate\()?rcb_`)
	for _, rule := range at(documents(t, deployed(t, "prometheus/alerts.yaml"))[0], "groups", 0, "rules").([]any) { //nolint:forcetypeassert,errcheck // the test fails
		expr, _ := at(rule, "expr").(string)
		if n := strings.Count(expr, "rcb_"); n == 0 || n != len(together.FindAllString(expr, -1)) {
			t.Errorf("%v is not put together: %s", at(rule, "alert"), expr)
		}
	}
}

// TestActionsArePinned by commit: a tag may be moved to another one, which then has the release's rights.
func TestActionsArePinned(t *testing.T) {
	t.Parallel()
	uses := regexp.MustCompile(`(?m)^\s*- uses: (.*)$`)
	pinned := regexp.MustCompile(`^[\w./-]+@[0-9a-f]{40} # v[0-9.]+$`)
	for _, name := range []string{"ci.yaml", "release.yaml"} {
		all := uses.FindAllStringSubmatch(string(deployed(t, "../.github/workflows/"+name)), -1)
		if len(all) == 0 {
			t.Errorf("%s uses nothing", name)
		}
		for _, m := range all {
			if !pinned.MatchString(m[1]) {
				t.Errorf("%s: %s is not pinned", name, m[1])
			}
		}
	}
}

// TestVulnerabilitiesAreLookedForInCI, with each push and by itself, and so before each release, which calls the same.
func TestVulnerabilitiesAreLookedForInCI(t *testing.T) {
	t.Parallel()
	ci, makefile := string(deployed(t, "../.github/workflows/ci.yaml")), string(deployed(t, "../Makefile"))
	for want, in := range map[string]string{
		"- run: make vulnerabilities\n": ci, "  schedule:": ci, "\nvulnerabilities:": makefile, "$(TOOL) govulncheck": makefile,
		"golang.org/x/vuln/cmd/govulncheck\n": string(deployed(t, "../internal/tools/go.mod")),
	} {
		if !strings.Contains(in, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

// TestImagesAreReleasedOnADigest: the tag that the Dockerfile names is the one that the release workflow looks up, and
// goreleaser hands over.
func TestImagesAreReleasedOnADigest(t *testing.T) {
	t.Parallel()
	base := regexp.MustCompile(`(?m)^ARG CERTIFICATES=(\S+)$`).FindSubmatch(deployed(t, "release.Dockerfile"))
	if base == nil {
		t.Fatal("the Dockerfile names no base image")
	}
	want := fmt.Sprintf("CERTIFICATES=%[1]s@$(docker buildx imagetools inspect %[1]s --format", base[1])
	if !strings.Contains(string(deployed(t, "../.github/workflows/release.yaml")), want) {
		t.Errorf("the release workflow does not say %s", want)
	}
	handed := at(documents(t, deployed(t, "../.goreleaser.yaml"))[0], "dockers_v2", 0, "build_args", "CERTIFICATES")
	if handed != "{{ .Env.CERTIFICATES }}" {
		t.Errorf("goreleaser hands %v over", handed)
	}
}

// TestTheReleaseBeforeIsFound, from which make compat builds every second replica.
func TestTheReleaseBeforeIsFound(t *testing.T) {
	t.Parallel()
	script, err := filepath.Abs("../../.ci/released")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	in := func(name string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err
	}
	git := func(args ...string) {
		t.Helper()
		if _, err := in("git", args...); err != nil {
			t.Fatal(args, err)
		}
	}
	git("init", "-q")
	for i, want := range []string{"", "", "v1.0.0", "v1.0.0", "v1.1.0"} {
		git("commit", "-q", "--allow-empty", "-m", "x")
		if tag := map[int]string{1: "v1.0.0", 3: "v1.1.0"}[i]; tag != "" {
			git("tag", tag) // the commit of a release is compared with the release before
		}
		if got, err := in(script); got != want || (err == nil) != (want != "") {
			t.Errorf("at commit %d: %q, want %q (%v)", i, got, want, err)
		}
	}
}

// TestDependabotKnowsEveryModule.
func TestDependabotKnowsEveryModule(t *testing.T) {
	t.Parallel()
	known := string(deployed(t, "../.github/dependabot.yml"))
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "out" || d.Name() == "dist") {
			return filepath.SkipDir
		}
		if folder := strings.TrimPrefix(filepath.Dir(path), "../.."); d.Name() == "go.mod" || d.Name() == "package.json" {
			if want := strconv.Quote("/" + strings.TrimPrefix(folder, "/")); !strings.Contains(known, want) {
				t.Errorf("dependabot.yml does not name %s", want)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestSystemdSandboxIsTight by systemd's own measure: 0 is closed, 10 open.
func TestSystemdSandboxIsTight(t *testing.T) {
	t.Parallel()
	bin, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze on the PATH")
	}
	out, err := exec.CommandContext(t.Context(), bin, "security", "--offline=true", "--no-pager", "--threshold=12", filepath.Join(deployFolder, "systemd/remote-cluster-bot.service")).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestRedisOfComposeWantsItsPassword runs its command on the redis-server and the valkey-server of this machine, each where
// the other is not on the PATH, and then its health check.
func TestRedisOfComposeWantsItsPassword(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"redis", "valkey"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, program := range map[string]string{kind + "-server": kind + "-server", kind + "-cli": kind + "-cli", "sh": "sh", "cat": "cat", "grep": "grep"} {
				path, err := exec.LookPath(program)
				if err != nil {
					t.Skipf("there is no %s on the PATH", program)
				}
				if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			composedServer(t, dir)
		})
	}
}

func composedServer(t *testing.T, dir string) {
	t.Helper()
	const mounted = "/run/secrets/remote-cluster-bot/redis_password"
	password, socket := filepath.Join(dir, "password"), filepath.Join(dir, "s")
	if err := os.WriteFile(password, []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	shell := func(command any) *exec.Cmd {
		text, _ := command.(string)
		cmd := exec.CommandContext(t.Context(), "sh", "-c", strings.NewReplacer(
			"$$", "$", mounted, password, `)" - `, `)" - --port 0 --dir `+dir+" --unixsocket "+socket+" ", `)" ping`, `)" -s `+socket+" ping",
		).Replace(text))
		cmd.Env = []string{"PATH=" + dir}
		return cmd
	}
	service := at(documents(t, deployed(t, "compose.yaml"))[0], "services", "redis")
	server := shell(at(service, "command", 2))
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Process.Kill(); _ = server.Wait() }()
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: socket, Password: "correct horse", MaxRetries: -1})
	defer func() { _ = client.Close() }()
	for err := redis.ErrClosed; err != nil; {
		if err = client.Ping(t.Context()).Err(); t.Context().Err() != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"} {
		if got := client.ConfigGet(t.Context(), name).Val()[name]; got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	stranger := redis.NewClient(&redis.Options{Network: "unix", Addr: socket, MaxRetries: -1})
	defer func() { _ = stranger.Close() }()
	if err := stranger.Ping(t.Context()).Err(); err == nil {
		t.Error("Redis answers without the password")
	}
	if out, err := shell(at(service, "healthcheck", "test", 1)).CombinedOutput(); err != nil {
		t.Errorf("the health check: %v %s", err, out)
	}
}

// TestAlertsAndDashboardAskForMetricsThatExist: a query of a name that nobody serves is silent for ever.
func TestAlertsAndDashboardAskForMetricsThatExist(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Options{
		Version: "x", Now: time.Now, Depths: func(context.Context) (store.Depths, error) { return store.Depths{}, nil },
	})
	m.Acked("command x", time.Second)
	m.Called("auth.test", "ok", time.Second)
	m.Watch(func(context.Context) (metrics.StatusSummary, error) {
		return metrics.StatusSummary{OldestCheck: time.Now(), Problems: map[string]int{"down": 1}}, nil
	})
	m.Webhooks(func(context.Context) (map[string]int64, error) { return map[string]int64{"on-call": 1}, nil })
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	served := w.Body.String() + "rcb_step_seconds_bucket rcb_step_retries_total"
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
		if raw := deployed(t, name); !regexp.MustCompile(`GOMEMLIMIT(:|=|, value:) ?"?230MiB`).Match(raw) {
			t.Errorf("%s does not set GOMEMLIMIT to nine tenths of 256 MiB", name)
		}
	}
}
