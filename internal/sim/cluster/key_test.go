package cluster

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestRefusesKeysAsElasticsearchDoes(t *testing.T) {
	const ok = `"access":{"search":[{"names":["a"]}]}`
	for name, tc := range map[string]struct {
		body   string
		status int
		reason string
	}{
		"good":                 {`{"name":"k",` + ok + `,"expiration":"90d","metadata":{"managed_by":"me"}}`, 200, ""},
		"lone name":            {`{"name":"k","access":{"search":{"names":"a"}}}`, 200, ""},
		"no name":              {`{` + ok + `}`, 400, "Required [name]"},
		"empty name":           {`{"name":"",` + ok + `}`, 400, "api key name is required"},
		"underscore":           {`{"name":"_k",` + ok + `}`, 400, "api key name may not begin with an underscore"},
		"blank at the end":     {`{"name":"k ",` + ok + `}`, 400, "may not begin or end with whitespace"},
		"long name":            {`{"name":"` + strings.Repeat("k", 257) + `",` + ok + `}`, 400, "256 characters"},
		"no access":            {`{"name":"k"}`, 400, "Required [access]"},
		"null access":          {`{"name":"k","access":null}`, 400, "access doesn't support values of type: VALUE_NULL"},
		"empty access":         {`{"name":"k","access":{"search":[],"replication":[]}}`, 400, "must specify non-empty access for either [search] or [replication]"},
		"unknown access":       {`{"name":"k","access":{"write":[{"names":["a"]}]}}`, 400, "unknown field [write]"},
		"privileges":           {`{"name":"k","access":{"search":[{"names":["a"],"privileges":["read"]}]}}`, 400, "field [privileges] must not present"},
		"query on replication": {`{"name":"k","access":{"replication":[{"names":["a"],"query":{}}]}}`, 400, "replication does not support document or field level security"},
		"query beside replication": {
			`{"name":"k","access":{"search":[{"names":["a"],"query":{}}],"replication":[{"names":["a"]}]}}`, 400,
			"search does not support document or field level security if replication is assigned",
		},
		"reserved metadata": {`{"name":"k",` + ok + `,"metadata":{"_x":1}}`, 400, "API key metadata keys may not start with [_]"},
		"bad expiration":    {`{"name":"k",` + ok + `,"expiration":"90"}`, 400, "unit is missing or unrecognized"},
		"unknown field":     {`{"name":"k",` + ok + `,"role_descriptors":{}}`, 400, "unknown field [role_descriptors]"},
		"identity too new":  {`{"name":"k",` + ok + `,"certificate_identity":"CN=x"}`, 400, "unknown field [certificate_identity]"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, "8.17", "8.18")
			status, out := l.do(l.remote, "rcb", "POST", "/_security/cross_cluster/api_key", tc.body)
			if status != tc.status || !strings.Contains(reason(out), tc.reason) {
				t.Errorf("%d %v, want %q", status, out, tc.reason)
			}
		})
	}
}

func TestAPIKeyCannotMakeACrossClusterKey(t *testing.T) {
	l := newLab(t, "8.17", "8.18")
	_, rest := l.do(l.remote, "elastic", "POST", "/_security/api_key", `{"name":"r"}`)
	status, out := l.do(l.remote, fmt.Sprint("ApiKey ", rest["encoded"]), "POST", "/_security/cross_cluster/api_key", `{"name":"k","access":`+all+`}`)
	if status != 400 || !strings.Contains(reason(out), "An API key cannot be used to create a cross-cluster API key") {
		t.Errorf("%d %v", status, out)
	}
	_, encoded := l.key(all, "")
	if status, out := l.do(l.remote, "ApiKey "+encoded, "GET", "/", ""); status != 401 || !strings.Contains(reason(out), "expected API key type of [rest]") {
		t.Errorf("a cross-cluster key on the REST port: %d %v", status, out)
	}
}

func TestKeyLivesAndDies(t *testing.T) {
	l := newLab(t, "8.17", "8.18")
	first, encoded := l.key(`{"search":[{"names":["metrics-*"]}]}`, `,"expiration":"1h"`)
	second, _ := l.key(all, "")
	list := func(query string) (int, string) {
		status, out := l.do(l.remote, "rcb", "GET", "/_security/api_key"+query, "")
		return status, fmt.Sprint(out["api_keys"])
	}
	if _, text := list("?name=k*"); !strings.Contains(text, first) || !strings.Contains(text, second) || !strings.Contains(text, "type:cross_cluster") || strings.Contains(text, encoded) {
		t.Errorf("listed: %s", text)
	}
	if status, out := l.do(l.remote, "elastic", "PUT", "/_security/cross_cluster/api_key/"+first, `{"metadata":{"a":1}}`); status != 404 {
		t.Errorf("somebody else's key was updated: %d %v", status, out)
	}
	if status, out := l.do(l.remote, "rcb", "PUT", "/_security/cross_cluster/api_key/"+first, `{"access":{}}`); status != 400 {
		t.Errorf("empty access: %d %v", status, out)
	}
	status, out := l.do(l.remote, "rcb", "PUT", "/_security/cross_cluster/api_key/"+first, `{"metadata":{"a":1}}`)
	if status != 200 || out["updated"] != true {
		t.Errorf("%d %v", status, out)
	}
	l.now = l.now.Add(time.Hour)
	if _, text := list("?active_only=true"); strings.Contains(text, first) {
		t.Errorf("an expired key is active: %s", text)
	}
	_, gone := l.do(l.remote, "rcb", "DELETE", "/_security/api_key", `{"ids":["`+second+`"]}`)
	if fmt.Sprint(gone["invalidated_api_keys"]) != "["+second+"]" || gone["error_count"] != 0.0 {
		t.Errorf("%v", gone)
	}
	_, again := l.do(l.remote, "rcb", "DELETE", "/_security/api_key", `{"name":"k"}`)
	if fmt.Sprint(again["previously_invalidated_api_keys"]) != "[]" {
		t.Errorf("%v", again)
	}
	if status, out := l.do(l.remote, "rcb", "PUT", "/_security/cross_cluster/api_key/"+second, `{"metadata":{}}`); status != 400 || !strings.Contains(reason(out), "cannot update invalidated API key") {
		t.Errorf("%d %v", status, out)
	}
	if status, _ := list("?id=nope"); status != 404 {
		t.Errorf("unknown id: %d", status)
	}
	if status, out := l.do(l.remote, "rcb", "DELETE", "/_security/api_key", `{}`); status != 400 {
		t.Errorf("everything was invalidated: %d %v", status, out)
	}
}

func TestRolesKeepRemoteIndices(t *testing.T) {
	l := newLab(t, "8.17", "8.18")
	put := func(body string) (int, map[string]any) {
		return l.do(l.local, "elastic", "PUT", "/_security/role/reads", body)
	}
	if status, out := put(`{"remote_indices":[{"clusters":["m"],"names":["metrics-*"],"privileges":["read","read_cross_cluster","view_index_metadata"]}]}`); status != 200 {
		t.Fatal(status, out)
	}
	for name, body := range map[string]string{
		"no clusters": `{"remote_indices":[{"names":["a"],"privileges":["read"]}]}`, "bad privilege": `{"indices":[{"names":["a"],"privileges":["raed"]}]}`,
		"unknown field": `{"remote_index":[]}`, "cluster privilege": `{"cluster":["manage_everything"]}`,
	} {
		if status, out := put(body); status != 400 {
			t.Errorf("%s: %d %v", name, status, out)
		}
	}
	if _, out := l.do(l.local, "elastic", "GET", "/_security/role/reads", ""); !strings.Contains(fmt.Sprint(out), "clusters:[m]") {
		t.Errorf("%v", out)
	}
	if status, _ := l.do(l.local, "elastic", "DELETE", "/_security/role/reads", ""); status != 200 {
		t.Error(status)
	}
	if status, _ := l.do(l.local, "elastic", "GET", "/_security/role/reads", ""); status != 404 {
		t.Error(status)
	}
}

func TestFilterShutsOutItsOwner(t *testing.T) {
	l := newLab(t, "8.17", "8.18")
	l.remote.SetFilters([]Filter{{Type: "ip", Sources: []string{"203.0.113.10"}}})
	if status, out := l.do(l.remote, "elastic", "GET", "/", ""); status != 403 || out["message"] != "Forbidden" {
		t.Errorf("%d %v", status, out)
	}
}
