package cluster

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// lab is two clusters of two platforms: local "logs" and remote "metrics".
type lab struct {
	t             *testing.T
	now           time.Time
	net           *Net
	local, remote *Cluster
}

const (
	localCA  = "-----BEGIN CERTIFICATE-----\nlocal\n-----END CERTIFICATE-----"
	remoteCA = "-----BEGIN CERTIFICATE-----\nremote\n-----END CERTIFICATE-----"
)

func newLab(t *testing.T, localVersion, remoteVersion string) *lab {
	t.Helper()
	l := &lab{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	l.net = New(Options{Now: func() time.Time { return l.now }, KeystoreDelay: time.Second})
	add := func(s Spec) *Cluster {
		c, err := l.net.Add(s)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	l.local = add(Spec{
		Name: "logs", Host: "logs.ece.example", Version: localVersion, Scope: "ece1", CA: localCA, Egress: []netip.Addr{netip.MustParseAddr("203.0.113.10")},
		Users: []User{
			{Name: "elastic", Password: "pw", Roles: []string{"superuser"}},
			{Name: "weak", Password: "pw", Roles: []string{"viewer"}},
			{Name: "searcher", Password: "pw", Roles: []string{"searcher"}},
		},
		Roles: map[string]Role{"searcher": {RemoteIndices: []RemoteIndices{{IndicesPrivileges: IndicesPrivileges{Names: []string{"metrics-*"}, Privileges: []string{"read"}}, Clusters: []string{"m*"}}}}},
	})
	l.remote = add(Spec{
		Name: "metrics", Host: "abc.eu-west-1.aws.found.io", Version: remoteVersion, Scope: "1234", CA: remoteCA,
		Users: []User{{Name: "elastic", Password: "pw", Roles: []string{"superuser"}}, {Name: "rcb", Password: "pw", Roles: []string{"rcb"}}, {Name: "weak", Password: "pw", Roles: []string{"viewer"}}},
		Roles: map[string]Role{"rcb": {Cluster: []string{"manage_security"}}},
		Indices: map[string][]json.RawMessage{
			"metrics-1": {json.RawMessage(`{"host":"a"}`), json.RawMessage(`{"host":"b"}`)},
			"billing-1": {json.RawMessage(`{"host":"c"}`)},
		},
	})
	return l
}

// do calls a cluster as user:pw, or with a whole Authorization value.
func (l *lab) do(c *Cluster, auth, method, path, body string) (int, map[string]any) {
	l.t.Helper()
	r := httptest.NewRequestWithContext(l.t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if strings.Contains(auth, " ") {
		r.Header.Set("Authorization", auth)
	} else if auth != "" {
		r.SetBasicAuth(auth, "pw")
	}
	return l.serve(c.Handler(), r)
}

func (l *lab) serve(h http.Handler, r *http.Request) (int, map[string]any) {
	l.t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil && w.Body.Len() > 0 {
		l.t.Fatalf("%s %s: %d %s", r.Method, r.URL, w.Code, w.Body)
	}
	return w.Code, out
}

func (l *lab) settings(body string) (int, map[string]any) {
	l.t.Helper()
	return l.do(l.local, "elastic", "PUT", "/_cluster/settings", body)
}

// key makes a cross-cluster key on the remote cluster.
func (l *lab) key(access, more string) (id, encoded string) {
	l.t.Helper()
	status, out := l.do(l.remote, "rcb", "POST", "/_security/cross_cluster/api_key", `{"name":"k","access":`+access+more+`}`)
	if status != 200 {
		l.t.Fatal(status, out)
	}
	id, _ = out["id"].(string)
	encoded, _ = out["encoded"].(string)
	return id, encoded
}

func (l *lab) store(alias, value string) {
	l.local.PatchKeystore(map[string]*string{"cluster.remote." + alias + ".credentials": &value})
	l.now = l.now.Add(2 * time.Second)
}

func (l *lab) info(alias string) map[string]any {
	l.t.Helper()
	_, out := l.do(l.local, "elastic", "GET", "/_remote/info", "")
	in, _ := out[alias].(map[string]any)
	return in
}

func (l *lab) resolve(expr string) map[string]any {
	l.t.Helper()
	alias, _, _ := strings.Cut(expr, ":")
	status, out := l.do(l.local, "elastic", "GET", "/_resolve/cluster/"+expr, "")
	if status != 200 {
		l.t.Fatal(status, out)
	}
	in, _ := out[alias].(map[string]any)
	return in
}

func reason(out map[string]any) string {
	switch e := out["error"].(type) {
	case string:
		return e
	case map[string]any:
		s, _ := e["reason"].(string)
		for in, ok := e["caused_by"].(map[string]any); ok; in, ok = in["caused_by"].(map[string]any) {
			why, _ := in["reason"].(string)
			s += " / " + why
		}
		return s
	}
	return ""
}

func TestRefusesSettingsAsElasticsearchDoes(t *testing.T) {
	const r = `{"persistent":{"cluster.remote.m.`
	for name, tc := range map[string]struct {
		version, body string
		status        int
		reason        string
	}{
		"mode and address":            {"8.17", r + `mode":"proxy","cluster.remote.m.proxy_address":"h:9443"}}`, 200, ""},
		"proxy address alone":         {"8.17", r + `proxy_address":"h:9443"}}`, 400, `Setting "cluster.remote.m.proxy_address" cannot be used with the configured "cluster.remote.m.mode" [required=PROXY, configured=SNIFF]`},
		"server name without mode":    {"8.17", r + `server_name":"h"}}`, 400, `[required=PROXY, configured=SNIFF]`},
		"seeds under proxy":           {"8.17", r + `mode":"proxy","cluster.remote.m.seeds":["h:9300"]}}`, 400, `[required=SNIFF, configured=PROXY]`},
		"skip without address":        {"8.17", r + `skip_unavailable":true}}`, 400, `Cannot configure setting [cluster.remote.m.skip_unavailable] if remote cluster is not enabled.`},
		"no port":                     {"8.17", r + `mode":"proxy","cluster.remote.m.proxy_address":"h"}}`, 400, `remote hosts need to be configured as [host:port], found [h] instead`},
		"semicolon":                   {"8.17", r + `mode":"proxy","cluster.remote.m.proxy_address":"h;9443"}}`, 400, `[host:port]`},
		"port of words":               {"8.17", r + `mode":"proxy","cluster.remote.m.proxy_address":"h:x"}}`, 400, `failed to parse port`},
		"unknown below remote":        {"8.17", r + `proxy_host":"h:9443"}}`, 400, `persistent setting [cluster.remote.m.proxy_host], not recognized`},
		"unknown transient":           {"8.17", `{"transient":{"foo.bar":1}}`, 400, `transient setting [foo.bar], not recognized`},
		"credentials":                 {"8.17", r + `credentials":"abc"}}`, 400, `persistent setting [cluster.remote.m.credentials], not dynamically updateable`},
		"static":                      {"8.17", `{"persistent":{"cluster.remote.initial_connect_timeout":"1s"}}`, 400, `not dynamically updateable`},
		"alias with a dot":            {"8.17", `{"persistent":{"cluster.remote.a.b.mode":"proxy"}}`, 400, `not recognized`},
		"bad mode":                    {"8.17", r + `mode":"prox"}}`, 400, `No enum constant org.elasticsearch.transport.RemoteConnectionStrategy.ConnectionStrategy.PROX`},
		"bad bool":                    {"8.17", r + `mode":"proxy","cluster.remote.m.proxy_address":"h:1","cluster.remote.m.skip_unavailable":"yes"}}`, 400, `Failed to parse value [yes] as only [true] or [false] are allowed.`},
		"zero sockets":                {"8.17", r + `mode":"proxy","cluster.remote.m.proxy_address":"h:1","cluster.remote.m.proxy_socket_connections":0}}`, 400, `must be >= 1`},
		"time without unit":           {"8.17", r + `mode":"proxy","cluster.remote.m.proxy_address":"h:1","cluster.remote.m.transport.ping_schedule":"30"}}`, 400, `unit is missing or unrecognized`},
		"ping off":                    {"8.17", r + `mode":"proxy","cluster.remote.m.proxy_address":"h:1","cluster.remote.m.transport.ping_schedule":-1}}`, 200, ""},
		"compress":                    {"8.17", r + `mode":"proxy","cluster.remote.m.proxy_address":"h:1","cluster.remote.m.transport.compress":"indexing_data"}}`, 200, ""},
		"signing before 9.3":          {"9.2", r + `mode":"proxy","cluster.remote.m.proxy_address":"h:1","cluster.remote.m.signing.certificate":"node.crt"}}`, 400, `not recognized`},
		"signing":                     {"9.3", r + `mode":"proxy","cluster.remote.m.proxy_address":"h:1","cluster.remote.m.signing.certificate":"node.crt","cluster.remote.m.signing.key":"node.key"}}`, 200, ""},
		"unknown field of the body":   {"8.17", `{"persist":{}}`, 400, `no settings to update`},
		"nothing":                     {"8.17", `{"persistent":{}}`, 400, `Validation Failed: 1: no settings to update;`},
		"unknown setting set to null": {"8.17", r + `nope":null}}`, 400, `not recognized`},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, tc.version, "8.18")
			status, out := l.settings(tc.body)
			if status != tc.status || !strings.Contains(reason(out), tc.reason) {
				t.Errorf("%d %v, want %d %s", status, out, tc.status, tc.reason)
			}
			if _, now := l.do(l.local, "elastic", "GET", "/_cluster/settings?flat_settings=true", ""); status == 400 && fmt.Sprint(now["persistent"]) != "map[]" {
				t.Errorf("a refused update left %v", now)
			}
		})
	}
}

func TestRemovesSettingsOnlyTogether(t *testing.T) {
	l := newLab(t, "8.17", "8.18")
	l.settings(`{"persistent":{"cluster":{"remote":{"m":{"mode":"proxy","proxy_address":"h:9443","skip_unavailable":true}}}}}`)
	if status, out := l.settings(`{"persistent":{"cluster.remote.m.proxy_address":null}}`); status != 400 || !strings.Contains(reason(out), "not enabled") {
		t.Errorf("%d %v", status, out)
	}
	status, out := l.settings(`{"persistent":{"cluster.remote.m.proxy_address":null,"cluster.remote.m.mode":null,"cluster.remote.m.skip_unavailable":null,"cluster.remote.m.server_name":null}}`)
	if status != 200 {
		t.Errorf("%d %v", status, out)
	}
	if l.info("m") != nil {
		t.Error("the alias is still there")
	}
}

func TestSettingsAreShownFlatNestedAndFiltered(t *testing.T) {
	l := newLab(t, "8.17", "8.18")
	_, put := l.settings(`{"persistent":{"cluster.remote.m":{"mode":"proxy","proxy_address":"h:9443","proxy_socket_connections":3}}}`)
	if put["acknowledged"] != true {
		t.Fatal(put)
	}
	_, flat := l.do(l.local, "elastic", "GET", "/_cluster/settings?flat_settings=true&filter_path=persistent", "")
	if p, _ := flat["persistent"].(map[string]any); p["cluster.remote.m.proxy_socket_connections"] != "3" || flat["transient"] != nil {
		t.Errorf("flat: %v", flat)
	}
	_, deep := l.do(l.local, "elastic", "GET", "/_cluster/settings?filter_path=**.proxy_address", "")
	raw, err := json.Marshal(deep)
	if err != nil || string(raw) != `{"persistent":{"cluster":{"remote":{"m":{"proxy_address":"h:9443"}}}}}` {
		t.Errorf("nested: %s", raw)
	}
}

func TestAsksForCredentialsAndPrivileges(t *testing.T) {
	l := newLab(t, "8.17", "8.18")
	for name, tc := range map[string]struct {
		auth, method, path, body string
		status                   int
		reason                   string
	}{
		"none":              {"", "GET", "/", "", 401, "missing authentication credentials for REST request [/]"},
		"wrong password":    {"Basic ZWxhc3RpYzpub3Bl", "GET", "/", "", 401, "unable to authenticate user [elastic]"},
		"unknown key":       {"ApiKey aWQ6c2VjcmV0", "GET", "/", "", 401, "unable to authenticate with provided credentials and anonymous access is not allowed for this request"},
		"weak may not put":  {"weak", "PUT", "/_cluster/settings", `{"persistent":{"action.auto_create_index":"true"}}`, 403, "is unauthorized for user [weak] with effective roles [viewer]"},
		"weak may not key":  {"weak", "POST", "/_security/cross_cluster/api_key", `{}`, 403, "[manage_security,all]"},
		"wrong method":      {"elastic", "POST", "/_license", "{}", 405, "Incorrect HTTP method"},
		"unknown path":      {"elastic", "GET", "/_nope", "", 400, "no handler found for uri [/_nope]"},
		"unknown parameter": {"elastic", "GET", "/_remote/info?x=1", "", 400, "unrecognized parameter: [x]"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out := l.do(l.local, tc.auth, tc.method, tc.path, tc.body)
			if status != tc.status || !strings.Contains(reason(out), tc.reason) {
				t.Errorf("%d %v", status, out)
			}
		})
	}
}

func TestAsksForKnownMediaTypes(t *testing.T) {
	l := newLab(t, "8.17", "8.18")
	for kind, want := range map[string]int{
		"": 406, "text/plain": 406, "application/json": 200, "application/vnd.elasticsearch+json;compatible-with=8": 200,
		"application/vnd.elasticsearch+json; compatible-with=7": 200, "application/vnd.elasticsearch+json;compatible-with=9": 400,
	} {
		r := httptest.NewRequestWithContext(t.Context(), "PUT", "/_cluster/settings", strings.NewReader(`{"transient":{"search.max_buckets":1}}`))
		r.SetBasicAuth("elastic", "pw")
		if kind != "" {
			r.Header.Set("Content-Type", kind)
		}
		if status, out := l.serve(l.local.Handler(), r); status != want {
			t.Errorf("%q: %d %v, want %d", kind, status, out, want)
		}
	}
}
