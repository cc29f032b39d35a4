package cloudapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/elastictest"
)

func found(names ...string) string {
	var out []string
	for i, n := range names {
		out = append(out, fmt.Sprintf(`{"id":"id%d","name":%q,"healthy":true,"resources":{"elasticsearch":[{"ref_id":"main-elasticsearch","id":"c%d","region":"r","info":{}}]}}`, i, n, i))
	}
	return strings.Join(out, ",")
}

func TestSearchFollowsTheCursorAndSiftsTheAnswer(t *testing.T) {
	t.Parallel()
	const query = `{"bool":{"should":[
		{"prefix":{"name.keyword":{"value":"Logs-p"}}},
		{"match":{"name":{"query":"Logs-p","operator":"and"}}},
		{"query_string":{"query":"*Logs?p*","default_field":"name.keyword","allow_leading_wildcard":true}},
		{"term":{"id":{"value":"Logs-p"}}},
		{"prefix":{"id":{"value":"logs-p"}}}],"minimum_should_match":1}}`
	const uri = "/api/v1/deployments/_search"
	s := elastictest.Serve(t,
		elastictest.Exchange{
			Want: want("POST", uri, `{"query":`+query+`,"size":100,"sort":["id"]}`),
			Answer: `{"return_count":3,"match_count":5,"cursor":"c1","deployments":[` + found("logs-prod", "prod logs") +
				`,{"id":"sys","name":"logs-p-system","metadata":{"system_owned":true},"resources":{"elasticsearch":[{"ref_id":"m","info":{}}]}}]}`,
		},
		elastictest.Exchange{
			Want:   want("POST", uri, `{"cursor":"c1"}`),
			Answer: `{"return_count":2,"match_count":5,"cursor":"c2","deployments":[` + found("my-LOGS-pre") + `,{"id":"k","name":"logs-p","resources":{"elasticsearch":[]}}]}`,
		},
	)
	got, err := client(t, s.URL).Search(t.Context(), " Logs-p ", 10)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range got {
		names = append(names, d.Name)
	}
	if diff := cmp.Diff([]string{"logs-prod", "my-LOGS-pre"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEmptySearchStopsAtTheLimit(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t, elastictest.Exchange{
		Want:   want("POST", "/api/v1/deployments/_search", `{"query":{"match_all":{}},"size":100,"sort":["id"]}`),
		Answer: `{"return_count":3,"match_count":9,"cursor":"c","deployments":[` + found("a", "b", "c") + `]}`,
	})
	if got, err := client(t, s.URL).Search(t.Context(), "", 2); err != nil || len(got) != 2 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestEarlierPagesComeWithTheErrorOfALaterOne(t *testing.T) {
	t.Parallel()
	const uri = "/api/v1/deployments/_search"
	s := elastictest.Serve(t,
		elastictest.Exchange{
			Want:   want("POST", uri, `{"query":{"match_all":{}},"size":100,"sort":["id"]}`),
			Answer: `{"return_count":2,"match_count":9,"cursor":"c","deployments":[` + found("a", "b") + `]}`,
		},
		elastictest.Exchange{Want: want("POST", uri, `{"cursor":"c"}`), Status: 503, Answer: `<html></html>`},
	)
	if got, err := client(t, s.URL).Search(t.Context(), "", 10); err == nil || len(got) != 2 {
		t.Errorf("got %v, %v", got, err)
	}
}
