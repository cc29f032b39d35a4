package link

import (
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// BlockedAddresses are the addresses of the local side that the remote's filters do not let in, and whether the operator has said
// that they are these. Of what an ECE's hosts call themselves IPv4 addresses count, as a filter takes no other; Elastic
// Cloud never sees the private ones.
func (s PairState) BlockedAddresses() (addresses []string, known bool) {
	addresses, known = s.KnownEgress()
	out := Uncovered(addresses, s.Rulesets)
	if known {
		return out, true
	}
	inside := s.RemoteOn.Kind != elastic.KindECH || s.LocalOn.Name == s.RemoteOn.Name
	return slices.DeleteFunc(out, func(a string) bool {
		p, err := prefix(a)
		return err != nil || !p.Addr().Is4() || !p.Addr().IsGlobalUnicast() || p.Addr().IsPrivate() && !inside
	}), false
}
