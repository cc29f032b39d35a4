package cluster

// Trust lets the cluster's transport port talk to the other's nodes, beside whom it trusts already.
func (c *Cluster) Trust(other *Cluster) {
	defer c.net.enter()()
	c.trust = append(c.trust, Trust{Scope: other.scope, Certificates: []string{other.ca}, All: true})
}
