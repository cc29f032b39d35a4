package es_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/elastictest"
)

func TestMissingPrivilegesAreThoseThatElasticsearchDoesNotGrant(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t, exchange("POST", "/_security/user/_has_privileges", `{"cluster":["manage_security","monitor"]}`,
		`{"username":"bot","has_all_requested":false,"cluster":{"monitor":true,"manage_security":false},"index":{},"application":{}}`))
	got, err := client(t, options(t, s.URL)).MissingPrivileges(t.Context(), []string{"manage_security", "monitor"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"manage_security"}, got); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
}
