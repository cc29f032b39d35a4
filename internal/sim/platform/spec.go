package platform

import (
	"encoding/json"
	"net/http"
	"net/netip"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
)

// The kinds of platform.
const (
	KindECE   = "ece"
	KindCloud = "ech"
	// KindSelfManaged are clusters without a platform: nobody answers but they themselves.
	KindSelfManaged = "self_managed"
)

// eceRegion is the region that ECE knows itself by.
const eceRegion = "ece-region"

// Spec says what a new platform is. Only Name is required.
type Spec struct {
	Name      string
	Addr      string // of the API's listener; a free loopback port if empty
	TLS       bool   // serve the API and the clusters over TLS, with a private CA: see Platform.CA
	Key       string // the API key that may do everything; made up if empty
	ViewerKey string // an API key that may only read; made up if empty
	// Scope is the environment's or organization's id, as node certificates carry it.
	Scope string
	// PublicProxies: the certificate of an ECE's proxies has a public authority; otherwise a private one.
	PublicProxies bool
	// Egress is where outgoing connections of its clusters seem to come from.
	Egress []netip.Addr
	// Allocators are ECE's hosts; by default three with private addresses.
	Allocators []Allocator
}

// Allocator is a host of an ECE that carries clusters.
type Allocator struct {
	ID, Zone, HostIP, Hostname string
	Disconnected               bool
}

// refMain is the reference of the Elasticsearch resource of every deployment here.
const refMain = "main-elasticsearch"

// DeploymentSpec says what a new deployment is. Name and Version are required.
type DeploymentSpec struct {
	Name    string
	Version string
	Region  string // default: ece-region, or aws-eu-west-1
	Addr    string // of Elasticsearch's listener; a free loopback port if empty
	ID      string
	Tags    map[string]string
	License cluster.License
	Users   []cluster.User
	Roles   map[string]cluster.Role
	Indices map[string][]json.RawMessage
	// Elasticsearch answers what goes through the platform's proxy in place of the simulated cluster, if it is not nil:
	// a real one, for comparing the two.
	Elasticsearch http.Handler
}
