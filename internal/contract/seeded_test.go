package contract

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
)

// TestSeededChangesAreFound changes one thing in an exchange that passed, and expects every check to say so: a check
// that finds nothing in good traffic proves nothing by itself.
func TestSeededChangesAreFound(t *testing.T) {
	platforms := swaggers(t)
	passed := exchanges(t)
	body := func(x *fault.Exchange, from, to string) {
		x.Request = bytes.ReplaceAll(x.Request, []byte(from), []byte(to))
	}
	answer := func(x *fault.Exchange, from, to string) {
		x.Answer = bytes.ReplaceAll(x.Answer, []byte(from), []byte(to))
	}
	for name, seed := range map[string]struct {
		method, path string // which exchange
		change       func(*fault.Exchange)
	}{
		"field of a keystore": {"PATCH", "/keystore", func(x *fault.Exchange) { body(x, `"value"`, `"values"`) }},
		"field around it":     {"PATCH", "/keystore", func(x *fault.Exchange) { body(x, `"secrets"`, `"secret"`) }},
		"field of a search":   {"POST", "/deployments/_search", func(x *fault.Exchange) { body(x, `"query"`, `"querry"`) }},
		"query inside it":     {"POST", "/deployments/_search", func(x *fault.Exchange) { body(x, `"minimum_should_match"`, `"minimum_match"`) }},
		"type of a field":     {"POST", "/deployments/_search", func(x *fault.Exchange) { body(x, `"size":100`, `"size":"100"`) }},
		"path":                {"PATCH", "/keystore", func(x *fault.Exchange) { x.Path = strings.Replace(x.Path, "/keystore", "/key-store", 1) }},
		"platform's path":     {"GET", "/allocators", func(x *fault.Exchange) { x.Path = strings.Replace(x.Path, "/infrastructure/", "/", 1) }},
		"proxy's path":        {"GET", "/proxy/_remote/info", func(x *fault.Exchange) { x.Path = strings.Replace(x.Path, "/proxy/", "/proxies/", 1) }},
		"Elasticsearch's path": {"GET", "/proxy/_remote/info", func(x *fault.Exchange) {
			x.Path = strings.Replace(x.Path, "_remote/info", "_remotes/info", 1)
		}},
		"method":              {"PATCH", "/keystore", func(x *fault.Exchange) { x.Method = http.MethodPut }},
		"query parameter":     {"GET", "/api/v1/deployments/", func(x *fault.Exchange) { x.Query = strings.Replace(x.Query, "show_metadata", "with_metadata", 1) }},
		"value of one":        {"GET", "/api/v1/deployments/", func(x *fault.Exchange) { x.Query = strings.Replace(x.Query, "=true", "=yes", 1) }},
		"proxy's header":      {"PUT", "/proxy/_cluster/settings", func(x *fault.Exchange) { x.ReqHeader.Del("X-Management-Request") }},
		"credentials":         {"GET", "/allocators", func(x *fault.Exchange) { x.ReqHeader.Set("Authorization", "Bearer x") }},
		"content type":        {"PATCH", "/keystore", func(x *fault.Exchange) { x.ReqHeader.Set("Content-Type", "application/x-ndjson") }},
		"status":              {"PATCH", "/keystore", func(x *fault.Exchange) { x.Status = http.StatusAccepted }},
		"field of an answer":  {"GET", "/api/v1/deployments/", func(x *fault.Exchange) { answer(x, `"endpoint"`, `"end_point"`) }},
		"required field":      {"GET", "/api/v1/deployments/", func(x *fault.Exchange) { answer(x, `"healthy"`, `"health"`) }},
		"answer's names":      {"PATCH", "/keystore", func(x *fault.Exchange) { answer(x, `"as_file"`, `"as_files"`) }},
		"key's access":        {"POST", "/cross_cluster/api_key", func(x *fault.Exchange) { body(x, `"names"`, `"name"`) }},
		"key's field":         {"POST", "/cross_cluster/api_key", func(x *fault.Exchange) { body(x, `"metadata"`, `"meta"`) }},
		"key's identity":      {"POST", "/cross_cluster/api_key", func(x *fault.Exchange) { body(x, `"certificate_identity"`, `"certificate_id"`) }},
		"key's answer":        {"POST", "/cross_cluster/api_key", func(x *fault.Exchange) { answer(x, `"encoded"`, `"encode"`) }},
		"info's answer":       {"GET", "/proxy/_remote/info", func(x *fault.Exchange) { answer(x, `"num_proxy_sockets_connected"`, `"num_sockets"`) }},
		"resolve's answer":    {"GET", "/_resolve/cluster/", func(x *fault.Exchange) { answer(x, `"matching_indices"`, `"matches"`) }},
		"settings' body":      {"PUT", "/_cluster/settings", func(x *fault.Exchange) { body(x, `"persistent"`, `"permanent"`) }},
		"settings' parameter": {"GET", "/_cluster/settings", func(x *fault.Exchange) { x.Query = strings.Replace(x.Query, "flat_settings", "flat_setting", 1) }},
		"value of it":         {"GET", "/proxy/_cluster/settings", func(x *fault.Exchange) { x.Query = strings.Replace(x.Query, "=true", "=yes", 1) }},
		"another's parameter": {"GET", "/_remote/info", func(x *fault.Exchange) { x.Query = "flat_settings=true" }},
		"keys' parameter":     {"GET", "/_security/api_key", func(x *fault.Exchange) { x.Query = strings.Replace(x.Query, "active_only", "active", 1) }},
		"type of a body":      {"PUT", "/proxy/_cluster/settings", func(x *fault.Exchange) { x.ReqHeader.Set("Content-Type", "text/plain") }},
		"user's credentials":  {"POST", "/cross_cluster/api_key", func(x *fault.Exchange) { x.ReqHeader.Set("Authorization", "Digest x") }},
		"empty field, asked":  {"PUT", "/_cluster/settings", func(x *fault.Exchange) { x.Request = []byte(`{"permanent":{},` + string(x.Request[1:])) }},
		"empty list, asked":   {"POST", "/cross_cluster/api_key", func(x *fault.Exchange) { x.Request = []byte(`{"tags":[],` + string(x.Request[1:])) }},
		"empty field, said":   {"GET", "/_license", func(x *fault.Exchange) { answer(x, `"type"`, `"features":{},"type"`) }},
		"null, said":          {"GET", "/proxy/_remote/info", func(x *fault.Exchange) { answer(x, `"skip_unavailable"`, `"certificates":null,"skip_unavailable"`) }},
		"license's answer":    {"GET", "/_license", func(x *fault.Exchange) { answer(x, `"type"`, `"kind"`) }},
	} {
		t.Run(name, func(t *testing.T) {
			i := slices.IndexFunc(passed, func(x fault.Exchange) bool {
				if x.Method != seed.method || !strings.Contains(x.Path, seed.path) || x.Status != http.StatusOK || conforms(platforms, x) != nil {
					return false
				}
				changed := x
				changed.ReqHeader = x.ReqHeader.Clone()
				seed.change(&changed)
				return changed.Path != x.Path || changed.Query != x.Query || changed.Method != x.Method || changed.Status != x.Status ||
					!bytes.Equal(changed.Request, x.Request) || !bytes.Equal(changed.Answer, x.Answer) || len(changed.ReqHeader) != len(x.ReqHeader) ||
					changed.ReqHeader.Get("Authorization") != x.ReqHeader.Get("Authorization") || changed.ReqHeader.Get("Content-Type") != x.ReqHeader.Get("Content-Type")
			})
			if i < 0 {
				t.Fatalf("no story has such an exchange: %s …%s", seed.method, seed.path)
			}
			x := passed[i]
			x.ReqHeader = x.ReqHeader.Clone()
			seed.change(&x)
			if conforms(platforms, x) == nil {
				t.Error("it was not found")
			}
		})
	}
}
