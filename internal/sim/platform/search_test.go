package platform

import (
	"fmt"
	"strings"
	"testing"
)

func TestSearchesDeployments(t *testing.T) {
	b := newBench(t, DemoOptions{})
	id := b.ece.Deployment("logs-prod").ID()
	for name, tc := range map[string]struct {
		body string
		want string // names, sorted as asked; or the status
	}{
		"all by name":    {`{"query":{"match_all":{}},"sort":["name.keyword"]}`, "logs-prod search-old security-siem"},
		"descending":     {`{"sort":[{"name.keyword":{"order":"desc"}}],"size":2}`, "security-siem search-old"},
		"from":           {`{"sort":["name.keyword"],"from":1,"size":1}`, "search-old"},
		"prefix":         {`{"query":{"prefix":{"name.keyword":{"value":"se"}}},"sort":["name.keyword"]}`, "search-old security-siem"},
		"term":           {`{"query":{"term":{"id":{"value":"` + id + `"}}}}`, "logs-prod"},
		"term on words":  {`{"query":{"term":{"name":{"value":"prod"}}}}`, "logs-prod"},
		"term is exact":  {`{"query":{"term":{"name.keyword":{"value":"prod"}}}}`, ""},
		"match or":       {`{"query":{"match":{"name":{"query":"Old prod"}}},"sort":["name.keyword"]}`, "logs-prod search-old"},
		"match and":      {`{"query":{"match":{"name":{"query":"old search","operator":"and"}}}}`, "search-old"},
		"bool":           {`{"query":{"bool":{"must":[{"term":{"healthy":{"value":"true"}}}],"must_not":[{"prefix":{"name.keyword":{"value":"se"}}}]}}}`, "logs-prod"},
		"should":         {`{"query":{"bool":{"should":[{"prefix":{"name.keyword":{"value":"lo"}}},{"prefix":{"id":{"value":"zz"}}}]}}}`, "logs-prod"},
		"query_string":   {`{"query":{"query_string":{"query":"*prod*","allow_leading_wildcard":true}}}`, "logs-prod"},
		"leading star":   {`{"query":{"query_string":{"query":"*prod"}}}`, "400"},
		"bad syntax":     {`{"query":{"query_string":{"query":"a("}}}`, "400"},
		"field":          {`{"query":{"query_string":{"query":"name:prod"}}}`, "logs-prod"},
		"simple":         {`{"query":{"simple_query_string":{"query":"sec*","fields":["name"]}}}`, "security-siem"},
		"nested version": {`{"query":{"nested":{"path":"resources.elasticsearch","query":{"prefix":{"resources.elasticsearch.info.plan_info.current.plan.elasticsearch.version":{"value":"8.12"}}}}}}`, "search-old"},
		"not nested":     {`{"query":{"prefix":{"resources.elasticsearch.info.plan_info.current.plan.elasticsearch.version":{"value":"8"}}}}`, ""},
		"nested path":    {`{"query":{"nested":{"path":"resources","query":{"match_all":{}}}}}`, "400"},
		"tags":           {`{"query":{"nested":{"path":"metadata.tags","query":{"term":{"metadata.tags.value":{"value":"demo"}}}}},"size":1,"sort":["name.keyword"]}`, "logs-prod"},
		"exists":         {`{"query":{"exists":{"field":"alias"}}}`, ""},
		"match_none":     {`{"query":{"match_none":{}}}`, ""},
		"unknown kind":   {`{"query":{"wildcard":{"name":{"value":"*"}}}}`, "400"},
		"two kinds":      {`{"query":{"match_all":{},"match_none":{}}}`, "400"},
		"short term":     {`{"query":{"term":{"id":"x"}}}`, "400"},
		"null sort":      {`{"query":{"match_none":{}},"sort":null}`, ""},
		"range":          {`{"query":{"range":{"name.keyword":{"gte":"se","lt":"sec"}}}}`, "search-old"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out := b.call(b.ece, "POST", "/api/v1/deployments/_search", tc.body)
			got := names(out)
			if status != 200 {
				got = fmt.Sprint(status)
			}
			if got != tc.want {
				t.Errorf("got %q, want %q: %v", got, tc.want, out)
			}
		})
	}
}

func names(out map[string]any) string {
	list, _ := out["deployments"].([]any)
	var n []string
	for _, d := range list {
		m, _ := d.(map[string]any)
		n = append(n, fmt.Sprint(m["name"]))
	}
	return strings.Join(n, " ")
}

func TestPagesByCursor(t *testing.T) {
	b := newBench(t, DemoOptions{})
	var got []string
	body := `{"sort":["name.keyword"],"size":2}`
	for range 5 {
		_, out := b.call(b.ece, "POST", "/api/v1/deployments/_search", body)
		if out["return_count"] == 0.0 {
			break
		}
		got = append(got, names(out))
		body = fmt.Sprintf(`{"cursor":%q}`, out["cursor"])
	}
	if strings.Join(got, "|") != "logs-prod search-old|security-siem" {
		t.Errorf("pages: %q", got)
	}
}
