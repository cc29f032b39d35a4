package link

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// The fields of FilterOptions.
const (
	FieldFilter        = "filter"
	FieldFilterCluster = "filter_cluster"
	FieldFilterFirst   = "filter_first"
)

// Ruleset is the filter that a request asks for, with what is missing.
func Ruleset(c ConnectParams, env, request string, s PairState) elastic.NewRuleset {
	r := Lacking(s, c.Filter)
	r.Name, r.Region = KeySpec(c, env, request).Name, s.Remote.Region
	r.Description = "Lets " + c.Local.String() + " in, for the remote cluster " + c.Alias + ". Managed by remote-cluster-bot, request " + request + "."
	return r
}

// prefix reads an address or CIDR.
func prefix(s string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

func checkFilter(c ConnectParams, wrong *change.InvalidError) {
	if c.Filter == nil {
		return
	}
	if c.ByCertificate() {
		wrong.Add(FieldFilter, "network filters don't apply to connections with certificates")
	}
	if c.Filter.Cluster {
		if len(c.Filter.Sources) > 0 {
			wrong.Add(FieldFilter, "a remote cluster filter has no addresses: leave this empty, or deselect that filter")
		}
		return
	}
	if n := len(c.Filter.Sources); n == 0 || n > elastic.MaxRules {
		wrong.Add(FieldFilter, "name 1 to %d addresses to allow", elastic.MaxRules)
	}
	var all []netip.Prefix
	for _, s := range c.Filter.Sources {
		p, err := prefix(s)
		if err != nil || !p.Addr().Is4() {
			wrong.Add(FieldFilter, "%q is not an IPv4 address or CIDR", s)
			continue
		}
		all = append(all, p)
	}
	if addresses(all) >= 1<<31 {
		wrong.Add(FieldFilter, "%s allows everyone, or half of all addresses", strings.Join(c.Filter.Sources, ", "))
	}
}

// addresses is how many IPv4 addresses are in any of prefixes. Of two prefixes one holds the other, or they share none.
func addresses(prefixes []netip.Prefix) (n uint64) {
	slices.SortFunc(prefixes, func(a, b netip.Prefix) int { return cmp.Compare(a.Bits(), b.Bits()) })
	for i, p := range prefixes {
		if !slices.ContainsFunc(prefixes[:i], p.Overlaps) {
			n += 1 << (32 - p.Bits())
		}
	}
	return n
}

// FilterProblems says what stands against a filter in the world as it is.
func (s PairState) FilterProblems(wrong *change.InvalidError, c ConnectParams) {
	if c.Filter == nil {
		return
	}
	field := c.Filter.field()
	if !s.CanAddFilters() {
		wrong.Add(field, "the bot's configuration does not permit adding network filters on %s", SystemLabel(s.RemoteOn))
		return
	}
	if s.ReadError(PartRulesets) == nil && s.Open() && !c.Filter.First {
		wrong.Add(field, "no filter applies to %s, so it is open and needs none; a first filter would block everyone else", s.Remote.Name)
	}
	switch {
	case c.Filter.Cluster && !s.ByCluster():
		wrong.Add(field, "a remote cluster filter works only within Elastic Cloud or within one ECE: name the addresses to allow")
		return
	case c.Filter.Cluster && s.Local.ClusterID == "":
		wrong.Add(field, "the platform does not report the Elasticsearch cluster id of %s", s.Local.Name)
		return
	case s.RemoteOn.Kind != elastic.KindECH:
		return
	case !c.Filter.Cluster && s.ByCluster():
		wrong.Add(field, "between Elastic Cloud deployments use a remote cluster filter, which has no addresses")
		return
	}
	for _, source := range c.Filter.Sources {
		if p, err := prefix(source); err == nil && p.Addr().IsPrivate() {
			wrong.Add(FieldFilter, "%s is private: name the public address that Elastic Cloud sees after NAT", source)
		}
	}
}

// field is the field that asks for the filter.
func (f FilterOptions) field() string {
	if f.Cluster {
		return FieldFilterCluster
	}
	return FieldFilter
}

// ClosingRulesets are the rulesets because of which a deployment takes no connection that none of them lets in. A firewall for
// what goes out of it closes nothing (Elastic's docs: network security policies).
func ClosingRulesets(rulesets []elastic.Ruleset) []elastic.Ruleset {
	return slices.DeleteFunc(slices.Clone(rulesets), func(r elastic.Ruleset) bool { return r.Type == elastic.FilterEgress })
}

// Open reports whether the remote deployment takes connections from everywhere.
func (s PairState) Open() bool { return len(ClosingRulesets(s.Rulesets)) == 0 }

// KnownEgress are the addresses that the local side's connections come from, and whether the operator has said so.
func (s PairState) KnownEgress() (addresses []string, known bool) {
	if len(s.LocalOn.EgressCIDRs) > 0 {
		return s.LocalOn.EgressCIDRs, true
	}
	return s.Egress, false
}

// FilterOffer is the filter that lets in what the remote's filters shut out of the local side: the cluster, or its
// outgoing addresses, which are those of the configuration, or else what the hosts of the local platform call themselves.
// known tells them apart: those a person has to confirm, as behind NAT others count. Nil where no filter applies, where
// nothing is known to be missing, or where the bot may not add any.
func (s PairState) FilterOffer() (offer *FilterOptions, known bool) {
	if !s.CanAddFilters() || s.Open() {
		return nil, false
	}
	offer, known = s.FilterNeeded()
	if len(offer.Sources) == 0 && (!offer.Cluster || Admitted(s)) {
		return nil, known
	}
	return offer, known
}

// CanRestart reports whether the bot can restart the local deployment.
func (s PairState) CanRestart() bool {
	_, ok := s.LocalOn.Platform.(elastic.Restarts)
	return ok
}

// Unmanaged says what the bot can't do for the two sides because no platform does it; empty where there are platforms.
func (s PairState) Unmanaged() string {
	var lacks []string
	if s.LocalOn.Kind == elastic.KindSelfManaged {
		lacks = append(lacks, "restart the nodes of "+s.Local.Name)
	}
	if s.RemoteOn.Kind == elastic.KindSelfManaged {
		lacks = append(lacks, "see or change what blocks connections to "+s.Remote.Name)
	}
	if len(lacks) == 0 {
		return ""
	}
	return "The bot can't " + strings.Join(lacks, ", or ") + ": no platform does that for it."
}

// CanAddFilters reports whether the bot may add network filters to the remote deployment.
func (s PairState) CanAddFilters() bool {
	_, ok := s.RemoteOn.Platform.(elastic.Filters)
	return ok && s.RemoteOn.CanAddFilters
}

// WarnNewFilter are what people should know of a filter before it is added.
func WarnNewFilter(w *WarningList, s PairState, c ConnectParams) {
	if c.Filter == nil {
		return
	}
	missing := Lacking(s, c.Filter).Allowed()
	switch {
	case len(missing) == 0:
		w.Add("The filters of %s already allow that. Nothing is added.", s.Remote.Name)
	case s.Open():
		w.Add("This is the first filter of %s: it BLOCKS EVERYONE ELSE, including Kibana users and all other clients.", s.Remote.Name)
	case !c.Filter.Cluster:
		w.Add("Adds a filter to %s that allows %s. The bot can't check whether these are the addresses after NAT.", s.Remote.Name, JoinWords(missing))
	}
}

// filterFields are what people read of it.
func filterFields(c ConnectParams, s PairState) []change.Field {
	if c.Filter == nil {
		return nil
	}
	missing := Lacking(s, c.Filter).Allowed()
	if len(missing) == 0 {
		return []change.Field{{Label: "Network filter", Value: "nothing to add"}}
	}
	return []change.Field{{Label: "Network filter", Value: "allows " + JoinWords(missing)}}
}

// sourcesShown is how many sources of a ruleset people read; of more a hash stands in for them.
const sourcesShown = 8

// FilterBasis is whom the remote's filters let in. What is in them counts, not their names alone: a ruleset that lets
// everybody in from now on is another world than the one that was approved. Unread is no world at all: a change that
// adds no filter does without, and one that adds a filter is not planned then (readExtras).
func (s PairState) FilterBasis() change.Field {
	var all []string
	for _, r := range s.Rulesets {
		sources := slices.Sorted(slices.Values(r.Allowed()))
		said := strings.Join(sources, ", ")
		if len(sources) > sourcesShown {
			said = fmt.Sprintf("%d sources, SHA-256 %.16x", len(sources), sha256.Sum256([]byte(said)))
		}
		all = append(all, fmt.Sprintf("%s (%s: %s)", r.ID, r.Type, said))
	}
	slices.Sort(all)
	basis := change.Field{Label: "Network filters of the remote", Value: strings.Join(all, "; ")}
	switch {
	case s.ReadError(PartRulesets) != nil:
		basis.Value, basis.Unread = "could not be read", true
	case len(all) == 0:
		basis.Value = "none"
	}
	return basis
}

// FilterType is the type of network filter that lets the local side in: a remote cluster filter where both sides are on
// Elastic Cloud or on one ECE, whose proxies know the certificate of the cluster that connects; else an IP filter
// (Elastic's docs: remote clusters and network security).
func (s PairState) FilterType() string {
	cloud := s.LocalOn.Kind == elastic.KindECH && s.RemoteOn.Kind == elastic.KindECH
	if cloud || s.LocalOn.Kind == elastic.KindECE && s.LocalOn.Name == s.RemoteOn.Name {
		return elastic.FilterRemoteCluster
	}
	return elastic.FilterIP
}

// ByCluster reports whether a filter lets the local side in as what it is, not by its address.
func (s PairState) ByCluster() bool { return s.FilterType() == elastic.FilterRemoteCluster }

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

// Uncovered returns the addresses that no IP filter lets in.
func Uncovered(addresses []string, rulesets []elastic.Ruleset) []string {
	var allowed []netip.Prefix
	for _, r := range rulesets {
		if r.Type != elastic.FilterIP {
			continue
		}
		for _, source := range r.Sources {
			if p, err := netip.ParsePrefix(source); err == nil {
				allowed = append(allowed, p)
			} else if a, err := netip.ParseAddr(source); err == nil {
				allowed = append(allowed, netip.PrefixFrom(a, a.BitLen()))
			}
		}
	}
	var out []string
	for _, address := range addresses {
		if !covered(address, allowed) {
			out = append(out, address)
		}
	}
	return out
}

func covered(address string, allowed []netip.Prefix) bool {
	a, err := prefix(address)
	if err != nil {
		return false
	}
	for _, p := range allowed {
		if p.Bits() <= a.Bits() && p.Contains(a.Addr()) {
			return true
		}
	}
	return false
}
