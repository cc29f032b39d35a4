package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage/stagetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// sentinelWait bounds a failing test, not a passing one. On a machine that is busy for two seconds a sentinel distrusts
// its clock, and does nothing for the next 30 (Redis's docs: "TILT mode").
const sentinelWait = 2 * time.Minute

// failWithin is how long a person may wait for an answer while Redis is away.
const failWithin = 3 * time.Second

// One address is enough to find the others by; each environment lies with one of the three servers.
func TestRedisIsACluster(t *testing.T) {
	t.Parallel()
	nodes := storetest.Cluster(t)
	client := configured(t, fmt.Sprintf("  addresses: [%q]\n  cluster: true\n", nodes[0].Addr))
	for _, env := range []string{"a", "b", "c", "d", "e", "f"} {
		live(t, store.New(client, store.Options{Env: env}))
	}
	for _, n := range nodes {
		if size, err := n.Client.DBSize(t.Context()).Result(); err != nil || size == 0 {
			t.Errorf("%s holds %d keys (%v): this tests no cluster", n.Addr, size, err)
		}
	}
}

// group is a master with a replica, and a sentinel that only lets in whom it knows.
type group struct {
	master   storetest.Server
	sentinel string
}

func newGroup(t *testing.T) group {
	t.Helper()
	master := storetest.Real(t)
	host, port, _ := net.SplitHostPort(master.Addr)
	for range 2 { // so that the one that takes over has a replica, too
		storetest.Real(t, "--replicaof", host, port, "--repl-diskless-sync-delay", "0")
	}
	stagetest.Until(t, sentinelWait, "the replicas follow", func() bool {
		text, err := master.Client.Info(t.Context(), "replication").Result()
		return err == nil && strings.Count(text, "state=online") == 2
	})
	return group{master: master, sentinel: startSentinel(t, host, port)}
}

func startSentinel(t *testing.T, host, port string) string {
	t.Helper()
	own := freeTCPPort(t)
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nsentinel monitor rcb %s %s 1\n"+
		"sentinel down-after-milliseconds rcb 500\nsentinel failover-timeout rcb 3000\n"+
		"user default off\nuser watcher on >sentinel_password-secret ~* &* +@all\n", own, filepath.Dir(file), host, port)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "redis-server", file, "--sentinel")
	if err := cmd.Start(); err != nil {
		t.Skipf("no sentinel starts: %v", err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return "127.0.0.1:" + own
}

// section is how the configuration names the group.
func (g group) section() string {
	return fmt.Sprintf("  addresses: [%q]\n  sentinel_master: rcb\n  sentinel_username: watcher\n  replicas: 1\n"+
		"  sentinel_password: { env: SENTINEL_PASSWORD }\n", g.sentinel)
}

// The master dies and a replica takes its place: what was acknowledged is there, a claim goes on, and writing goes on by
// itself.
func TestRedisFailsOverUnderSentinel(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	s := store.New(configured(t, g.section()), store.Options{Env: "test", Replicas: 1})
	var err error
	stagetest.Until(t, sentinelWait, "the sentinel knows", func() bool {
		_, err = s.Create(t.Context(), changetest.Pending("a", time.Now()), "view", change.Entry{})
		return err == nil
	})
	approve := func(ctx context.Context, id string) error {
		return s.Transition(ctx, change.Transition{ID: id, Version: 1, Event: change.Approve, From: change.Pending, To: change.Approved})
	}
	if err := approve(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	held, err := s.Claim(t.Context(), "w1", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(t.Context(), changetest.Pending("b", time.Now()), "view b", change.Entry{}); err != nil {
		t.Fatal(err)
	}
	g.master.Process.Kill(t)
	began := time.Now()
	if err := approve(t.Context(), "b"); err != nil && !errors.Is(err, change.ErrUnavailable) {
		t.Errorf("while there is no master: %v", err)
	}
	if took := time.Since(began); took > failWithin {
		t.Errorf("while there is no master a move took %s to fail", took)
	}
	stagetest.Until(t, sentinelWait, "writing goes on", func() bool {
		err = approve(t.Context(), "b")
		return err == nil || errors.Is(err, change.ErrConflict) // an earlier one got through
	})
	if r, err := s.Get(t.Context(), "b"); err != nil || r.State != change.Approved {
		t.Errorf("%v, %v", r, err)
	}
	if err := s.Extend(t.Context(), held.Claim, time.Minute); err != nil {
		t.Errorf("the claim from before: extending: %v", err)
	}
	if err := s.Record(t.Context(), held.Claim, change.StepRecord{Step: "one", State: change.StepBegun}, change.Entry{}); err != nil {
		t.Errorf("the claim from before: recording: %v", err)
	}
	if other, err := s.Claim(t.Context(), "w2", time.Minute); err != nil || other.Claim.ID != "b" {
		t.Errorf("another worker claimed %q, error %v; want b, for a is taken", other.Claim.ID, err)
	}
	if report, err := s.VerifyAudit(t.Context()); err != nil || report.Bad != nil {
		t.Errorf("audit %+v, error %v", report, err)
	}
}

// The master dies while a step's call is on its way: the worker, or another, ends the work on the new master, and nobody
// has to press anything.
func TestAFailoverInTheMiddleOfAStep(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	settings, err := config.Parse("example.yaml", redisSection(g.section()), testSource)
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	var failedOver atomic.Bool
	s := stagetest.New(t, sim.Options{Now: time.Now, Observe: func(o platform.Options) platform.Options {
		o.OnExchange = func(x fault.Exchange) {
			if x.Method == http.MethodPatch && strings.HasSuffix(x.Path, "/keystore") {
				once.Do(func() {
					g.master.Process.Kill(t)
					failedOver.Store(true)
				})
			}
		}
		return o
	}}, slog.New(slog.DiscardHandler))
	c, err := s.Config(func(c *config.Config) { c.Redis = settings.Redis })
	if err != nil {
		t.Fatal(err)
	}
	a, err := enter(t.Context(), s, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Leave(); err != nil {
			t.Error(err)
		}
	})
	stagetest.Until(t, sentinelWait, "the sentinel knows", func() bool { return a.store.Ping(t.Context()) == nil })
	p := &stage.Transcript{Stage: s, Pair: stage.Platforms, Out: io.Discard}
	if err := p.Connect(t.Context()); err != nil {
		t.Fatalf("the work did not go on by itself: %v\n%s", err, stage.Threads(s.Slack.State()))
	}
	valid := 0
	for _, k := range s.Deployment("metrics-eu").Cluster().State().Keys {
		if k.Valid {
			valid++
		}
	}
	if valid != 1 {
		t.Errorf("metrics-eu has %d valid keys", valid)
	}
	if !failedOver.Load() {
		t.Error("the master never died")
	}
}
