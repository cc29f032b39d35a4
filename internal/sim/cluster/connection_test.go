package cluster

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

const (
	host = "abc.eu-west-1.aws.found.io"
	all  = `{"search":[{"names":["*"]}]}`
)

func point(l *lab, address, server, more string) {
	l.t.Helper()
	status, out := l.settings(fmt.Sprintf(`{"persistent":{"cluster.remote.m":{"mode":"proxy","proxy_address":%q,"server_name":%q%s}}}`, address, server, more))
	if status != 200 {
		l.t.Fatal(status, out)
	}
}

func TestConnectionStandsOnlyWhereEverythingFits(t *testing.T) {
	trustRemote := []Trust{{Scope: "1234", Certificates: []string{remoteCA}, All: true}}
	trustLocal := []Trust{{Scope: "ece1", Certificates: []string{localCA}, All: true}}
	for name, tc := range map[string]struct {
		local, remote   string // versions
		prepare         func(*lab)
		address, server string
		noKey           bool
		connected       bool
		text            string // in what a search says; _resolve/cluster only tells what the remote cluster has said
	}{
		"key on 9443":          {connected: true},
		"unknown host":         {address: "nowhere.example:9443", text: "unknown host [nowhere.example]"},
		"port where nobody is": {address: host + ":9300", text: "Connection refused"},
		"the HTTP port":        {address: host + ":443", text: "connection reset"},
		"key on the transport": {address: host + ":9400", text: "PKIX path building failed"},
		"no server name":       {server: "-", connected: true},
		"another server name":  {server: "other.example", connected: true},
		"remote stopped":       {prepare: func(l *lab) { l.remote.Stop() }, text: "Connection refused"},
		"remote too old":       {remote: "8.9", text: "Connection refused"},
		"versions too far":     {local: "9.1", remote: "8.15", text: "unsupported version: [8.15.0]"},
		"next major":           {local: "8.18", remote: "9.0", connected: true},
		"local license":        {prepare: func(l *lab) { l.local.SetLicense(License{"platinum", "active"}) }, text: "current license is non-compliant for [advanced-remote-cluster-security]"},
		"remote license":       {prepare: func(l *lab) { l.remote.SetLicense(License{"enterprise", "expired"}) }, text: "non-compliant"},
		"trial":                {prepare: func(l *lab) { l.remote.SetLicense(License{"trial", "active"}) }, connected: true},
		"filter shuts out":     {prepare: func(l *lab) { l.remote.SetFilters([]Filter{{Type: "ip", Sources: []string{"10.0.0.0/8"}}}) }, text: "connection reset"},
		"filter lets in":       {prepare: func(l *lab) { l.remote.SetFilters([]Filter{{Type: "ip", Sources: []string{"203.0.113.0/24"}}}) }, connected: true},
		"remote_cluster filter": {prepare: func(l *lab) {
			l.remote.SetFilters([]Filter{{Type: "remote_cluster", Clusters: []FilterRule{{Org: "ece1"}}}})
		}, text: "connection reset"},
		"no key on 9443":           {noKey: true, text: "PKIX path building failed"},
		"no key, but trust":        {noKey: true, prepare: func(l *lab) { l.local.SetTrustIn(0, trustRemote) }, text: "connection reset"},
		"certificates":             {noKey: true, address: host + ":9400", prepare: func(l *lab) { l.local.SetTrustIn(0, trustRemote); l.remote.SetTrustIn(0, trustLocal) }, connected: true},
		"certificates, one side":   {noKey: true, address: host + ":9400", prepare: func(l *lab) { l.local.SetTrustIn(0, trustRemote) }, text: "connection reset"},
		"certificates, other side": {noKey: true, address: host + ":9400", prepare: func(l *lab) { l.remote.SetTrustIn(0, trustLocal) }, text: "PKIX path building failed"},
		"certificates, another cluster": {noKey: true, address: host + ":9400", text: "does not match the trusted names [[*.node.other.cluster.1234.account]]", prepare: func(l *lab) {
			l.local.SetTrustIn(0, []Trust{{Scope: "1234", Certificates: []string{remoteCA}, Clusters: []string{"other"}}})
			l.remote.SetTrustIn(0, trustLocal)
		}},
		"certificates, another organization": {noKey: true, address: host + ":9400", text: "does not match the trusted names", prepare: func(l *lab) {
			l.local.SetTrustIn(0, []Trust{{Scope: "other", Certificates: []string{remoteCA}, All: true}})
			l.remote.SetTrustIn(0, trustLocal)
		}},
		"certificates past filter": {noKey: true, address: host + ":9400", connected: true, prepare: func(l *lab) {
			l.local.SetTrustIn(0, trustRemote)
			l.remote.SetTrustIn(0, trustLocal)
			l.remote.SetFilters([]Filter{{Type: "ip", Sources: []string{"10.0.0.0/8"}}})
		}},
		"private authority of the proxies": {text: "PKIX path building failed", prepare: func(l *lab) { l.remote.proxyCA = "private" }},
		"another authority of proxies is trusted": {text: "PKIX path building failed", prepare: func(l *lab) {
			l.remote.proxyCA = "private"
			l.local.SetTrustIn(0, []Trust{{Proxies: true, Certificates: []string{"other"}}})
		}},
		"the authority is trusted for nodes, not for proxies": {text: "PKIX path building failed", prepare: func(l *lab) {
			l.remote.proxyCA = "private"
			l.local.SetTrustIn(0, []Trust{{Scope: l.remote.AsTrust().Scope, All: true, Certificates: []string{"private"}}})
		}},
		"private authority that is trusted": {connected: true, prepare: func(l *lab) {
			l.remote.proxyCA = "private"
			l.local.SetTrustIn(0, []Trust{{Proxies: true, Certificates: []string{"private\n"}}})
		}},
		"private authority of the own platform": {connected: true, prepare: func(l *lab) { l.local.proxyCA, l.remote.proxyCA = "private", "private" }},
		"certificates of another cluster": {noKey: true, address: host + ":9400", text: "connection reset", prepare: func(l *lab) {
			l.local.SetTrustIn(0, trustRemote)
			l.remote.SetTrustIn(0, []Trust{{Scope: "ece1", Certificates: []string{localCA}, Clusters: []string{"someone-else"}}})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			or := func(s, other string) string {
				if s == "" {
					return other
				}
				return strings.TrimPrefix(s, "-")
			}
			l := newLab(t, or(tc.local, "8.17"), or(tc.remote, "8.18"))
			if !tc.noKey && l.remote.Version().Has(rest.KeyModel) {
				_, encoded := l.key(all, "")
				l.store("m", encoded)
			} else if !tc.noKey {
				l.store("m", base64.StdEncoding.EncodeToString([]byte("id:secret")))
			}
			if tc.prepare != nil {
				tc.prepare(l)
			}
			point(l, or(tc.address, host+":9443"), or(tc.server, host), `,"skip_unavailable":"false"`)
			info, resolved := l.info("m"), l.resolve("m:*")
			if info["connected"] != tc.connected || resolved["connected"] != tc.connected {
				t.Errorf("connected: info %v, resolve %v, want %v", info, resolved, tc.connected)
			}
			if status, found := l.do(l.local, "elastic", "POST", "/m:*/_search", ""); (status == 200) != tc.connected || !strings.Contains(fmt.Sprint(found), tc.text) {
				t.Errorf("search: %d %v, want %q", status, found, tc.text)
			}
			if text, told := resolved["error"]; told && !strings.Contains(fmt.Sprint(text), "non-compliant") {
				t.Errorf("resolve tells %q, which the remote cluster has not said", text)
			}
			if _, has := info["cluster_credentials"]; has == tc.noKey {
				t.Errorf("cluster_credentials: %v", info)
			}
		})
	}
}

func TestSaysWhatIsWrongWithTheKey(t *testing.T) {
	for name, tc := range map[string]struct {
		store func(*lab) string
		text  string
	}{
		"rest key": {func(l *lab) string {
			_, out := l.do(l.remote, "rcb", "POST", "/_security/api_key", `{"name":"r"}`)
			return fmt.Sprint(out["encoded"])
		}, "authentication expected API key type of [cross_cluster], but API key ["},
		"expired": {func(l *lab) string {
			_, e := l.key(all, `,"expiration":"1s"`)
			return e
		}, "unable to authenticate user ["},
		"unknown":    {func(*lab) string { return base64.StdEncoding.EncodeToString([]byte("id:secret")) }, "unable to find apikey with id id"},
		"not a key":  {func(*lab) string { return "id:secret" }, "error attempting to authenticate request"},
		"left empty": {func(*lab) string { return "" }, "error attempting to authenticate request"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, "8.17", "8.18")
			l.store("m", tc.store(l))
			point(l, host+":9443", host, `,"skip_unavailable":true`)
			got := l.resolve("m:*")
			if text, _ := got["error"].(string); got["connected"] != false || !strings.Contains(text, tc.text) {
				t.Errorf("%v, want %q", got, tc.text)
			}
			if info := l.info("m"); info["connected"] != false || info["cluster_credentials"] == nil {
				t.Errorf("info %v", info)
			}
		})
	}
}

func TestDroppedConnectionComesBackOnlyWhenUsed(t *testing.T) {
	l := newLab(t, "8.17", "8.18")
	_, encoded := l.key(all, "")
	l.store("m", encoded)
	point(l, host+":9443", host, "")
	l.remote.Stop()
	if l.info("m")["connected"] != false {
		t.Error("connected to a stopped cluster")
	}
	l.remote.Start()
	if l.info("m")["connected"] != false {
		t.Error("came back by itself")
	}
	if l.resolve("m:*")["connected"] != true || l.info("m")["connected"] != true {
		t.Error("did not come back when used")
	}
}

func TestInvalidatedKeyKeepsTheConnectionAndFailsItsUse(t *testing.T) {
	l := newLab(t, "8.17", "8.18")
	id, encoded := l.key(all, "")
	l.store("m", encoded)
	point(l, host+":9443", host, `,"skip_unavailable":true`)
	l.do(l.remote, "rcb", "DELETE", "/_security/api_key", `{"ids":["`+id+`"]}`)
	if got := l.resolve("m:*"); got["connected"] != false || !strings.Contains(fmt.Sprint(got["error"]), "unable to authenticate user ["+id+"]") {
		t.Errorf("%v", got)
	}
}

func TestKeystoreReachesTheNodesLater(t *testing.T) {
	for name, tc := range map[string]struct {
		version              string
		itself, reload, boot bool
	}{
		"8.14": {"8.14", true, true, true}, "8.13": {"8.13", false, true, true}, "8.12": {"8.12", false, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			has := func(l *lab) bool { return l.info("m")["cluster_credentials"] != nil }
			fresh := func() *lab {
				l := newLab(t, tc.version, "8.18")
				point(l, host+":9443", host, "")
				v := "x"
				l.local.PatchKeystore(map[string]*string{"cluster.remote.m.credentials": &v})
				if has(l) {
					t.Error("loaded at once")
				}
				return l
			}
			l := fresh()
			l.now = l.now.Add(time.Second)
			if has(l) != tc.itself {
				t.Errorf("by itself: %v", has(l))
			}
			l = fresh()
			if status, out := l.do(l.local, "elastic", "POST", "/_nodes/reload_secure_settings", `{"secure_settings_password":""}`); status != 200 || has(l) != tc.reload {
				t.Errorf("reload: %d %v, has %v", status, out, has(l))
			}
			l = fresh()
			l.local.RestartIn(time.Second)
			l.now = l.now.Add(time.Second)
			if has(l) != tc.boot {
				t.Errorf("restart: %v", has(l))
			}
		})
	}
}

func TestReloadCanFailPerNode(t *testing.T) {
	l := newLab(t, "8.17", "8.18")
	l.local.SetReloadFailure("the keystore is corrupt")
	status, out := l.do(l.local, "elastic", "POST", "/_nodes/reload_secure_settings", "")
	if status != 200 || !strings.Contains(fmt.Sprint(out["nodes"]), "the keystore is corrupt") {
		t.Errorf("%d %v", status, out)
	}
}

func TestSearchAcrossHidesOrTellsErrors(t *testing.T) {
	l := newLab(t, "8.17", "8.18")
	_, encoded := l.key(`{"search":[{"names":["metrics-*"]}]}`, "")
	l.store("m", encoded)
	point(l, host+":9443", host, `,"skip_unavailable":false`)
	get := func(user, path string) (int, map[string]any) { return l.do(l.local, user, "GET", path, "") }
	if status, out := get("searcher", "/m:metrics-*/_search"); status != 200 || !strings.Contains(fmt.Sprint(out["hits"]), "m:metrics-1") {
		t.Errorf("%d %v", status, out)
	}
	if status, out := get("weak", "/m:metrics-*/_search"); status != 403 || !strings.Contains(reason(out), "because no remote indices privileges apply for the target cluster") {
		t.Errorf("%d %v", status, out)
	}
	if status, out := get("elastic", "/x:*/_search"); status != 403 || !strings.Contains(fmt.Sprint(out), "no such remote cluster: [x]") {
		t.Errorf("%d %v", status, out)
	}
	if status, out := get("elastic", "/m:metrics-9/_search"); status != 404 || !strings.Contains(reason(out), "no such index [metrics-9]") {
		t.Errorf("%d %v", status, out)
	}
	l.remote.Stop()
	if status, out := get("elastic", "/m:*/_search"); status != 500 || !strings.Contains(reason(out), "Unable to open any proxy connections to cluster [m] at address") {
		t.Errorf("%d %v", status, out)
	}
	l.settings(`{"persistent":{"cluster.remote.m.skip_unavailable":true}}`)
	status, out := get("elastic", "/m:*/_search")
	if text := fmt.Sprint(out["_clusters"]); status != 200 || !strings.Contains(text, "status:skipped") || !strings.Contains(text, "Unable to connect to [m]") {
		t.Errorf("%d %v", status, out)
	}
}

func TestSkipUnavailableDefaultsByVersion(t *testing.T) {
	for version, want := range map[string]bool{"8.14": false, "8.15": true} {
		l := newLab(t, version, "8.18")
		point(l, host+":9443", host, "")
		if got := l.info("m")["skip_unavailable"]; got != want {
			t.Errorf("%s: %v", version, got)
		}
	}
}

func TestCertificateOfAnotherHostClosesTheConnection(t *testing.T) {
	l := newLab(t, "8.17", "8.18")
	_, encoded := l.key(all, "")
	l.store("m", encoded)
	point(l, host+":9443", host, "")
	connected := func() bool { return l.local.State().Connected["m"].Connected }
	if !connected() {
		t.Fatal("not connected to begin with")
	}
	l.remote.SetCertificateName("other.example")
	if connected() {
		t.Error("the connection stands with another host's certificate")
	}
	if why := l.local.State().Connected["m"].Trouble; !strings.Contains(why, "No subject alternative DNS name matching") {
		t.Error(why)
	}
	l.remote.SetCertificateName("")
	if got := l.resolve("m:*"); got["connected"] != true {
		t.Errorf("the right certificate does not bring it back: %v", got)
	}
}

func TestKeysExpireOnOrder(t *testing.T) {
	l := newLab(t, "8.17", "8.18")
	_, encoded := l.key(all, "")
	l.store("m", encoded)
	point(l, host+":9443", host, `,"skip_unavailable":true`)
	if n := l.remote.ExpireKeys(0); n != 1 {
		t.Errorf("%d keys expired", n)
	}
	if n := l.remote.ExpireKeys(0); n != 0 {
		t.Errorf("%d keys expired twice", n)
	}
	if got := l.resolve("m:*"); got["connected"] != false {
		t.Errorf("an expired key is accepted: %v", got)
	}
	if info, ok := l.local.State().RemoteInfo["m"].(map[string]any); !ok || info["mode"] != "proxy" {
		t.Errorf("the state's remote info: %v", l.local.State().RemoteInfo)
	}
}
