package link

import (
	"regexp"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// The whole name has to fit, as Elasticsearch matches it.
func TestAnOrganizationsCertificatesAreToldFromOthers(t *testing.T) {
	t.Parallel()
	re := regexp.MustCompile("^(?:" + organizationIdentity("123") + ")$")
	for name, fits := range map[string]bool{
		"CN=instance-0.node.abc.cluster.123": true, "CN=instance-1.node.def.cluster.123": true,
		"CN=instance-0.node.abc.cluster.1234": false, "CN=instance-0.node.abc.cluster.9123": false, "CN=instance-0.node.abc.clusterX123": false,
	} {
		if re.MatchString(name) != fits {
			t.Errorf("%s: %v", name, !fits)
		}
	}
}

func TestAnOrganizationHasToBeCertain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scope   elastic.Environment
		pattern string
		fine    bool
	}{
		"certain":            {elastic.Environment{ID: "123", Certain: true}, "", true},
		"as it was approved": {elastic.Environment{ID: "123", Certain: true}, organizationIdentity("123"), true},
		"another one since":  {elastic.Environment{ID: "123", Certain: true}, organizationIdentity("456"), false},
		"a suggestion":       {elastic.Environment{ID: "123"}, "", false},
		"not known":          {elastic.Environment{}, "", false},
	} {
		s := PairState{LocalScope: c.scope}
		err := RequireOrganization(s, ConnectParams{Identity: &IdentityOptions{Organization: true, Pattern: c.pattern}})
		if (err == nil) != c.fine {
			t.Errorf("%s: %v", name, err)
		}
	}
}
