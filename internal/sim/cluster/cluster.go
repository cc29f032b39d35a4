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

// What a cluster is described with.
type (
	Version           = rest.Version
	User              = security.User
	Role              = security.Role
	IndicesPrivileges = security.IndicesPrivileges
	RemoteIndices     = security.RemoteIndices
	KeyState          = security.KeyState
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

// License is a cluster's licence.
type License struct {
	Type   string // basic, standard, gold, platinum, enterprise, trial
	Status string // active, expired
}

// compliant tells whether the licence allows what only Enterprise and trial allow.
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
	scope   string
	ca      string
	proxyCA string
	files   map[string]string // certificate authorities that the nodes have: PEM by path

	security *security.Directory
	indices  documents.Indices

	persistent, transient map[string]any // flat keys; values are string or []string
	declared              map[string]any // in elasticsearch.yml
	stored, loaded        map[string]string
	links                 map[string]*link
	lost                  map[string]string // by alias: the digest of the settings whose connection a reload has closed
	loses                 bool              // the next connection

	followers  []Follower
	tasks      []Task
	filters    []Filter
	trust      []Trust
	stopped    bool
	boots      int
	reloadFail string
	behind     string // an entry that a second node lacks; empty: there is no second node
	told       bool   // the nodes read their keystore only when they are told to
	keyless    bool   // remote_cluster_server.enabled is false
	presents   string // the name in the certificate of its remote ports; empty: host
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
	defer n.enter()()
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
		egress: s.Egress, realm: s.Realm, scope: s.Scope, ca: s.CA, proxyCA: s.ProxyCA, files: map[string]string{},
		indices: documents.Indices{}, persistent: map[string]any{}, transient: map[string]any{}, declared: map[string]any{},
		told: s.ReadsWhenTold, stored: map[string]string{}, loaded: map[string]string{}, links: map[string]*link{}, lost: map[string]string{},
	}
	c.security = security.New(security.Options{
		Version: v, Users: s.Users, Roles: s.Roles, Now: n.opt.Now, NewID: n.shortID,
		Compliant: func() bool { return c.license.compliant() },
	})
	maps.Copy(c.files, s.Authorities)
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

// Password returns a user's password, or an empty text.
func (c *Cluster) Password(user string) string {
	defer c.net.enter()()
	return c.security.Password(user)
}

// SetUser adds a user, or gives one of that name another password and other roles.
func (c *Cluster) SetUser(u User) {
	defer c.net.enter()()
	c.security.SetUser(u)
}

// Stop takes the cluster off the network.
func (c *Cluster) Stop() {
	defer c.net.enter()()
	c.stopped = true
}

// Start brings the cluster back, with its keystore read anew.
func (c *Cluster) Start() {
	defer c.net.enter()()
	c.boot()
}

func (c *Cluster) boot() {
	c.stopped = false
	c.boots++
	clear(c.lost)
	c.load()
}

// RestartIn stops the cluster now and starts it after d.
func (c *Cluster) RestartIn(d time.Duration) {
	defer c.net.enter()()
	c.stopped = true
	c.net.after(d, c.boot)
}

// Running reports whether the cluster is up, and healthy.
func (c *Cluster) Running() (running, healthy bool) {
	defer c.net.enter()()
	return !c.stopped, !c.stopped
}

// SetLicense changes the licence.
func (c *Cluster) SetLicense(l License) {
	defer c.net.enter()()
	c.license = l
}

// SetReloadFailure makes the nodes fail to read their keystore again, with this text; empty makes them well.
func (c *Cluster) SetReloadFailure(text string) {
	defer c.net.enter()()
	c.reloadFail = text
}

// SetKeyServer opens or closes the port for API keys, as remote_cluster_server.enabled and a restart do.
func (c *Cluster) SetKeyServer(open bool) {
	defer c.net.enter()()
	c.keyless = !open
}

// SetCertificateName makes the ports for remote clusters present a certificate for another host, as after a mistake
// in renewing it; empty makes it right again. Connections that stand are closed, as by a proxy that starts anew.
func (c *Cluster) SetCertificateName(host string) {
	defer c.net.enter()()
	c.presents = host
}

// certificateName is the name in the certificate that callers from other clusters see.
func (c *Cluster) certificateName() string {
	if c.presents != "" {
		return c.presents
	}
	return c.host
}

// ExpireKeys makes every cross-cluster API key that is still good expire that long from now, and returns how many those were.
func (c *Cluster) ExpireKeys(in time.Duration) int {
	defer c.net.enter()()
	return c.security.ExpireIn(in)
}

// SetFilters replaces the network filters that apply to the cluster. None means open to everybody.
func (c *Cluster) SetFilters(f []Filter) {
	defer c.net.enter()()
	c.filters = slices.Clone(f)
}

// SetTrustIn replaces whom the cluster's transport port trusts, after d.
func (c *Cluster) SetTrustIn(d time.Duration, t []Trust) {
	defer c.net.enter()()
	t = slices.Clone(t)
	c.net.after(d, func() { c.trust = t })
}

// PutDocument adds a document to an index, and the index if it is new.
func (c *Cluster) PutDocument(index string, doc json.RawMessage) {
	defer c.net.enter()()
	c.indices[index] = append(c.indices[index], doc)
}
