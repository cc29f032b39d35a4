package contract

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
)

// caller calls a cluster's Elasticsearch as its superuser.
type caller struct {
	*testing.T
	transport *http.Transport
	d         *platform.Deployment
}

// expects makes a call and returns its answer; another status than wanted fails the test.
func (c caller) wants(status int, method, path, body string) string {
	c.Helper()
	req, err := http.NewRequestWithContext(c.Context(), method, c.d.ServiceURL()+path, strings.NewReader(body))
	must(c.T, err)
	req.SetBasicAuth("elastic", password)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.transport.RoundTrip(req)
	must(c.T, err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	must(c.T, err)
	if resp.StatusCode != status {
		c.Errorf("%s %s: %s, want %d: %s", method, path, resp.Status, status, raw)
	}
	return string(raw)
}

// between returns what stands between two texts: enough to take a key out of an answer.
func between(t *testing.T, text, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, from)
	out, _, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("no %s in %s", from, text)
	}
	return out
}

// TestEveryAnswerOfTheClustersIsTyped goes through all that the stand-in clusters serve, whether the bot calls it yet
// or not.
func TestEveryAnswerOfTheClustersIsTyped(t *testing.T) {
	w, seen, transport := demo(t, 0)
	local := caller{t, transport, w.Platform("ece-prod").Deployment("logs-prod")}
	remote := caller{t, transport, w.Platform("elastic-cloud").Deployment("metrics-eu")}

	key := remote.wants(200, "POST", "/_security/cross_cluster/api_key",
		`{"name":"k","expiration":"30d","metadata":{"by":"us"},"access":{"search":[{"names":["metrics-*"],"allow_restricted_indices":false}],"replication":[{"names":["billing-*"]}]}}`)
	id := between(t, key, `"id":"`, `"`)
	local.d.Cluster().PatchKeystore(map[string]*string{"cluster.remote.m.credentials": new(between(t, key, `"encoded":"`, `"`))})
	settings := `{"persistent":{"cluster.remote.m.mode":"proxy","cluster.remote.m.proxy_address":"` + remote.d.Endpoint() +
		`:9443","cluster.remote.m.server_name":"` + remote.d.Endpoint() + `","cluster.remote.m.skip_unavailable":"false"}}`
	local.wants(200, "PUT", "/_cluster/settings", settings)
	for _, path := range []string{
		"/", "/_cluster/settings", "/_cluster/settings?flat_settings=true", "/_cluster/settings?include_defaults=true", "/_cluster/health",
		"/_remote/info", "/_resolve/cluster/m:metrics-*", "/_resolve/cluster/*:*", "/_resolve/cluster/*,*:*", "/_resolve/cluster/m:nothing",
		"/_license", "/_security/_authenticate", "/_security/role", "/m:metrics-*/_search", "/logs-*,m:metrics-*/_search", "/logs-*/_search",
		"/m:nothing-*/_search",
	} {
		local.wants(200, "GET", path, "")
	}
	local.wants(200, "POST", "/m:metrics-*/_search", `{"size":1,"_source":false,"track_total_hits":true}`)
	local.wants(200, "POST", "/_nodes/reload_secure_settings", "")
	local.wants(403, "GET", "/_resolve/cluster/unknown:*", "")
	local.wants(403, "GET", "/unknown:x/_search", "")
	local.wants(404, "GET", "/nothing/_search", "")
	local.wants(400, "PUT", "/_cluster/settings", `{"persistent":{"cluster.remote.m.mode":"nonsense"}}`)
	local.wants(400, "PUT", "/_cluster/settings", `{"persistent":{"cluster.remote.m.seeds":["127.0.0.1:9300"]}}`)

	role := `{"cluster":["monitor"],"indices":[{"names":["a"],"privileges":["read"]}],` +
		`"remote_indices":[{"clusters":["m"],"names":["metrics-*"],"privileges":["read","read_cross_cluster"]}],"metadata":{"by":"us"}}`
	local.wants(200, "PUT", "/_security/role/reader", role)
	local.wants(200, "PUT", "/_security/role/reader", role)
	local.wants(200, "GET", "/_security/role/reader", "")
	local.wants(404, "GET", "/_security/role/nobody", "")
	local.wants(200, "DELETE", "/_security/role/reader", "")
	local.wants(404, "DELETE", "/_security/role/reader", "")
	local.wants(200, "POST", "/_security/user/_has_privileges", `{"cluster":["manage"],"index":[{"names":["logs-*"],"privileges":["read"]}]}`)

	remote.wants(200, "PUT", "/_security/cross_cluster/api_key/"+id, `{"access":{"search":[{"names":["metrics-2026*"]}]}}`)
	remote.wants(404, "PUT", "/_security/cross_cluster/api_key/nothing", `{"access":{"search":[{"names":["metrics-2026*"]}]}}`)
	for _, query := range []string{"?id=" + id, "?name=k", "?name=k&active_only=true", "?name=none"} {
		remote.wants(200, "GET", "/_security/api_key"+query, "")
	}
	remote.wants(400, "POST", "/_security/cross_cluster/api_key", `{"name":"k","access":{}}`)
	remote.wants(200, "DELETE", "/_security/api_key", `{"ids":["`+id+`"]}`)
	remote.wants(200, "DELETE", "/_security/api_key", `{"ids":["`+id+`"]}`)
	remote.wants(200, "GET", "/_security/api_key?id="+id, "")
	local.wants(200, "GET", "/_remote/info", "") // now without a valid key
	local.wants(200, "GET", "/_resolve/cluster/m:metrics-*", "")
	local.wants(401, "GET", "/m:metrics-*/_search", "")
	described(t, seen)
}
