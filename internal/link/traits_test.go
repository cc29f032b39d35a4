package link_test

import (
	"fmt"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

func TestNamesOfTheSystemAreWide(t *testing.T) {
	for pattern, want := range map[string][2]string{
		"metrics-*":         {"narrow", "no"},
		"logs-nginx":        {"narrow", "no"},
		"partials":          {"narrow", "no"},
		"a.b":               {"narrow", "no"},
		".security":         {"wide", "yes"},
		".ds-logs-*":        {"wide", "yes"},
		"partial-metrics-*": {"wide", "yes"},
		"restored-x":        {"wide", "yes"},
		"part*":             {"wide", "yes"},
		"restor*":           {"wide", "yes"},
		"lo*":               {"wide", "no"},
		"*-metrics":         {"wide", "yes"},
		"*":                 {"all", "yes"},
		"?*":                {"all", "yes"}, // of a key that was made by hand
		"/logs|.*/":         {"all", "yes"},
	} {
		got := link.Traits(link.PairState{}, "connect", elastic.Access{Search: []string{"metrics-*", pattern}}, nil)
		if got["breadth"][0] != want[0] || got["system"][0] != want[1] {
			t.Errorf("%s: breadth %v, system %v; want %v", pattern, got["breadth"], got["system"], want)
		}
	}
	if got := link.Traits(link.PairState{}, "adopt", elastic.Access{}, nil); got["system"][0] != "yes" {
		t.Errorf("unknown access: system %v", got["system"])
	}
}

// A remote cluster that nobody finds is what the registry remembers of it; what it does not remember is not known.
func TestAnUnknownRemoteIsWhatIsRememberedOrNotKnown(t *testing.T) {
	gone := link.ConnectionState{PairState: link.PairState{Local: elastic.Deployment{
		Ref: elastic.Ref{Platform: "ece", Deployment: "l"}, Name: "logs", Tags: map[string]string{"level": "low"},
	}}}
	remembered := gone
	remembered.Managed = &link.ManagedConnection{Remote: elastic.Ref{Platform: "cloud", Deployment: "r"}, RemoteName: "billing-prod [r]"}
	for name, tt := range map[string]struct {
		e    link.ConnectionState
		want map[string]string
	}{
		"made by hand": {gone, map[string]string{"remote.platform": "?", "remote.name": "?", "remote.id": "?", "remote.tag.level": "?", "local.tag.level": "low"}},
		"managed":      {remembered, map[string]string{"remote.platform": "cloud", "remote.name": "billing-prod", "remote.id": "r", "remote.tag.level": "?"}},
	} {
		got := link.TraitsOfState(tt.e, "disconnect", tt.e.Params(), []string{"level"})
		for trait, want := range tt.want {
			if len(got[trait]) != 1 || got[trait][0] != want {
				t.Errorf("%s: %s is %q, want %q", name, trait, got[trait], want)
			}
		}
	}
}

func TestHowLongAKeyLivesAndWhomASideTrustsAreTraits(t *testing.T) {
	byKey := link.ConnectParams{ExpiryDays: 90}
	all := link.ConnectParams{Model: link.ModelCertificate, Trust: &link.TrustOptions{All: true}}
	some := link.ConnectParams{Model: link.ModelCertificate, Trust: &link.TrustOptions{Clusters: []string{"b", "a"}}}
	for name, tt := range map[string]struct {
		c      link.ConnectParams
		expiry string
		trust  string
		ids    string
	}{
		"days":          {byKey, "[90]", "[]", "[]"},
		"never":         {link.ConnectParams{}, "[never]", "[]", "[]"},
		"all clusters":  {all, "[]", "[yes]", "[]"},
		"some clusters": {some, "[]", "[no]", "[a b]"},
	} {
		got := link.TraitsOf(tt.c, "connect", link.PairState{}, nil)
		if fmt.Sprint(got["expiry"]) != tt.expiry || fmt.Sprint(got["trust_all"]) != tt.trust || fmt.Sprint(got["trust_clusters"]) != tt.ids {
			t.Errorf("%s: expiry %v, trust_all %v, trust_clusters %v", name, got["expiry"], got["trust_all"], got["trust_clusters"])
		}
	}
}
