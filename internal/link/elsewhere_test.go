package link_test

import (
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// privately is a pair whose remote side has private hosts.
func privately(local, remote, region string) link.PairState {
	return link.PairState{
		Remote:  elastic.Deployment{Name: "logs", Endpoint: "logs-1a2b.es.cloud.example", ClusterID: "c1", Region: region},
		LocalOn: link.System{Name: "local", Kind: local},
		RemoteOn: link.System{Kind: remote, PrivateHosts: []link.PrivateHosts{
			{Region: "aws-eu-west-1", Hosts: []string{"*.vpce.example", "Logs.private.example"}},
			{Hosts: []string{"any.private.example"}},
		}},
	}
}

func TestAddressKind(t *testing.T) {
	const endpoint, region = "logs-1a2b.es.cloud.example", "aws-eu-west-1"
	for name, test := range map[string]struct{ local, region, address, server, want string }{
		"the platform's":            {elastic.KindECE, region, endpoint + ":9443", endpoint, link.AddressPlatform},
		"another port":              {elastic.KindECE, region, endpoint + ":9444", endpoint, link.AddressOther},
		"another server name":       {elastic.KindECE, region, endpoint + ":9443", "else.example", link.AddressOther},
		"private":                   {elastic.KindECE, region, "logs.private.example:9443", "logs.private.example", link.AddressPrivate},
		"privately there":           {elastic.KindECE, region, "logs.private.example:9443", endpoint, link.AddressPrivate},
		"from self-managed":         {elastic.KindSelfManaged, region, "c1.vpce.example:9443", "c1.vpce.example", link.AddressPrivate},
		"by its id":                 {elastic.KindECE, region, "C1.vpce.example.:9443", endpoint, link.AddressPrivate},
		"by its alias":              {elastic.KindECE, region, "logs-1a2b.es.vpce.example:9443", endpoint, link.AddressPrivate},
		"by another one's id":       {elastic.KindECE, region, "c2.vpce.example:9443", endpoint, link.AddressOther},
		"named like another one":    {elastic.KindECE, region, "c1.vpce.example:9443", "c2.vpce.example", link.AddressOther},
		"the zone itself":           {elastic.KindECE, region, "vpce.example:9443", endpoint, link.AddressOther},
		"of another region":         {elastic.KindECE, "aws-us-east-1", "logs.private.example:9443", endpoint, link.AddressOther},
		"of every region":           {elastic.KindECE, "aws-us-east-1", "any.private.example:9443", endpoint, link.AddressPrivate},
		"from Elastic Cloud":        {elastic.KindECH, region, "logs.private.example:9443", endpoint, link.AddressOther},
		"private and strange":       {elastic.KindECE, region, "logs.private.example:9443", "else.example", link.AddressOther},
		"of nobody":                 {elastic.KindECE, region, "else.example:9443", endpoint, link.AddressOther},
		"no address":                {elastic.KindECE, region, "", endpoint, link.AddressOther},
		"public, by a private name": {elastic.KindECE, region, endpoint + ":9443", "c1.vpce.example", link.AddressOther},
	} {
		s := privately(test.local, elastic.KindECH, test.region)
		if got := link.AddressKind(s, link.ConnectParams{ProxyAddress: test.address, ServerName: test.server}); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	if got := link.AddressKind((link.PairState{}), link.ConnectParams{}); got != link.AddressOther {
		t.Errorf("where nothing is known: %s", got)
	}
}

func TestWhereAPrivateHostCannotBeUsed(t *testing.T) {
	const refused = "is refused"
	for name, test := range map[string]struct {
		local, remote, region, port string
		model                       link.Model
		want                        string
	}{
		"from an ECE":                        {elastic.KindECE, elastic.KindECH, "aws-eu-west-1", "9443", "", ""},
		"from an ECE, by certificates":       {elastic.KindECE, elastic.KindECH, "aws-eu-west-1", "9400", link.ModelCertificate, ""},
		"from Elastic Cloud":                 {elastic.KindECH, elastic.KindECH, "aws-eu-west-1", "9443", "", refused},
		"from Elastic Cloud, into an ECE":    {elastic.KindECH, elastic.KindECE, "", "9443", "", refused},
		"at another port of Elastic Cloud":   {elastic.KindECE, elastic.KindECH, "aws-eu-west-1", "9400", "", refused},
		"at another port of an ECE":          {elastic.KindECE, elastic.KindECE, "", "19443", "", ""},
		"through Google Cloud":               {elastic.KindECE, elastic.KindECH, "gcp-europe-west1", "9443", "", refused},
		"through Google Cloud by certificat": {elastic.KindECE, elastic.KindECH, "gcp-europe-west1", "9400", link.ModelCertificate, ""},
	} {
		s := privately(test.local, test.remote, test.region)
		var wrong change.InvalidError
		link.ElsewhereProblems(s, &wrong, link.ConnectParams{
			Model: test.model, Elsewhere: true, // even where it is meant
			ProxyAddress: "any.private.example:" + test.port, ServerName: s.Remote.Endpoint,
		})
		if (len(wrong.Problems) > 0) != (test.want == refused) {
			t.Errorf("%s: %+v", name, wrong.Problems)
		}
	}
}

func TestWhereAConnectionIsToGo(t *testing.T) {
	const public, endpoint = "logs-1a2b.es.cloud.example:9443", "logs-1a2b.es.cloud.example"
	s := privately(elastic.KindECE, elastic.KindECH, "aws-eu-west-1")
	for name, test := range map[string]struct{ address, server, right, as string }{
		"public":                         {public, endpoint, public, endpoint},
		"of nobody":                      {"else.example:9443", endpoint, public, endpoint},
		"private":                        {"c1.vpce.example:9443", "c1.vpce.example", "c1.vpce.example:9443", "c1.vpce.example"},
		"private, at the other port":     {"c1.vpce.example:9400", "c1.vpce.example", "c1.vpce.example:9443", "c1.vpce.example"},
		"private, with a strange name":   {"c1.vpce.example:9443", "else.example", "c1.vpce.example:9443", endpoint},
		"private, of another deployment": {"c2.vpce.example:9443", "c2.vpce.example", public, endpoint},
	} {
		address, as := link.RightAddressOf(s, link.ConnectParams{ProxyAddress: test.address, ServerName: test.server})
		if address != test.right || as != test.as {
			t.Errorf("%s: %s as %s, want %s as %s", name, address, as, test.right, test.as)
		}
	}
	onPurpose := link.ConnectionState{PairState: s, Managed: &link.ManagedConnection{
		Elsewhere: true, Settings: map[string]string{"proxy_address": "proxy.corp.example:9443", "server_name": endpoint},
	}}
	if address, _ := link.RightAddress(onPurpose); address != "proxy.corp.example:9443" {
		t.Errorf("what was set on purpose is to go to %s", address)
	}
}

func TestAFilterOfAddressesDoesNotCountForAPrivateConnection(t *testing.T) {
	s := privately(elastic.KindECE, elastic.KindECH, "aws-eu-west-1")
	s.Rulesets = []elastic.Ruleset{{ID: "r", Name: "office", Type: elastic.FilterIP, Sources: []string{"203.0.113.0/24"}}}
	c := link.ConnectParams{ProxyAddress: "c1.vpce.example:9443", ServerName: s.Remote.Endpoint}
	said := func() string {
		var w link.WarningList
		link.WarnAdmission(&w, s, c)
		return w[0]
	}
	const none = "for a private connection, only a filter that names its endpoint applies, and there is none."
	if got := said(); got != "Network filters apply to logs (office: IP filter): "+none {
		t.Errorf("says %q", got)
	}
	s.Rulesets[0].Type = elastic.FilterAWS
	if got := said(); got != "Network filters apply to logs (office: AWS PrivateLink): for a private connection, only a filter that names its endpoint applies." {
		t.Errorf("says %q", got)
	}
}
