package link

import (
	"slices"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

func TestARoleIsComparedWithWhatMayBeSearched(t *testing.T) {
	entry := func(cluster, name string, privileges ...string) elastic.RemoteRole {
		return elastic.RemoteRole{Name: "r", Clusters: []string{cluster}, Indices: []elastic.RemoteIndices{
			{Clusters: []string{cluster}, Names: []string{name}, Privileges: privileges},
		}}
	}
	for name, c := range map[string]struct {
		role elastic.RemoteRole
		want []string
	}{
		"all of it":         {entry("eu", "*", "read"), nil},
		"by a pattern":      {entry("e*", "logs-*", "all"), []string{"metrics-1"}},
		"another cluster":   {entry("us", "*", "read"), []string{"logs-a*", "metrics-1"}},
		"no reading":        {entry("eu", "*", "write"), []string{"logs-a*", "metrics-1"}},
		"narrower":          {entry("eu", "logs-ab*", "read"), []string{"logs-a*", "metrics-1"}},
		"by name":           {entry("eu", "metrics-1", "read"), []string{"logs-a*"}},
		"in the middle":     {entry("eu", "l*gs-*", "read"), []string{"metrics-1"}},
		"only a local role": {elastic.RemoteRole{Name: "r"}, []string{"logs-a*", "metrics-1"}},
	} {
		if got := Lacks(c.role, "eu", []string{"logs-a*", "metrics-1"}); !slices.Equal(got, c.want) {
			t.Errorf("%s: lacks %v, want %v", name, got, c.want)
		}
	}
}

func TestReadersAreNamedWithTheRoles(t *testing.T) {
	all := []elastic.RemoteIndices{{Clusters: []string{"*"}, Names: []string{"*"}, Privileges: []string{"read"}}}
	roles := []elastic.RemoteRole{
		{Name: "superuser", Clusters: []string{"*"}, Indices: all, Reserved: true},
		{Name: "ops", Clusters: []string{"*"}, Indices: all},
		{Name: "analysts", Clusters: []string{"eu"}, Indices: all},
		{Name: "empty", Clusters: []string{"eu"}},
	}
	for name, c := range map[string]struct {
		roles []elastic.RemoteRole
		want  string
	}{
		"some": {roles, "superusers, and users with the role analysts (other roles for all remote clusters: ops)"},
		"none": {roles[3:], "superusers only for now"},
	} {
		if got := ReadersOf(c.roles, "eu", []string{"logs-*"}).String(); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
