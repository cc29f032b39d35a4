package cluster

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/documents"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/security"
)

// The ports of a cluster on Elastic's platforms.
const (
	PortRemoteCluster = 9443 // remote cluster server: API key model
	PortTransport     = 9400 // transport: TLS certificate model
	portHTTPS         = 443
	portHTTPSECE      = 9243
)

// What a cluster is described with stands in the rooms below.
type (
	// Version is a version of the Elastic Stack.
	Version = rest.Version
	// User is a native user.
	User = security.User
	// Role is a role as the security API writes it.
	Role = security.Role
	// IndicesPrivileges are rights on local indices.
	IndicesPrivileges = security.IndicesPrivileges
	// RemoteIndices are rights on indices of remote clusters.
	RemoteIndices = security.RemoteIndices
	// KeyState is an API key without its secret.
	KeyState = security.KeyState
)

// Spec says what a new cluster is. Host and Version are required.
type Spec struct {
	Name    string // for people and for the fault matcher: "logs-prod"
	ID      string // the platform's cluster id; made up if empty
	Host    string // the endpoint's host name
	Private string // the host of its private connections, where it has any
	Version string
	License License // Enterprise and active if empty

	Egress []netip.Addr // where its outgoing connections seem to come from
	Realm  string       // whose proxies know its certificates: those of all Elastic Cloud; empty: of Scope alone
	Scope  string       // the id in its nodes' certificate names: an environment's or organization's
	// ProxyCA is the PEM of the private authority of the proxies before its port for remote clusters; empty: a public one.
	ProxyCA string
	CA      string // PEM of the CA that signs its nodes' certificates: node.crt, beside which stands node.key
	// ReadsWhenTold: its nodes read their keystore only when they are told to, as where there is no platform.
	ReadsWhenTold bool
	// Authorities are the files with certificate authorities that its nodes have: PEM by path.
	Authorities map[string]string

	Users   []User // User elastic with the role superuser is always there; give one of that name to set its password
	Roles   map[string]Role
	Indices map[string][]json.RawMessage // documents by index
}

// License is a cluster's license.
type License struct {
	Type   string // basic, standard, gold, platinum, enterprise, trial
	Status string // active, expired
}

// compliant tells whether the license allows what only Enterprise and trial allow.
func (l License) compliant() bool {
	return l.Status == "active" && (l.Type == "enterprise" || l.Type == "trial")
}

// Cluster is one simulated Elasticsearch cluster.
type Cluster struct {
	net  *Net
	name string
	id   string
	uuid string
	host string
	born time.Time

	private string // the host of its private connections; empty: none

	version Version
	license License
	egress  []netip.Addr
	realm   string
	proxyCA string

	security     *security.Directory
	indices      documents.Indices
	settings     *settings
	keystore     *keystore
	certificates *certificates
	connections  *connections
	callers      map[*Cluster]struct{} // those that have opened a connection to it

	followers []Follower
	tasks     []Task
	filters   []Filter
	trust     []Trust
	stopped   bool
	boots     int
	keyless   bool   // remote_cluster_server.enabled is false
	presents  string // the name in the certificate of its remote ports; empty: host
}

// Add puts a new cluster into the network.
func (n *Net) Add(s Spec) (*Cluster, error) {
	v, err := rest.ParseVersion(s.Version)
	if err != nil {
		return nil, err
	}
	if s.Host == "" {
		return nil, fmt.Errorf("cluster %s has no host name", s.Name)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.byHost(s.Host) != nil {
		return nil, fmt.Errorf("host %s is taken", s.Host)
	}
	if s.ID == "" {
		s.ID = n.hexID()
	}
	if s.License.Type == "" {
		s.License = License{Type: "enterprise", Status: "active"}
	}
	c := &Cluster{
		net: n, name: s.Name, id: s.ID, uuid: n.shortID(16), host: s.Host, private: s.Private, born: n.opt.Now(), version: v, license: s.License,
		egress: s.Egress, realm: s.Realm, proxyCA: s.ProxyCA, indices: documents.Indices{},
		settings:     &settings{version: v, clusterName: s.ID, persistent: map[string]any{}, transient: map[string]any{}, declared: map[string]any{}},
		keystore:     &keystore{version: v, told: s.ReadsWhenTold, stored: map[string]string{}, loaded: map[string]string{}},
		certificates: &certificates{id: s.ID, scope: s.Scope, ca: s.CA, files: map[string]string{}},
	}
	c.callers = map[*Cluster]struct{}{}
	c.connections = &connections{c: c, links: map[string]*link{}, lost: map[string]string{}}
	c.security = security.New(security.Options{
		Version: v, Users: s.Users, Roles: s.Roles, Now: n.opt.Now, NewID: n.shortID,
		Compliant: func() bool { return c.license.compliant() },
	})
	maps.Copy(c.certificates.files, s.Authorities)
	for name, docs := range s.Indices {
		c.indices[name] = slices.Clone(docs)
	}
	n.clusters = append(n.clusters, c)
	return c, nil
}

// Name is the cluster's name for people.
func (c *Cluster) Name() string { return c.name }

// ID is the platform's id of the cluster.
func (c *Cluster) ID() string { return c.id }

// Host is the endpoint's host name.
func (c *Cluster) Host() string { return c.host }

// Private is the name by which it is reached through a private connection; empty: there is none.
func (c *Cluster) Private() string { return c.private }

// Version is the cluster's version.
func (c *Cluster) Version() Version { return c.version }

// CA is the authority of the cluster's certificates, in PEM, as its deployment's security page offers it.
func (c *Cluster) CA() string {
	defer c.enter()()
	return c.certificates.ca
}

// NodeName is the name of the cluster's node in its certificate: <node>.node.<cluster id>.cluster.<scope id>.
func (c *Cluster) NodeName() string { return c.certificates.nodeName() }

// Stop takes the cluster off the network.
func (c *Cluster) Stop() {
	defer c.enter()()
	c.stopped = true
}

// Start brings the cluster back, with its keystore read anew.
func (c *Cluster) Start() {
	defer c.enter()()
	c.boot()
}

func (c *Cluster) boot() {
	c.stopped = false
	c.boots++
	clear(c.connections.lost)
	c.keystore.load()
}

// RestartIn stops the cluster now and starts it after d.
func (c *Cluster) RestartIn(d time.Duration) {
	defer c.enter()()
	c.stopped = true
	c.after(d, c.boot)
}

// Running reports whether the cluster is up, and healthy.
func (c *Cluster) Running() (running, healthy bool) {
	defer c.enter()()
	return !c.stopped, !c.stopped
}

// certificateName is the name in the certificate that callers from other clusters see.
func (c *Cluster) certificateName() string {
	if c.presents != "" {
		return c.presents
	}
	return c.host
}
