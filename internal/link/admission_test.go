package link

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// filtering is a platform that can add filters, as far as a check looks.
type filtering struct {
	elastic.Platform
	elastic.Filters
}

func onPlatforms(local, remote System, rulesets ...elastic.Ruleset) PairState {
	return PairState{
		Local: elastic.Deployment{Name: "logs", ClusterID: "c1"}, Remote: elastic.Deployment{Name: "metrics", Region: "r"},
		LocalOn: local, RemoteOn: remote, Rulesets: rulesets,
		LocalScope: elastic.Environment{ID: "o1", Certain: true},
	}
}

func clusterRuleset(rules ...elastic.ClusterRule) elastic.Ruleset {
	return elastic.Ruleset{ID: "r", Name: "partners", Type: elastic.FilterRemoteCluster, Clusters: rules}
}

var (
	acme, other = System{Name: "acme", Kind: elastic.KindECH}, System{Name: "other", Kind: elastic.KindECH}
	prod, lab   = System{Name: "prod", Kind: elastic.KindECE}, System{Name: "lab", Kind: elastic.KindECE}
	dc          = System{Name: "dc", Kind: elastic.KindSelfManaged}
)

// As Elastic's page on remote clusters and network security says.
func TestTheKindOfFilterFollowsThePlatforms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		local, remote System
		byCluster     bool
	}{
		{acme, acme, true},
		{acme, other, true},
		{prod, prod, true},
		{prod, lab, false},
		{prod, acme, false},
		{acme, prod, false},
		{dc, acme, false},
		{acme, dc, false},
		{dc, prod, false},
	} {
		if got := onPlatforms(c.local, c.remote).ByCluster(); got != c.byCluster {
			t.Errorf("%s → %s: %v", c.local.Name, c.remote.Name, got)
		}
	}
}

func TestRemoteClusterFiltersAreJudged(t *testing.T) {
	t.Parallel()
	whole := elastic.ClusterRule{Cluster: "c1", Organization: "o1"}
	for name, c := range map[string]struct {
		rule    elastic.ClusterRule
		unknown bool // the local side's organization
		warning string
		adds    []elastic.ClusterRule
	}{
		"the cluster":                         {rule: elastic.ClusterRule{Cluster: "c1"}},
		"its organization":                    {rule: elastic.ClusterRule{Organization: "o1"}},
		"both":                                {rule: whole},
		"another cluster":                     {rule: elastic.ClusterRule{Cluster: "c2"}, warning: "none allows logs", adds: []elastic.ClusterRule{whole}},
		"another cluster of its organization": {rule: elastic.ClusterRule{Cluster: "c2", Organization: "o1"}, warning: "none allows", adds: []elastic.ClusterRule{whole}},
		"the cluster, of another one":         {rule: elastic.ClusterRule{Cluster: "c1", Organization: "o2"}, warning: "none allows", adds: []elastic.ClusterRule{whole}},
		"an organization, its own not known": {
			rule: elastic.ClusterRule{Organization: "o2"}, unknown: true, warning: "know whether logs belongs to it", adds: []elastic.ClusterRule{{Cluster: "c1"}},
		},
	} {
		s := onPlatforms(acme, other, clusterRuleset(c.rule))
		if c.unknown {
			s.LocalScope = elastic.Environment{}
		}
		var w WarningList
		WarnAdmission(&w, s, ConnectParams{})
		if said := strings.Join(w, "\n"); !strings.Contains(said, c.warning) || (c.warning == "") != (said == "") {
			t.Errorf("%s: says %q", name, said)
		}
		if diff := cmp.Diff(c.adds, Lacking(s, &FilterOptions{Cluster: true}).Clusters); diff != "" {
			t.Errorf("%s: would add (-want +got):\n%s", name, diff)
		}
	}
}

// Each kind is named as the console names it, and what helps nobody is said to.
func TestFiltersAreNamedByTheirKinds(t *testing.T) {
	t.Parallel()
	all := []elastic.Ruleset{
		{ID: "1", Name: "a", Type: elastic.FilterIP},
		{ID: "2", Name: "b", Type: elastic.FilterAWS},
		{ID: "3", Name: "c", Type: elastic.FilterAzure},
		{ID: "4", Name: "d", Type: elastic.FilterGCP},
		{ID: "5", Name: "e", Type: elastic.FilterRemoteCluster},
		{ID: "6", Name: "f", Type: "novel"},
		{ID: "7"},
		{ID: "8", Name: "out", Type: elastic.FilterEgress},
	}
	var w WarningList
	WarnAdmission(&w, onPlatforms(prod, acme, all...), ConnectParams{})
	const said = "(a: IP filter; b: AWS PrivateLink; c: Azure Private Link; d: GCP Private Service Connect; e: remote cluster filter; " +
		"f: type novel; 7, which could not be found): they must allow the outgoing addresses of"
	if len(w) != 1 || !strings.Contains(w[0], said) || !strings.Contains(w[0], "works only within Elastic Cloud, or within one ECE") {
		t.Errorf("says %q", w)
	}
}

// Within one ECE addresses count as well: its proxies see those of its hosts.
func TestWithinOneECEAnIPFilterCountsToo(t *testing.T) {
	t.Parallel()
	s := onPlatforms(prod, prod, elastic.Ruleset{ID: "r", Name: "hosts", Type: elastic.FilterIP, Sources: []string{"10.0.0.0/8"}})
	s.Egress = []string{"10.0.0.7", "host-1.ece.example"}
	if !Admitted(s) {
		t.Error("the hosts' addresses do not count")
	}
	s.Egress = append(s.Egress, "192.0.2.9")
	if Admitted(s) {
		t.Error("one host that is block out does not count")
	}
}

func TestWhatOtherFiltersLetInToo(t *testing.T) {
	t.Parallel()
	ours := clusterRuleset(elastic.ClusterRule{Cluster: "c1", Organization: "o1"})
	for name, c := range map[string]struct {
		rest elastic.ClusterRule
		only bool
	}{
		"the same": {elastic.ClusterRule{Cluster: "c1", Organization: "o1"}, false},
		"wider":    {elastic.ClusterRule{Organization: "o1"}, false},
		"another":  {elastic.ClusterRule{Cluster: "c2"}, true},
		"empty":    {elastic.ClusterRule{}, true},
	} {
		if got := OnlyThere(ours, []elastic.Ruleset{clusterRuleset(c.rest)}); (len(got) > 0) != c.only {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestTheWrongKindOfFilterIsRefused(t *testing.T) {
	t.Parallel()
	byCluster, byAddress := FilterOptions{Cluster: true}, FilterOptions{Sources: []string{"203.0.113.10"}}
	for name, c := range map[string]struct {
		local, remote System
		filter        FilterOptions
		field         string
	}{
		"a cluster where addresses count":  {prod, acme, byCluster, FieldFilterCluster},
		"addresses within Elastic Cloud":   {acme, other, byAddress, FieldFilter},
		"a cluster within Elastic Cloud":   {acme, other, byCluster, ""},
		"addresses of an ECE":              {prod, acme, byAddress, ""},
		"addresses within one ECE as well": {prod, prod, byAddress, ""},
	} {
		c.remote.CanAddFilters, c.remote.Platform = true, filtering{}
		s := onPlatforms(c.local, c.remote, clusterRuleset())
		p := ConnectParams{Filter: &c.filter}
		var wrong change.InvalidError
		s.FilterProblems(&wrong, p)
		about := ""
		for _, one := range wrong.Problems {
			about += one.Field
		}
		if about != c.field {
			t.Errorf("%s: %+v", name, wrong.Problems)
		}
	}
}
