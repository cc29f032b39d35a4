package cluster

import (
	"maps"
	"slices"
	"strings"
)

// Trust is one entry of a cluster's transport trust: nodes whose certificates come from one of the CAs and carry the
// scope, of all clusters or of those listed. Or it is of proxies: whoever shows a certificate of one of the CAs at the
// port for remote clusters.
type Trust struct {
	Scope        string
	Certificates []string // PEM
	All          bool
	Clusters     []string // cluster ids, where All is false
	Proxies      bool
}

// trusts tells whether the cluster's transport port would talk to the other's nodes.
func (c *Cluster) trusts(other *Cluster) bool {
	return slices.ContainsFunc(c.trust, func(t Trust) bool {
		named := t.All || slices.Contains(t.Clusters, other.id)
		return !t.Proxies && named && t.Scope == other.scope && slices.ContainsFunc(t.Certificates, func(pem string) bool { return strings.TrimSpace(pem) == strings.TrimSpace(other.ca) && other.ca != "" })
	})
}

// trustsProxies tells whether the cluster would talk to the proxies before the other's port for remote clusters. Those
// of its own platform it knows.
func (c *Cluster) trustsProxies(other *Cluster) bool {
	return other.proxyCA == "" || other.proxyCA == c.proxyCA || slices.ContainsFunc(c.trust, func(t Trust) bool {
		return t.Proxies && slices.ContainsFunc(t.Certificates, func(pem string) bool { return strings.TrimSpace(pem) == strings.TrimSpace(other.proxyCA) })
	})
}

// SetCA makes the cluster's nodes show certificates of another authority. All their connections are opened anew.
func (c *Cluster) SetCA(pem string) {
	defer c.net.enter()()
	if _, ok := c.files[internalCA]; ok {
		c.files[internalCA] = pem
	}
	c.ca = pem
	clear(c.links)
	for _, other := range c.net.clusters {
		maps.DeleteFunc(other.links, func(_ string, l *link) bool { return l.remote == c })
	}
}
