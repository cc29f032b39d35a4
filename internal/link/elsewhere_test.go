package link_test

import (
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

func TestAddressKind(t *testing.T) {
	s := link.PairState{Remote: elastic.Deployment{Endpoint: "logs.cloud.example"}, RemoteOn: link.System{PrivateHosts: []string{"Logs.private.example"}}}
	for name, test := range map[string]struct{ address, server, want string }{
		"the platform's":      {"logs.cloud.example:9443", "logs.cloud.example", link.AddressPlatform},
		"another port":        {"logs.cloud.example:9444", "logs.cloud.example", link.AddressOther},
		"another server name": {"logs.cloud.example:9443", "else.example", link.AddressOther},
		"private":             {"logs.private.example:9443", "logs.private.example", link.AddressPrivate},
		"privately there":     {"logs.private.example:9443", "logs.cloud.example", link.AddressPrivate},
		"private and strange": {"logs.private.example:9443", "else.example", link.AddressOther},
		"of nobody":           {"else.example:9443", "logs.cloud.example", link.AddressOther},
		"no address":          {"", "logs.cloud.example", link.AddressOther},
	} {
		if got := s.AddressKind(link.ConnectParams{ProxyAddress: test.address, ServerName: test.server}); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	if got := (link.PairState{}).AddressKind(link.ConnectParams{}); got != link.AddressOther {
		t.Errorf("where nothing is known: %s", got)
	}
}
