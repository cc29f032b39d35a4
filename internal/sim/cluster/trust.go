package cluster

import (
	"maps"
	"slices"
	"strings"
)

// Trust is one entry of a cluster's transport trust: nodes whose certificates come from one of the CAs and carry the
// scope, of all clusters or of those listed.
type Trust struct {
	Scope        string
	Certificates []string // PEM
	All          bool
	Clusters     []string // cluster ids, where All is false
}

// trusts tells whether the cluster's transport port would talk to the other's nodes.
func (c *Cluster) trusts(other *Cluster) bool {
	return slices.ContainsFunc(c.trust, func(t Trust) bool {
		named := t.All || slices.Contains(t.Clusters, other.id)
		return named && t.Scope == other.scope && slices.ContainsFunc(t.Certificates, func(pem string) bool { return strings.TrimSpace(pem) == strings.TrimSpace(other.ca) && other.ca != "" })
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
