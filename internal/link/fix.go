package link

import (
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// FilterNeeded is the filter that lets in the local side where the remote's filters do not, and whether it is certain:
// of addresses, that the operator has said that they are these. Of what an ECE's hosts call themselves IPv4 addresses
// count, as a filter takes no other; Elastic Cloud never sees the private ones.
func (s PairState) FilterNeeded() (needed *FilterOptions, known bool) {
	if s.ByCluster() {
		return &FilterOptions{Cluster: true}, true
	}
	addresses, known := s.KnownEgress()
	out := Uncovered(addresses, s.Rulesets)
	if known {
		return &FilterOptions{Sources: out}, true
	}
	inside := s.RemoteOn.Kind != elastic.KindECH
	return &FilterOptions{Sources: slices.DeleteFunc(out, func(a string) bool {
		p, err := prefix(a)
		return err != nil || !p.Addr().Is4() || !p.Addr().IsGlobalUnicast() || p.Addr().IsPrivate() && !inside
	})}, false
}
