package playground_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
)

func (p *page) fault(id string, on bool) map[string]any {
	p.t.Helper()
	word := "false"
	if on {
		word = "true"
	}
	return p.post("/faults", `{"id":"`+id+`","on":`+word+`}`)
}

// eventually waits until it is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("this did not come: ", what)
		}
	}
}

// makeKey makes a cross-cluster key on metrics-eu, as the bot would.
func (p *page) makeKey(ctx context.Context) (int, error) {
	d := p.scene.Deployment("metrics-eu")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.ServiceURL()+"/_security/cross_cluster/api_key",
		strings.NewReader(`{"name":"k","access":{"search":[{"names":["*"]}]}}`))
	if err != nil {
		return 0, err
	}
	req.SetBasicAuth("elastic", d.Cluster().Password("elastic"))
	req.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

func TestKillsTheBotOnceTheKeyIsMade(t *testing.T) {
	p := open(t)
	keys := func() int { return len(p.scene.Deployment("metrics-eu").Cluster().State().Keys) }
	p.fault("kill-midway", true)
	if p.bot.deaths() != 0 {
		t.Fatal("it did not wait for its moment")
	}
	ctx, cancel := context.WithCancel(t.Context())
	answered := make(chan error, 1)
	go func() {
		_, err := p.makeKey(ctx)
		answered <- err
	}()
	eventually(t, "the death of the bot", func() bool { return p.bot.deaths() == 1 })
	if keys() != 1 {
		t.Error("killed before the key was made")
	}
	cancel()
	if err := <-answered; err == nil {
		t.Error("the bot got an answer")
	}
	eventually(t, "the end of the fault", func() bool { return len(p.scene.World.State().Faults) == 0 })
	if status, err := p.makeKey(t.Context()); err != nil || status != http.StatusOK {
		t.Error("the next key: ", status, err)
	}
}

func TestFaultsAreTakenBack(t *testing.T) {
	p := open(t)
	status := func() int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.scene.ECE.URL()+"/api/v1/deployments", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "ApiKey "+p.scene.ECE.Key())
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	p.fault("platform", true)
	if got := status(); got != http.StatusServiceUnavailable {
		t.Error(got)
	}
	p.fault("platform", false)
	if got := status(); got != http.StatusOK {
		t.Error(got)
	}
	p.fault("redis", true)
	if !p.redis.isAway() {
		t.Error("Redis is there")
	}
	p.fault("redis", true) // a second press changes nothing
	p.fault("redis", false)
	if p.redis.isAway() {
		t.Error("Redis is away")
	}
	p.fault("kill-now", true)
	p.fault("kill-now", true)
	if p.bot.deaths() != 2 {
		t.Error(p.bot.deaths())
	}
	if out := p.fault("nonsense", true); out["error"] == nil {
		t.Error(out)
	}
}

func TestKeysExpireWhileTheFaultGoesOn(t *testing.T) {
	p := open(t)
	valid := func() (n int) {
		for _, k := range p.scene.Deployment("metrics-eu").Cluster().State().Keys {
			if k.Valid {
				n++
			}
		}
		return n
	}
	make1 := func() {
		if status, err := p.makeKey(t.Context()); err != nil || status != http.StatusOK {
			t.Fatal(status, err)
		}
	}
	make1()
	p.fault("expired", true)
	eventually(t, "the end of the old key", func() bool { return valid() == 0 })
	make1()
	eventually(t, "the end of the new key", func() bool { return valid() == 0 })
	p.fault("expired", false)
	make1()
	if valid() != 1 {
		t.Error("a key made afterwards is no good")
	}
}

func TestWrongCertificateIsTakenBackWithThePage(t *testing.T) {
	p := open(t)
	p.fault("certificate", true)
	p.events("alice", "faults", func(data string) bool {
		return strings.Contains(data, `"id":"certificate"`) && strings.Contains(data, `"on":true`)
	})
	p.fault("certificate", false)
	p.events("alice", "faults", func(data string) bool { return !strings.Contains(data, `"on":true`) })
	if d := p.scene.Deployment("metrics-eu"); d == nil || p.scene.World.Platform("elastic-cloud").Kind() != platform.KindCloud {
		t.Error("the scene is not what the fault is about")
	}
}

// TestSearchTellsWhichClusterWasSkipped: skip_unavailable makes a search through a lost connection succeed with
// nothing, and the reason stands in _clusters alone.
func TestSearchTellsWhichClusterWasSkipped(t *testing.T) {
	p := open(t)
	local, remote := p.scene.Deployment("logs-prod"), p.scene.Deployment("metrics-eu")
	if err := platform.Befriend(local, remote); err != nil {
		t.Fatal(err)
	}
	settings := `{"persistent":{"cluster.remote.m.mode":"proxy","cluster.remote.m.proxy_address":"HOST:9400","cluster.remote.m.server_name":"HOST","cluster.remote.m.skip_unavailable":true}}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, local.ServiceURL()+"/_cluster/settings", strings.NewReader(strings.ReplaceAll(settings, "HOST", remote.Endpoint())))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("elastic", local.Cluster().Password("elastic"))
	req.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res, err)
	}
	_ = res.Body.Close()
	search := `{"deployment":"logs-prod","target":"m:metrics-*"}`
	out := p.post("/search", search)
	if hits, ok := out["hits"].([]any); !ok || len(hits) == 0 || out["skipped"] != nil {
		t.Fatal("while it stands: ", out)
	}
	p.fault("certificate", true)
	out = p.post("/search", search)
	if why, ok := out["skipped"].(map[string]any); !ok || why["m"] == "" || out["error"] != nil {
		t.Error("once it is lost: ", out)
	}
}
