package es_test

import (
	"encoding/json"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/elastictest"
)

// Whatever a name holds, it leads to no other path and names no other role.
func TestNamesInAPathAreEscaped(t *testing.T) {
	t.Parallel()
	const name, escaped = "team/a,b?c%", "team%2Fa%2Cb%3Fc%25"
	const prefix = "/api/v1/deployments/d/elasticsearch/main-elasticsearch/proxy"
	s := elastictest.Serve(t,
		exchange("GET", "/_security/role/"+escaped, "", `{"team/a,b?c%":{"cluster":[]}}`),
		exchange("PUT", "/_security/role/"+escaped, `{"cluster":[]}`, `{"role":{"created":true}}`),
		exchange("DELETE", prefix+"/_security/role/"+escaped, "", `{"found":true}`),
		exchange("PUT", "/_security/cross_cluster/api_key/"+escaped, `{"access":{"search":[{"names":["x"]}]}}`, `{"updated":true}`),
	)
	c := client(t, options(t, s.URL))
	role, err := c.Role(t.Context(), name)
	if err != nil || string(role) != `{"cluster":[]}` {
		t.Errorf("got %s, %v", role, err)
	}
	if err := c.PutRole(t.Context(), name, json.RawMessage(`{"cluster":[]}`)); err != nil {
		t.Error(err)
	}
	if err := client(t, options(t, s.URL+prefix)).DeleteRole(t.Context(), name); err != nil {
		t.Error(err)
	}
	if err := c.UpdateKeyAccess(t.Context(), name, elastic.Access{Search: []string{"x"}}); err != nil {
		t.Error(err)
	}
}

func TestOnlyElasticsearchSaysThatARoleIsNotThere(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t,
		elastictest.Exchange{Want: want("GET", "/_security/role/a", ""), Status: 404, Answer: `{}`, Header: product},
		elastictest.Exchange{Want: want("GET", "/_security/role/a", ""), Status: 404, Answer: `<html>no route</html>`},
	)
	c := client(t, options(t, s.URL))
	if role, err := c.Role(t.Context(), "a"); role != nil || err != nil {
		t.Errorf("got %s, %v, want none", role, err)
	}
	if _, err := c.Role(t.Context(), "a"); err == nil {
		t.Error("a page of something between was taken for a role that is not there")
	}
}
