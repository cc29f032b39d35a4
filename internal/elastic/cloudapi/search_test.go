package cloudapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
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

// The twelfth page is read like the first.
func TestSearchGoesThroughAllPages(t *testing.T) {
	t.Parallel()
	const uri, pages = "/api/v1/deployments/_search", 12
	exchanges := []elastictest.Exchange{{Want: want("POST", uri, `{"query":{"match_all":{}},"size":100,"sort":["id"]}`)}}
	for range pages - 1 {
		exchanges = append(exchanges, elastictest.Exchange{Want: want("POST", uri, `{"cursor":"c"}`)})
	}
	for i := range exchanges {
		exchanges[i].Answer = fmt.Sprintf(`{"match_count":%d,"cursor":"c","deployments":[%s]}`, pages, found(fmt.Sprint("d", i)))
	}
	s := elastictest.Serve(t, exchanges...)
	if got, err := client(t, s.URL).Search(t.Context(), "", 100); err != nil || len(got) != pages {
		t.Errorf("%d deployments, %v", len(got), err)
	}
}

// A page comes with the plans of a hundred deployments; there is never more of it in memory than one of them.
func TestAPageIsReadAsItComes(t *testing.T) { //nolint:paralleltest // it looks at the memory
	const deployments, size = 60, 100_000
	one := fmt.Sprintf(`{"id":"id","name":"a","plans":%q,"resources":{"elasticsearch":[{"ref_id":"m","id":"c","region":"r","info":{}}]}}`, strings.Repeat("x", size))
	page := []byte(`{"match_count":60,"deployments":[` + one + strings.Repeat(","+one, deployments-1) + `]}`)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(page) }))
	defer s.Close()
	c := client(t, s.URL)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := c.Search(t.Context(), "", 100)
	runtime.ReadMemStats(&after)
	if err != nil || len(got) != deployments {
		t.Fatalf("%d deployments, %v", len(got), err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > uint64(len(page))/2 {
		t.Errorf("%d bytes were allocated for a page of %d", took, len(page))
	}
}

func TestAPageThatBreaksOffIsWorthAnotherTry(t *testing.T) {
	t.Parallel()
	for _, text := range []string{``, `{"deployments":[`, `{"deployments":[{"id":"a"`, `{"deployments":[],"cursor":`} {
		s := elastictest.Serve(t, elastictest.Exchange{
			Want: want("POST", "/api/v1/deployments/_search", `{"query":{"match_all":{}},"size":100,"sort":["id"]}`), Answer: text,
		})
		_, err := client(t, s.URL).Search(t.Context(), "", 10)
		call, ok := errors.AsType[*elastic.CallError](err)
		if !ok || !call.Temporary() || call.Ambiguous {
			t.Errorf("%q: %v", text, err)
		}
	}
}
