package link

import (
	"net"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// FieldElsewhere is the tick that a connection goes to an address which the platform does not know.
const FieldElsewhere = "elsewhere"

// The values of the trait address.
const (
	AddressPlatform = "platform" // what the platform says of the remote deployment
	AddressPrivate  = "private"  // a host of the operator's private networks, see System.PrivateHosts
	AddressOther    = "other"    // any other: the host that answers there is shown the key
)

const traitAddress = "address"

// AddressKind says whose address and server name c connects to. What the platform does not tell counts as other.
func (s PairState) AddressKind(c ConnectParams) string {
	known := AddressFor(c.Model, s.Remote)
	if known != "" && c.ProxyAddress == known && c.ServerName == s.Remote.Endpoint {
		return AddressPlatform
	}
	host, _, err := net.SplitHostPort(c.ProxyAddress)
	if err == nil && s.private(host) && (c.ServerName == s.Remote.Endpoint || s.private(c.ServerName)) {
		return AddressPrivate
	}
	return AddressOther
}

// GoesElsewhere reports whether the traits of a change say that it goes to an address of nobody known.
func GoesElsewhere(traits map[string][]string) bool {
	return slices.Contains(traits[traitAddress], AddressOther)
}

func (c ConnectParams) sameAddress(o ConnectParams) bool {
	return c.ProxyAddress == o.ProxyAddress && c.ServerName == o.ServerName
}

// ElsewhereProblems refuse an address of nobody known, unless who asks has said that it is meant, and a private one that can't be used.
func (s PairState) ElsewhereProblems(wrong *change.InvalidError, c ConnectParams) {
	s.PrivateProblems(wrong, c)
	if len(wrong.Problems) > 0 || c.Elsewhere || s.AddressKind(c) != AddressOther {
		return
	}
	known, field, typed := AddressFor(c.Model, s.Remote), FieldAddress, c.ProxyAddress
	if c.ProxyAddress == known {
		field, typed = FieldServerName, c.ServerName
	}
	wrong.Add(field, "%s is not what the platform says of %s (%s, %s): take that, or tick \"It is meant\" (of a new connection under Advanced settings)",
		typed, s.Remote.Name, known, s.Remote.Endpoint)
}

// Elsewhere warns of an address of nobody known.
func (w *WarningList) Elsewhere(s PairState, c ConnectParams) {
	if s.AddressKind(c) == AddressOther {
		w.Add("The address or server name is not what the platform says of %s (%s, %s).", s.Remote.Name, AddressFor(c.Model, s.Remote), s.Remote.Endpoint)
	}
}
