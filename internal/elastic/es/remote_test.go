package es_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/elastictest"
)

func TestOnlyRemoteSettingsAreKept(t *testing.T) {
	t.Parallel()
	const uri = "/_cluster/settings?flat_settings=true"
	s := elastictest.Serve(t,
		exchange("GET", uri, "", `{
			"persistent":{"cluster.remote.a.mode":"proxy","cluster.remote.a.seeds":["h:1"],"cluster.routing.x":"y"},
			"transient":{"cluster.remote.initial_connect_timeout":"5s","logger.a":"debug"}}`),
		exchange("GET", uri, "", `{
			"persistent":{"cluster":{"remote":{"a":{"mode":"proxy","seeds":["h:1"]}},"routing":{"x":"y"}}},
			"transient":{"cluster":{"remote":{"initial_connect_timeout":"5s"}},"logger":{"a":"debug"}}}`),
		exchange("GET", uri, "", `{
			"persistent":{"cluster.remote":{"a.mode":"proxy","a":{"seeds":["h:1"]}}},
			"transient":{"cluster":{"remote.initial_connect_timeout":"5s"}}}`),
	)
	wanted := elastic.Settings{
		Persistent: map[string]json.RawMessage{
			"cluster.remote.a.mode": json.RawMessage(`"proxy"`), "cluster.remote.a.seeds": json.RawMessage(`["h:1"]`),
		},
		Transient: map[string]json.RawMessage{"cluster.remote.initial_connect_timeout": json.RawMessage(`"5s"`)},
	}
	c := client(t, options(t, s.URL))
	for _, form := range []string{"flat", "nested", "mixed"} {
		got, err := c.RemoteSettings(t.Context())
		if diff := cmp.Diff(wanted, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", form, err, diff)
		}
	}
}

func TestAnAnswerWithoutSettingsIsNoEmptyCluster(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t, exchange("GET", "/_cluster/settings?flat_settings=true", "", `{}`))
	_, err := client(t, options(t, s.URL)).RemoteSettings(t.Context())
	if call := callError(t, err); call.Code != "unreadable_answer" {
		t.Errorf("got %v", call)
	}
}

func TestSettingsAreSentAsTheyAre(t *testing.T) {
	t.Parallel()
	const body = `{"persistent":{"cluster.remote.a.mode":"proxy","cluster.remote.a.seeds":null},"transient":{"cluster.remote.a.mode":null}}`
	s := elastictest.Serve(t,
		exchange("PUT", "/_cluster/settings", body, `{"acknowledged":true,"persistent":{},"transient":{}}`),
		exchange("PUT", "/_cluster/settings", body, `{"acknowledged":false,"persistent":{},"transient":{}}`),
	)
	c := client(t, options(t, s.URL))
	for range 2 {
		err := c.PutSettings(t.Context(), elastic.Settings{
			Persistent: map[string]json.RawMessage{
				"cluster.remote.a.mode": json.RawMessage(`"proxy"`), "cluster.remote.a.seeds": json.RawMessage(`null`),
			},
			Transient: map[string]json.RawMessage{"cluster.remote.a.mode": json.RawMessage(`null`)},
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// Half a pair of signing settings is refused with the status of a server's own fault: for good, and without a doubt.
func TestHalfASigningPairIsFinal(t *testing.T) {
	t.Parallel()
	refused := exchange("PUT", "/_cluster/settings", `{"persistent":{"cluster.remote.a.signing.key":"node.key"}}`,
		`{"error":{"type":"ssl_config_exception","reason":"cannot specify [signing.key] without also setting [signing.certificate]"},"status":500}`)
	refused.Status = 500
	s := elastictest.Serve(t, refused)
	err := client(t, options(t, s.URL)).PutSettings(t.Context(), elastic.Settings{
		Persistent: map[string]json.RawMessage{"cluster.remote.a.signing.key": json.RawMessage(`"node.key"`)},
	})
	call, ok := errors.AsType[*elastic.CallError](err)
	if !ok || call.Temporary() || call.Ambiguous || call.Code != elastic.CodeSSLConfig {
		t.Errorf("got %+v", err)
	}
}

func TestRemoteInfo(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t, exchange("GET", "/_remote/info", "", `{"a":{"connected":true,"mode":"proxy","proxy_address":"h:9443",
		"server_name":"h","num_proxy_sockets_connected":18,"max_proxy_socket_connections":18,"initial_connect_timeout":"30s",
		"skip_unavailable":true,"cluster_credentials":"::es_redacted::"}}`))
	got, err := client(t, options(t, s.URL)).RemoteInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wanted := map[string]elastic.RemoteInfo{"a": {
		Connected: true, Mode: "proxy", ProxyAddress: "h:9443", ServerName: "h", Sockets: 18, MaxSockets: 18,
		SkipUnavailable: true, InitialTimeout: "30s", Credentials: "::es_redacted::",
	}}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	const prefix = "/api/v1/deployments/d/elasticsearch/main-elasticsearch/proxy"
	s := elastictest.Serve(t,
		exchange("GET", "/_resolve/cluster/a:logs-%2A,a:x%25y?ignore_unavailable=true", "",
			`{"a":{"connected":true,"skip_unavailable":false,"matching_indices":true,"version":{"number":"9.1.0"}}}`),
		exchange("GET", prefix+"/_resolve/cluster/a:logs%2Fx", "",
			`{"a":{"connected":false,"skip_unavailable":true,"error":"unable to authenticate user [canary-password]"}}`),
		exchange("GET", "/_resolve/cluster/a:%2A?ignore_unavailable=true", "", `{"(local)":{"connected":true}}`),
		elastictest.Exchange{
			Want: want("GET", "/_resolve/cluster/a:%2A?ignore_unavailable=true", ""), Status: 404, Header: product,
			Answer: `{"error":{"type":"no_such_remote_cluster_exception","reason":"no such remote cluster: [a]"},"status":404}`,
		},
		elastictest.Exchange{ // 8.x with security
			Want: want("GET", "/_resolve/cluster/a:%2A?ignore_unavailable=true", ""), Status: 403, Header: product,
			Answer: `{"error":{"root_cause":[{"type":"no_such_remote_cluster_exception","reason":"no such remote cluster: [a]"}],
				"type":"security_exception","reason":"action [indices:admin/resolve/cluster] is unauthorized for user [elastic] with effective roles [superuser]",
				"caused_by":{"type":"no_such_remote_cluster_exception","reason":"no such remote cluster: [a]"}},"status":403}`,
		},
		elastictest.Exchange{ // before 8.13
			Want: want("GET", "/_resolve/cluster/a:%2A?ignore_unavailable=true", ""), Status: 400, Header: product,
			Answer: `{"error":"no handler found for uri [/_resolve/cluster/a:*?ignore_unavailable=true] and method [GET]"}`,
		},
		exchange("GET", "/_resolve/cluster/a:logs-1", "", `{"a":{"connected":false,"skip_unavailable":false,"error":"unauthorized"}}`),
	)
	c := client(t, options(t, s.URL))
	got, err := c.Resolve(t.Context(), "a", []string{"logs-*", "x%y"})
	if diff := cmp.Diff(elastic.Resolved{Known: true, Connected: true, MatchingIndices: new(true), Version: "9.1.0"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	proxied := client(t, options(t, s.URL+prefix))
	got, err = proxied.Resolve(t.Context(), "a", []string{"logs/x"})
	if diff := cmp.Diff(elastic.Resolved{Known: true, SkipUnavailable: true, Error: "unable to authenticate user [••••]"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for range 3 {
		if got, err := c.Resolve(t.Context(), "a", nil); err != nil || got.Known {
			t.Errorf("got %+v, %v, want an alias that is not known", got, err)
		}
	}
	if _, err := c.Resolve(t.Context(), "a", nil); !errors.Is(err, elastic.ErrNoResolve) {
		t.Errorf("got %v, want a version without the API", err)
	}
	if got, err := c.Resolve(t.Context(), "a", []string{"logs-1"}); err != nil || got.Error != "unauthorized" {
		t.Errorf("a name without a wildcard is asked for strictly: got %+v, %v", got, err)
	}
}

func TestReloadFailsIfAnyNodeDid(t *testing.T) {
	t.Parallel()
	const uri = "/_nodes/reload_secure_settings"
	s := elastictest.Serve(t,
		exchange("POST", uri, "", `{"_nodes":{"total":1,"successful":1,"failed":0},"nodes":{"n1":{"name":"one"}}}`),
		exchange("POST", uri, "", `{"_nodes":{"total":2,"successful":2,"failed":0},"nodes":{"n1":{"name":"one"},
			"n2":{"name":"two","reload_exception":{"type":"security_exception","reason":"wrong password"}}}}`),
		exchange("POST", uri, "", `{"_nodes":{"total":2,"successful":1,"failed":1},"nodes":{"n1":{"name":"one"}}}`),
	)
	c := client(t, options(t, s.URL))
	reload := func() error {
		_, err := c.ReloadSecureSettings(t.Context())
		return err
	}
	if err := reload(); err != nil {
		t.Error(err)
	}
	if call := callError(t, reload()); call.Code != "security_exception" || !strings.Contains(call.Reason, "node two") {
		t.Errorf("got %v", call)
	}
	if call := callError(t, reload()); call.Code != "reload_failed" {
		t.Errorf("got %v", call)
	}
}
