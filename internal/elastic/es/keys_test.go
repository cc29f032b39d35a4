package es_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/elastictest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

var spec = elastic.KeySpec{
	Name: "rcb-1", Access: elastic.Access{Search: []string{"logs-*", "x"}, Replication: []string{"leader"}},
	Expiration: 90 * 24 * time.Hour, Metadata: map[string]string{"managed_by": "rcb"},
}

const (
	createKey  = "/_security/cross_cluster/api_key"
	createBody = `{"name":"rcb-1","access":{"search":[{"names":["logs-*","x"]}],"replication":[{"names":["leader"]}]},
		"expiration":"90d","metadata":{"managed_by":"rcb"}}`
)

func TestIssueKey(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t,
		exchange("POST", createKey, createBody, `{"id":"k1","name":"rcb-1","expiration":1785499200000,"api_key":"x","encoded":"`+issued+`"}`),
		exchange("POST", createKey, `{"name":"rcb-2","access":{"search":[{"names":["*"]}]},"expiration":"5400000ms",
			"certificate_identity":"CN=.*\\.node\\.x\\.cluster\\..*"}`, `{"id":"k2","name":"rcb-2"}`),
	)
	c := client(t, options(t, s.URL))
	got, err := c.IssueKey(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != "k1" || got.Encoded.Reveal() != issued || got.Expires.UnixMilli() != 1785499200000 || strings.Contains(fmt.Sprintf("%+v", got), issued) {
		t.Errorf("got %+v", got)
	}
	_, err = c.IssueKey(t.Context(), elastic.KeySpec{Name: "rcb-2", Access: elastic.Access{Search: []string{"*"}}, Expiration: 90 * time.Minute, Identity: `CN=.*\.node\.x\.cluster\..*`})
	if call := callError(t, err); !call.Ambiguous {
		t.Errorf("an answer without a key: got %v, want doubt", call)
	}
}

func TestAPIKeyMayNotIssueKeys(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t)
	o := options(t, s.URL)
	o.Auth = es.APIKey(secret.New("canary"))
	_, err := client(t, o).IssueKey(t.Context(), spec)
	if call := callError(t, err); !errors.Is(err, es.ErrUserNeeded) || call.Temporary() || call.Ambiguous {
		t.Errorf("got %v", err)
	}
}

func TestThroughTheProxyThePlatformVouches(t *testing.T) {
	t.Parallel()
	request := elastictest.Request{
		Method: "POST", URI: "/proxy" + createKey, Body: createBody, Header: map[string]string{
			"Authorization": "ApiKey platform", "X-Management-Request": "true", "X-Opaque-Id": "req-7",
			"Content-Type": "application/json", "User-Agent": "remote-cluster-bot",
		},
	}
	s := elastictest.Serve(t, elastictest.Exchange{Want: request, Header: product, Answer: `{"id":"k","encoded":"e"}`})
	o := options(t, s.URL+"/proxy")
	o.Auth = es.Proxy(secret.New("platform"))
	o.OpaqueID = func(context.Context) string { return "req-7" }
	if _, err := client(t, o).IssueKey(t.Context(), spec); err != nil {
		t.Error(err)
	}
}

func TestActiveKeysAreSifted(t *testing.T) {
	t.Parallel()
	past, future := now.Add(-time.Second).UnixMilli(), now.Add(time.Hour).UnixMilli()
	s := elastictest.Serve(t, exchange("GET", "/_security/api_key?active_only=true&name=rcb%2A", "", fmt.Sprintf(`{"api_keys":[
		{"id":"1","name":"rcb*","type":"cross_cluster","metadata":{"a":"b","n":1}},
		{"id":"2","name":"rcb-other","type":"cross_cluster"},
		{"id":"3","name":"rcb*","type":"rest"},
		{"id":"4","name":"rcb*","type":"cross_cluster","invalidated":true},
		{"id":"5","name":"rcb*","type":"cross_cluster","expiration":%d},
		{"id":"6","name":"rcb*","type":"cross_cluster","creation":%d,"expiration":%d}]}`, past, past, future)))
	got, err := client(t, options(t, s.URL)).ActiveKeys(t.Context(), "rcb*")
	if err != nil {
		t.Fatal(err)
	}
	wanted := []elastic.Key{
		{ID: "1", Name: "rcb*", Metadata: map[string]string{"a": "b"}},
		{ID: "6", Name: "rcb*", Created: time.UnixMilli(past).UTC(), Expires: time.UnixMilli(future).UTC()},
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Which keys 8.14 made is told by the role that Elasticsearch made of their access. A role that is not told says nothing.
func TestAKeyThatLetsNobodyEnrichIsSeen(t *testing.T) {
	t.Parallel()
	for role, want := range map[string]bool{
		`{"cross_cluster":{"cluster":["cross_cluster_search"]}}`:                                              true,
		`{"cross_cluster":{"cluster":["cross_cluster_search","cross_cluster_replication"]}}`:                  true,
		`{"cross_cluster":{"cluster":["cross_cluster_search","monitor_enrich","cross_cluster_replication"]}}`: false,
		`{"cross_cluster":{"cluster":["cross_cluster_replication"]}}`:                                         false,
		`{}`: false,
	} {
		s := elastictest.Serve(t, exchange("GET", "/_security/api_key?active_only=true&name=k", "",
			`{"api_keys":[{"id":"1","name":"k","type":"cross_cluster","role_descriptors":`+role+`}]}`))
		got, err := client(t, options(t, s.URL)).ActiveKeys(t.Context(), "k")
		if err != nil || len(got) != 1 || got[0].NoEnrich != want {
			t.Errorf("%s: %+v, %v", role, got, err)
		}
	}
}

func TestIdentityKeysAreThoseThatDemandACertificate(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t, exchange("GET", "/_security/api_key?active_only=true&name=%2A", "", `{"api_keys":[
		{"id":"1","name":"a","type":"cross_cluster","certificate_identity":"CN=x"},
		{"id":"2","name":"b","type":"cross_cluster"},
		{"id":"3","name":"c","type":"cross_cluster","certificate_identity":"CN=y","invalidated":true}]}`))
	got, err := client(t, options(t, s.URL)).IdentityKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]elastic.Key{{ID: "1", Name: "a", Identity: "CN=x"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestInvalidateKeys(t *testing.T) {
	t.Parallel()
	const uri, body = "/_security/api_key", `{"ids":["a","b"]}`
	s := elastictest.Serve(t,
		exchange("DELETE", uri, body, `{"invalidated_api_keys":["a"],"previously_invalidated_api_keys":["b"],"error_count":0}`),
		exchange("DELETE", uri, body, `{"invalidated_api_keys":["a"],"previously_invalidated_api_keys":[],"error_count":1,"error_details":[{"type":"x_exception","reason":"shard"}]}`),
		// Elasticsearch says 200 and names only one: the other is gone, or it may not be seen.
		exchange("DELETE", uri, body, `{"invalidated_api_keys":["a"],"previously_invalidated_api_keys":[],"error_count":0}`),
		elastictest.Exchange{Want: want("GET", uri+"?id=b", ""), Status: 404, Header: product, Answer: `{"api_keys":[]}`},
		exchange("DELETE", uri, body, `{"invalidated_api_keys":["a"],"previously_invalidated_api_keys":[],"error_count":0}`),
		exchange("GET", uri+"?id=b", "", `{"api_keys":[{"id":"b","name":"n","type":"cross_cluster","invalidated":false}]}`),
	)
	c := client(t, options(t, s.URL))
	ids := []string{"a", "b"}
	if err := c.InvalidateKeys(t.Context(), ids); err != nil {
		t.Error(err)
	}
	if call := callError(t, c.InvalidateKeys(t.Context(), ids)); call.Code != "x_exception" || !strings.Contains(call.Reason, "1 of 2") {
		t.Errorf("got %v", call)
	}
	if err := c.InvalidateKeys(t.Context(), ids); err != nil {
		t.Errorf("a key that is gone: %v", err)
	}
	if call := callError(t, c.InvalidateKeys(t.Context(), ids)); call.Code != "key_kept" {
		t.Errorf("got %v", call)
	}
}
