package platform

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// bench is a demo world whose every answer is held against the official Swagger.
type bench struct {
	t     *testing.T
	w     *World
	clock *clock
	ece   *Platform
	cloud *Platform
	http  *http.Client
}

func newBench(t *testing.T, opt DemoOptions) *bench {
	t.Helper()
	b := &bench{t: t, clock: &clock{t: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}}
	b.w = NewWorld(Options{
		Now: b.clock.now, KeystoreDelay: 2 * time.Second, PlanTime: time.Minute,
		OnExchange: func(x fault.Exchange) {
			for _, p := range b.w.Platforms() {
				if p.Name() != x.System || x.Fault != "" {
					continue
				}
				if wrong := p.Check(x); len(wrong) > 0 {
					t.Errorf("%s %s: not as the Swagger says: %s\n%s", x.Method, x.Path, strings.Join(wrong, "; "), x.Answer)
				}
			}
		},
	})
	tr := &http.Transport{DisableKeepAlives: true}
	b.http = &http.Client{Transport: tr, Timeout: 10 * time.Second}
	t.Cleanup(func() {
		if err := b.w.Close(); err != nil {
			t.Error(err)
		}
		tr.CloseIdleConnections()
	})
	if err := b.w.AddDemo(opt); err != nil {
		t.Fatal(err)
	}
	b.ece, b.cloud = b.w.Platform("ece-prod"), b.w.Platform("elastic-cloud")
	if ca := b.ece.CA(); ca != "" {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM([]byte(ca))
		tr.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	return b
}

// call makes an API call with the platform's key and returns status, decoded body and headers.
func (b *bench) call(p *Platform, method, path, body string) (int, map[string]any) {
	b.t.Helper()
	status, out, _ := b.request(method, p.URL()+path, body, "ApiKey "+p.Key(), nil)
	return status, out
}

// es makes a call to a deployment's Elasticsearch as a user.
func (b *bench) es(d *Deployment, user, method, path, body string) (int, map[string]any) {
	b.t.Helper()
	r := b.newRequest(method, d.ServiceURL()+path, body)
	r.SetBasicAuth(user, d.Cluster().Password(user))
	status, out, _ := b.do(r)
	return status, out
}

func (b *bench) request(method, url, body, auth string, header map[string]string) (int, map[string]any, http.Header) {
	b.t.Helper()
	r := b.newRequest(method, url, body)
	if auth != "" {
		r.Header.Set("Authorization", auth)
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	return b.do(r)
}

func (b *bench) newRequest(method, url, body string) *http.Request {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func (b *bench) do(r *http.Request) (int, map[string]any, http.Header) {
	b.t.Helper()
	resp, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		b.t.Fatalf("%s %s: %d %s", r.Method, r.URL, resp.StatusCode, raw)
	}
	return resp.StatusCode, out, resp.Header
}

// must fails unless the status is the wanted one.
func (b *bench) must(want, status int, body map[string]any) map[string]any {
	b.t.Helper()
	if status != want {
		b.t.Fatalf("status %d, want %d: %v", status, want, body)
	}
	return body
}

// connect does by hand what the bot does: key, keystore, settings.
func (b *bench) connect(local, remote *Deployment, alias, access string) (keyID string) {
	b.t.Helper()
	status, key := b.es(remote, DemoLinkUser, "POST", "/_security/cross_cluster/api_key", `{"name":"k-`+alias+`","access":`+access+`}`)
	b.must(200, status, key)
	encoded, _ := key["encoded"].(string)
	status, out := b.call(local.p, "PATCH", "/api/v1/deployments/"+local.ID()+"/elasticsearch/main-elasticsearch/keystore",
		`{"secrets":{"cluster.remote.`+alias+`.credentials":{"value":"`+encoded+`"}}}`)
	b.must(200, status, out)
	b.clock.pass(3 * time.Second)
	b.point(local, remote.Endpoint()+":9443", remote.Endpoint(), alias)
	id, _ := key["id"].(string)
	return id
}

func (b *bench) point(local *Deployment, address, server, alias string) {
	b.t.Helper()
	status, out := b.es(local, "elastic", "PUT", "/_cluster/settings", fmt.Sprintf(
		`{"persistent":{"cluster":{"remote":{%q:{"mode":"proxy","proxy_address":%q,"server_name":%q,"skip_unavailable":false}}}}}`, alias, address, server))
	b.must(200, status, out)
}

// info is an alias's part of _remote/info.
func (b *bench) info(d *Deployment, alias string) map[string]any {
	b.t.Helper()
	_, out := b.es(d, "elastic", "GET", "/_remote/info", "")
	in, _ := out[alias].(map[string]any)
	return in
}

func (b *bench) resolve(d *Deployment, expr string) map[string]any {
	b.t.Helper()
	alias, _, _ := strings.Cut(expr, ":")
	status, out := b.es(d, "elastic", "GET", "/_resolve/cluster/"+expr, "")
	b.must(200, status, out)
	in, _ := out[alias].(map[string]any)
	return in
}

func TestConnectsFromECEToCloudByKey(t *testing.T) {
	b := newBench(t, DemoOptions{})
	local, remote := b.ece.Deployment("logs-prod"), b.cloud.Deployment("metrics-eu")
	b.connect(local, remote, "metrics", `{"search":[{"names":["metrics-*"]}]}`)

	info := b.info(local, "metrics")
	if info["connected"] != true || info["cluster_credentials"] != "::es_redacted::" || info["num_proxy_sockets_connected"] != float64(18) {
		t.Errorf("info: %v", info)
	}
	if got := b.resolve(local, "metrics:metrics-*"); got["matching_indices"] != true || got["connected"] != true {
		t.Errorf("resolve: %v", got)
	}
	if got := b.resolve(local, "metrics:billing-*"); got["matching_indices"] != false {
		t.Errorf("the key does not cover billing: %v", got)
	}
	status, found := b.es(local, "elastic", "GET", "/metrics:metrics-2026.11/_search", "")
	b.must(200, status, found)
	if total := nested(found, "hits", "total", "value"); total != float64(3) {
		t.Errorf("found %v documents", total)
	}
	status, denied := b.es(local, "elastic", "GET", "/metrics:billing-2026/_search", "")
	if reason, _ := nested(denied, "error", "reason").(string); status != 403 || !strings.Contains(reason, "on indices [billing-2026]") {
		t.Errorf("%d %v", status, denied)
	}
}
