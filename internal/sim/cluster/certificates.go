package cluster

// The files that every node of Elastic's platforms has, and the one that those of Elastic Cloud have: the authority of
// their region (Elastic's docs: ec-remote-cluster-strong-identity).
const (
	nodeCertificate = "node.crt"
	nodeKey         = "node.key"
	internalCA      = "internal_tls_ca.crt"
	configDir       = "/app/config"
)

// certificates are those that a cluster's nodes show, and the files with authorities that they have.
type certificates struct {
	id, scope string            // stand in the nodes' name
	ca        string            // PEM: who signs theirs
	files     map[string]string // authorities: PEM by path
	lapsed    bool              // they have ended
}

// nodeName is the name of the cluster's node in its certificate: <node>.node.<cluster id>.cluster.<scope id>.
func (c *certificates) nodeName() string {
	return "instance-0000000000.node." + c.id + ".cluster." + c.scope
}

// dn is the name in the certificates of the cluster's nodes: CN=<node>.node.<cluster id>.cluster.<scope id>.
func (c *certificates) dn() string { return "CN=" + c.nodeName() }

// renew makes another authority sign them.
func (c *certificates) renew(ca string) {
	if _, ok := c.files[internalCA]; ok {
		c.files[internalCA] = ca
	}
	c.ca = ca
}
