package cluster

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/security"
)

// A key that changes opens nothing anew: the open sockets go on, each refusal closes one, and once none is left the
// connection comes back only when it is used.
func TestAKeyThatChangesKeepsTheSockets(t *testing.T) {
	l := newLab(t, "8.17", "8.18")
	_, good := l.key(all, "")
	id, bad := l.key(all, "")
	l.do(l.remote, "rcb", "DELETE", "/_security/api_key", `{"ids":["`+id+`"]}`)
	l.store("m", good)
	point(l, host+":9443", host, `,"proxy_socket_connections":2,"skip_unavailable":false`)
	sockets := func() any { return l.info("m")["num_proxy_sockets_connected"] }
	l.store("m", bad)
	if sockets() != 2.0 {
		t.Fatalf("%v sockets after another key was stored", sockets())
	}
	for _, want := range []struct {
		action  string
		sockets any
	}{{security.ResolveAction, 1.0}, {security.ResolveAction, 0.0}, {handshakeAction, 0.0}} {
		if text := fmt.Sprint(l.resolve("m:*")["error"]); text != "unable to authenticate user ["+id+"] for action ["+want.action+"]" || sockets() != want.sockets {
			t.Errorf("%q and %v sockets, want %+v", text, sockets(), want)
		}
	}
	_, out := l.do(l.local, "elastic", "POST", "/m:*/_search", "")
	if text := fmt.Sprint(out); !strings.Contains(text, "additional_unsuccessful_credentials:API key: api key ["+id+"] has been invalidated") {
		t.Errorf("a search does not say why the key is refused: %s", text)
	}
	l.store("m", good)
	if l.info("m")["connected"] != false {
		t.Error("the right key alone brings it back")
	}
	if l.resolve("m:*")["connected"] != true || sockets() != 2.0 {
		t.Errorf("using it does not bring it back: %v sockets", sockets())
	}
}

// Version 8 forgets skip_unavailable where it opens a connection anew because of a setting.
func TestVersion8ForgetsSkipUnavailable(t *testing.T) {
	for version, forgets := range map[string]bool{"8.19": true, "9.1": false} {
		l := newLab(t, version, "9.0")
		_, encoded := l.key(all, "")
		l.store("m", encoded)
		point(l, host+":9443", host, `,"skip_unavailable":false`)
		skips := func() any { return l.info("m")["skip_unavailable"] }
		if skips() != false {
			t.Fatalf("%s: %v at first", version, skips())
		}
		point(l, host+":9443", host, `,"skip_unavailable":false,"proxy_socket_connections":3`)
		if skips() != forgets {
			t.Errorf("%s: %v after the sockets have changed", version, skips())
		}
		point(l, host+":9443", host, `,"skip_unavailable":true`)
		point(l, host+":9443", host, `,"skip_unavailable":false`)
		if skips() != false {
			t.Errorf("%s: %v after it has changed itself", version, skips())
		}
	}
}

func TestAnAliasThatIsNone(t *testing.T) {
	for version, status := range map[string]int{"8.19": 403, "9.1": 404} {
		l := newLab(t, version, "9.0")
		got, out := l.do(l.local, "elastic", "GET", "/_resolve/cluster/x:*", "")
		e, _ := out["error"].(map[string]any)
		if got != status || !strings.Contains(fmt.Sprint(e["root_cause"]), "no_such_remote_cluster_exception") {
			t.Errorf("%s: %d %v", version, got, out)
		}
	}
}

// An alias that the nodes have forgotten comes back when a setting changes by which connections are made: on 8.x
// skip_unavailable is none of them, and what is in effect of it is the default then.
func TestAnAliasThatIsForgotten(t *testing.T) {
	for version, skipHelps := range map[string]bool{"8.19": false, "9.1": true} {
		l := newLab(t, version, "9.0")
		_, encoded := l.key(all, "")
		l.store("m", encoded)
		set := func(skip bool, sockets int) {
			point(l, host+":9443", host, fmt.Sprintf(`,"skip_unavailable":%t,"proxy_socket_connections":%d`, skip, sockets))
		}
		set(false, 3)
		if err := l.local.ForgetAlias("m"); err != nil {
			t.Fatal(err)
		}
		known := func() bool { return l.info("m")["mode"] != nil }
		if set(false, 3); known() {
			t.Errorf("%s: the same settings bring it back", version)
		}
		if status, _ := l.do(l.local, "elastic", "GET", "/_resolve/cluster/m:*", ""); status != 404 {
			t.Errorf("%s: resolving is answered %d", version, status)
		}
		set(true, 3)
		if set(false, 3); known() != skipHelps {
			t.Errorf("%s: known after another skip_unavailable: %t", version, known())
		}
		if set(false, 4); !known() || l.info("m")["connected"] != true || l.info("m")["skip_unavailable"] == skipHelps {
			t.Errorf("%s: after another number of sockets: %v", version, l.info("m"))
		}
		if err := l.local.ForgetAlias("x"); err == nil {
			t.Errorf("%s: it has forgotten what it never knew", version)
		}
	}
}

// A cluster that does not run has its settings, and no connection.
func TestTheStateOfAClusterThatDoesNotRun(t *testing.T) {
	l := newLab(t, "8.17", "8.18")
	_, encoded := l.key(all, "")
	l.store("m", encoded)
	point(l, host+":9443", host, "")
	l.local.Stop()
	if s := l.local.State(); s.Running || len(s.Connected) > 0 || s.RemoteInfo["m"] == nil {
		t.Errorf("state %+v", s)
	}
}

func TestRefusalsDoNotNameTheProduct(t *testing.T) {
	l := newLab(t, "8.17", "8.18")
	for user, want := range map[string]string{"stranger": "", "weak": "", "elastic": "Elasticsearch"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/_security/role", nil)
		r.SetBasicAuth(user, "pw")
		w := httptest.NewRecorder()
		l.local.Handler().ServeHTTP(w, r)
		if got := w.Header().Get("X-Elastic-Product"); got != want {
			t.Errorf("%s: %d with %q", user, w.Code, got)
		}
	}
}

func TestHalfASigningPairIsAnErrorOfTheServers(t *testing.T) {
	l := newLab(t, "9.3", "9.3")
	status, out := l.settings(`{"persistent":{"cluster.remote.m.signing.certificate":"node.crt"}}`)
	if status != 500 || reason(out) != "cannot specify [signing.certificate] without also setting [signing.key]" {
		t.Errorf("%d %v", status, out)
	}
}

func TestReloadNamesWhatANodeHas(t *testing.T) {
	for version, want := range map[string]bool{"9.5": true, "8.19": false} {
		l := newLab(t, version, "9.5")
		l.store("m", "x")
		_, out := l.do(l.local, "elastic", "POST", "/_nodes/reload_secure_settings", "")
		if got := strings.Contains(fmt.Sprint(out["nodes"]), "cluster.remote.m.credentials"); got != want {
			t.Errorf("%s: %v", version, out)
		}
	}
}

func TestSuppressedErrorsHaveTheirCausesOnce(t *testing.T) {
	l := newLab(t, "8.19", "9.0")
	point(l, host+":9300", host, `,"skip_unavailable":false`)
	_, out := l.do(l.local, "elastic", "POST", "/m:*/_search", "")
	e, _ := out["error"].(map[string]any)
	if whole, root := fmt.Sprint(e["suppressed"]), fmt.Sprint(e["root_cause"]); !strings.Contains(whole, "Connection refused") ||
		!strings.Contains(root, "connect_exception") || strings.Contains(root, "caused_by") {
		t.Errorf("suppressed: %s\nroot_cause: %s", whole, root)
	}
}
