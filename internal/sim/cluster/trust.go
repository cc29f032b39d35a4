package cluster

import (
	"slices"
	"strings"
)

// Trust is one entry of a cluster's transport trust: nodes whose certificates come from one of the CAs and carry the
// scope, of all clusters or of those listed. Or it is of proxies: anyone who shows a certificate of one of the CAs at the
// port for remote clusters.
type Trust struct {
	Scope        string
	Certificates []string // PEM
	All          bool
	Clusters     []string // cluster ids, where All is false
	Proxies      bool
}

// knowsAuthority tells whether the cluster trusts the authority of the other's certificates, whatever they have to name.
func knowsAuthority(c, other *Cluster) bool {
	return slices.ContainsFunc(c.trust, func(t Trust) bool {
		return !t.Proxies && slices.ContainsFunc(t.Certificates, func(pem string) bool {
			return strings.TrimSpace(pem) == strings.TrimSpace(other.certificates.ca) && other.certificates.ca != ""
		})
	})
}

// trustedNames are the names that the cluster's trust demands of certificates, as its nodes list them.
func trustedNames(c *Cluster) string {
	var names []string
	for _, t := range c.trust {
		ids := t.Clusters
		if t.All {
			ids = []string{"*"}
		}
		for _, id := range ids {
			names = append(names, "*.node."+id+".cluster."+t.Scope+".account")
		}
	}
	return "[" + strings.Join(names, ", ") + "]"
}

// trusts tells whether the cluster's transport port would talk to the other's nodes.
func trusts(c, other *Cluster) bool {
	return slices.ContainsFunc(c.trust, func(t Trust) bool {
		named := t.All || slices.Contains(t.Clusters, other.id)
		return !t.Proxies && named && t.Scope == other.certificates.scope && slices.ContainsFunc(t.Certificates, func(pem string) bool {
			return strings.TrimSpace(pem) == strings.TrimSpace(other.certificates.ca) && other.certificates.ca != ""
		})
	})
}

// trustsProxies tells whether the cluster would talk to the proxies before the other's port for remote clusters. Those
// of its own platform it knows.
func trustsProxies(c, other *Cluster) bool {
	return other.proxyCA == "" || other.proxyCA == c.proxyCA || slices.ContainsFunc(c.trust, func(t Trust) bool {
		return t.Proxies && slices.ContainsFunc(t.Certificates, func(pem string) bool { return strings.TrimSpace(pem) == strings.TrimSpace(other.proxyCA) })
	})
}

// namedIn tells whether the cluster's certificate fits what the settings of a connection to it name. The server name is
// what TLS asks for; the certificate passes for the host of the address, too.
func namedIn(c *Cluster, r remote) bool {
	host, _ := splitAddress(r.address)
	private := c.private != "" && c.presents == "" && slices.Contains([]string{r.serverName, host}, c.private) // it has the private name, too
	return c.certificateName() == r.serverName || c.certificateName() == host || private
}
