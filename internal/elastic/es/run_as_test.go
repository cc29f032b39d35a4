package es_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

func TestASearchAsSomebodyElseProvesTheirRightsAlone(t *testing.T) {
	const refused = `{"error":{"type":"security_exception","reason":"action [x] is unauthorized for user [bot] run as [dana]"},"status":403}`
	for name, c := range map[string]struct {
		who, answer       string
		whoCode, code     int
		want              elastic.SearchedAs
		wantErr, searches bool
	}{
		"may":         {`{"username":"dana"}`, `{"_clusters":{"details":{"a":{"_shards":{"total":3}}}}}`, 200, 200, elastic.SearchedAs{Shards: 3}, false, true},
		"sees none":   {`{"username":"dana"}`, `{"_clusters":{"details":{"a":{"_shards":{"total":0}}}}}`, 200, 200, elastic.SearchedAs{}, false, true},
		"refused":     {`{"username":"dana"}`, refused, 200, 403, elastic.SearchedAs{Refused: "action [x] is unauthorized for user [bot] run as [dana]"}, false, true},
		"not allowed": {refused, "", 403, 0, elastic.SearchedAs{NotAllowed: true, Refused: "action [x] is unauthorized for user [bot] run as [dana]"}, false, false},
		"a failure inside": {
			`{"username":"dana"}`, `{"_clusters":{"details":{"a":{"failures":[{"reason":{"type":"x","reason":"no"}}]}}}}`,
			200, 200,
			elastic.SearchedAs{Refused: "no"},
			false, true,
		},
		"a header that does not arrive": {`{"username":"bot"}`, "", 200, 0, elastic.SearchedAs{}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			searched := false
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Elastic-Product", "Elasticsearch")
				w.Header().Set("Content-Type", "application/json")
				if got := r.Header.Get("es-security-runas-user"); got != "dana" {
					t.Errorf("acts as %q", got)
				}
				code, body := c.whoCode, c.who
				if strings.HasSuffix(r.URL.Path, "/_search") {
					searched, code, body = true, c.code, c.answer
				}
				w.WriteHeader(code)
				_, _ = w.Write([]byte(body))
			}))
			defer s.Close()
			got, err := client(t, options(t, s.URL)).SearchAs(t.Context(), "dana", "a", "logs-*")
			if (err != nil) != c.wantErr || got != c.want || searched != c.searches {
				t.Errorf("got %+v, %v, searched %t", got, err, searched)
			}
		})
	}
}
