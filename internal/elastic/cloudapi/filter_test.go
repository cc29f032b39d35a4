package cloudapi_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/elastictest"
)

func TestARulesetIsMadeAttachedAndTakenAway(t *testing.T) {
	t.Parallel()
	const at = "/api/v1/deployments/traffic-filter/rulesets"
	gone := `{"errors":[{"code":"traffic_filter.not_found","message":"gone"}]}`
	s := elastictest.Serve(t,
		elastictest.Exchange{Want: want("POST", at, `{"name":"rcb-1","description":"why","type":"ip","region":"aws-eu-west-1","include_by_default":false,`+
			`"rules":[{"source":"203.0.113.10/32"},{"source":"198.51.100.0/24"}]}`), Status: 201, Answer: `{"id":"r1"}`},
		elastictest.Exchange{Want: want("GET", at, ""), Answer: `{"rulesets":[{"id":"r0","name":"rcb-10"},{"id":"r1","name":"rcb-1"}]}`},
		elastictest.Exchange{Want: want("POST", at+"/r1/associations", `{"entity_type":"deployment","id":"`+id+`"}`), Status: 201, Answer: `{}`},
		elastictest.Exchange{Want: want("GET", at+"/r1/associations", ""), Answer: `{"associations":[{"entity_type":"deployment","id":"` + id + `"},{"entity_type":"deployment","id":"other"}],"total_associations":2}`},
		elastictest.Exchange{Want: want("DELETE", at+"/r1/associations/deployment/"+id, ""), Answer: `{}`},
		elastictest.Exchange{Want: want("DELETE", at+"/r1/associations/deployment/"+id, ""), Status: 404, Answer: gone},
		elastictest.Exchange{Want: want("DELETE", at+"/r1", ""), Answer: `{}`},
		elastictest.Exchange{Want: want("DELETE", at+"/r1", ""), Status: 404, Answer: gone},
	)
	c := client(t, s.URL)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	made, err := c.CreateRuleset(t.Context(), elastic.NewRuleset{
		Name: "rcb-1", Description: "why", Type: "ip", Region: "aws-eu-west-1", Sources: []string{"203.0.113.10/32", "198.51.100.0/24"},
	})
	must(err)
	ids, err := c.RulesetsNamed(t.Context(), "rcb-1")
	must(err)
	if diff := cmp.Diff([]string{"r1"}, ids); made != "r1" || diff != "" {
		t.Errorf("made %q, found %v", made, ids)
	}
	must(c.Attach(t.Context(), "r1", logs))
	on, err := c.Associated(t.Context(), "r1")
	must(err)
	if diff := cmp.Diff([]string{id, "other"}, on); diff != "" {
		t.Errorf("it applies to (-want +got):\n%s", diff)
	}
	for range 2 {
		must(c.Detach(t.Context(), "r1", logs))
	}
	for range 2 {
		must(c.DeleteRuleset(t.Context(), "r1"))
	}
}

func TestARemoteClusterFilterNamesTheCluster(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t, elastictest.Exchange{
		Want: want("POST", "/api/v1/deployments/traffic-filter/rulesets", `{"name":"rcb-1","description":"","type":"remote_cluster","region":"r","include_by_default":false,`+
			`"rules":[{"remote_cluster_id":"c","remote_cluster_org_id":"o"}]}`),
		Status: 201, Answer: `{"id":"r1"}`,
	})
	_, err := client(t, s.URL).CreateRuleset(t.Context(), elastic.NewRuleset{
		Name: "rcb-1", Type: elastic.FilterRemoteCluster, Region: "r", Clusters: []elastic.ClusterRule{{Cluster: "c", Organization: "o"}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestARestartCancelsNobodysPlan(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t, elastictest.Exchange{
		Want:   want("POST", "/api/v1/deployments/"+id+"/elasticsearch/main-elasticsearch/_restart?cancel_pending=false", ""),
		Status: 202, Answer: `{}`,
	})
	if err := client(t, s.URL).Restart(t.Context(), logs); err != nil {
		t.Fatal(err)
	}
}

// The ruleset is there all the same: its maker has to look for it by name.
func TestARulesetWithoutAnIdIsInDoubt(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t, elastictest.Exchange{
		Want: want("POST", "/api/v1/deployments/traffic-filter/rulesets",
			`{"name":"rcb-1","description":"","type":"ip","region":"r","include_by_default":false,"rules":[{"source":"203.0.113.10/32"}]}`),
		Status: 201, Answer: `{}`,
	})
	_, err := client(t, s.URL).CreateRuleset(t.Context(), elastic.NewRuleset{Name: "rcb-1", Type: "ip", Region: "r", Sources: []string{"203.0.113.10/32"}})
	if call, ok := errors.AsType[*elastic.CallError](err); !ok || !call.Ambiguous {
		t.Errorf("got %v, want an ambiguous call", err)
	}
}

// Something between that knows no route does not know either whether a ruleset is gone.
func TestOnlyThePlatformSaysThatARulesetIsGone(t *testing.T) {
	t.Parallel()
	const at = "/api/v1/deployments/traffic-filter/rulesets/r1"
	page := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no route", http.StatusNotFound) }
	s := elastictest.Serve(t,
		elastictest.Exchange{Want: want("DELETE", at, ""), Instead: page},
		elastictest.Exchange{Want: want("DELETE", at+"/associations/deployment/"+id, ""), Instead: page},
	)
	c := client(t, s.URL)
	if err := c.DeleteRuleset(t.Context(), "r1"); err == nil {
		t.Error("a page of something between was taken for a ruleset that is gone")
	}
	if err := c.Detach(t.Context(), "r1", logs); err == nil {
		t.Error("a page of something between was taken for a ruleset that does not apply")
	}
}
