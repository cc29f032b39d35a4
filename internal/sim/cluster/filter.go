package cluster

import (
	"net/netip"
	"slices"
	"strings"
)

// Filter is a network filter: a ruleset with its sources. Only the types "ip" and "remote_cluster" have an effect here.
type Filter struct {
	Type     string
	Sources  []string     // addresses and CIDRs of the type "ip"
	Clusters []FilterRule // of the type "remote_cluster": admits within Elastic Cloud, or one ECE, only
}

// FilterRule is remote_cluster_id and remote_cluster_org_id of a rule; both count where both are there.
type FilterRule struct{ ID, Org string }

// Allowed is whom it lets in, for people.
func (f Filter) Allowed() []string {
	all := slices.DeleteFunc(slices.Clone(f.Sources), func(s string) bool { return s == "" })
	for _, r := range f.Clusters {
		all = append(all, strings.Trim(r.Org+"/"+r.ID, "/"))
	}
	return all
}

// admits tells whether an address may come in: without filters everybody, else whom any of them names.
func admits(c *Cluster, addrs []netip.Addr, from *Cluster) bool {
	closed := false
	for _, f := range c.filters {
		switch f.Type {
		case "egress_firewall":
			continue
		case "ip":
			if f.covers(addrs) {
				return true
			}
		case "remote_cluster":
			if from != nil && (from.realm == c.realm && c.realm != "" || from.certificates.scope == c.certificates.scope) && f.names(from) {
				return true
			}
		}
		closed = true
	}
	return !closed
}

// covers needs every address covered: a cluster's connections may leave from any of them.
func (f Filter) covers(addrs []netip.Addr) bool {
	for _, a := range addrs {
		found := false
		for _, s := range f.Sources {
			if p, err := netip.ParsePrefix(s); err == nil && p.Contains(a) {
				found = true
			}
			if one, err := netip.ParseAddr(s); err == nil && one == a {
				found = true
			}
		}
		if !found {
			return false
		}
	}
	return len(addrs) > 0
}

func (f Filter) names(from *Cluster) bool {
	return slices.ContainsFunc(f.Clusters, func(r FilterRule) bool {
		return (r.ID == "" || r.ID == from.id) && (r.Org == "" || r.Org == from.certificates.scope) && r != (FilterRule{})
	})
}
