package cluster

// AddTrust lets the cluster's transport port talk to more nodes, beside those that it trusts already.
func (c *Cluster) AddTrust(t Trust) {
	defer c.net.enter()()
	c.trust = append(c.trust, t)
}

// AsTrust is what another cluster needs to trust all nodes of this one's environment.
func (c *Cluster) AsTrust() Trust {
	defer c.net.enter()()
	return Trust{Scope: c.scope, Certificates: []string{c.ca}, All: true}
}
