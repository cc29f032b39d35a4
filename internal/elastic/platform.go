package elastic

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// The kinds of platform.
const (
	KindECE = "ece" // Elastic Cloud Enterprise
	KindECH = "ech" // an organization of Elastic Cloud Hosted
	// KindSelfManaged are clusters that their owners run by themselves, without a platform.
	KindSelfManaged = "self_managed"
)

// Ref names a deployment on one of the configured platforms.
type Ref struct {
	Platform   string `json:"platform"`
	Deployment string `json:"deployment"`
}

// String returns "platform/deployment", the form that ParseRef reads.
func (r Ref) String() string { return r.Platform + "/" + r.Deployment }

// ParseRef reads "platform/deployment".
func ParseRef(s string) (Ref, error) {
	platform, deployment, ok := strings.Cut(s, "/")
	if !ok || platform == "" || deployment == "" || strings.Contains(deployment, "/") {
		return Ref{}, fmt.Errorf("%q is not of the form platform/deployment", s)
	}
	return Ref{Platform: platform, Deployment: deployment}, nil
}

// Deployment is what a platform says of a deployment and its Elasticsearch cluster.
type Deployment struct {
	Ref
	Name          string // for people: with a part of its id, where another deployment of its platform is called the same
	OwnName       string // what its owner calls it, where Name says more; see Given
	RefID         string // of its Elasticsearch resource, as a rule "main-elasticsearch"
	ClusterID     string // of Elasticsearch; not the deployment's id
	Region        string
	Version       string // of the Elastic Stack
	Healthy       bool
	Status        string // initializing, stopping, stopped, rebooting, restarting, reconfiguring, started
	Pending       bool   // a plan is being applied
	Endpoint      string // metadata.endpoint: a host name without a port
	ServiceURL    string // metadata.service_url: where Elasticsearch answers over HTTP
	KibanaURL     string // of its Kibana; empty where it has none or the platform doesn't say
	TransportPort int    // metadata.ports.transport_passthrough; 0 where the platform doesn't say
	KeyAddress    string // host:port where it takes API keys; empty: the endpoint at KeyPort
	NoKeyServer   bool   // it is known to take no connections by API key: remote_cluster_server.enabled is false
	SignedBy      Signature
	Tags          map[string]string
}

// Signature is what the nodes of a cluster without a platform sign their requests with, as its owners state it; zero: they
// don't. On a platform that is told by the cluster's id.
type Signature struct {
	Certificate, Key string // files on each node
	Identity         string // a regular expression that the subjects of their certificates fit, as a whole
	Authority        string // PEM: who signed these
}

// Given is what the owner of d calls it. Others may be called the same.
func (d Deployment) Given() string { return cmp.Or(d.OwnName, d.Name) }

// TakesKeysAt is where others connect to it by API key, as host:port; empty where that is not known.
func (d Deployment) TakesKeysAt() string {
	if d.KeyAddress != "" {
		return d.KeyAddress
	}
	return Address(d.Endpoint)
}

// Deployments finds deployments on a platform.
type Deployments interface {
	// Search returns deployments whose name or id contains text, at most limit; empty text finds all.
	// Results may lack Endpoint, ServiceURL and TransportPort. Some may come with an error: the others are not known.
	Search(ctx context.Context, text string, limit int) ([]Deployment, error)
	// Deployment returns one by id; a *CallError that is NotFound if there is none.
	Deployment(ctx context.Context, id string) (Deployment, error)
}

// Lister is a Platform that tells all its deployments at once, with little of each: a search comes in pages, each
// deployment with its whole plan.
type Lister interface {
	// ListDeployments returns every deployment, with no more than its names.
	ListDeployments(ctx context.Context) ([]Deployment, error)
}

// Keystores reaches the Elasticsearch keystore of a deployment. Values can be written, never read.
type Keystores interface {
	SecretNames(ctx context.Context, d Deployment) ([]string, error)
	StoreSecret(ctx context.Context, d Deployment, name string, value secret.Secret) error
	// RemoveSecret forgives a name that is not there.
	RemoveSecret(ctx context.Context, d Deployment, name string) error
}

// HandKeystores is a Platform of which people may have to edit keystores by hand, on each node.
type HandKeystores interface {
	// ByHand reports whether people edit the keystores of a deployment: then StoreSecret and RemoveSecret fail.
	ByHand(d Deployment) bool
	// ReadSecrets makes the nodes read their keystores, and returns what they have found there.
	ReadSecrets(ctx context.Context, d Deployment) ([]NodeSecrets, error)
	// CopySecret is the command by which a person gives one entry the value of another, which goes.
	CopySecret(from, to string) change.Call
}

// NodeSecrets are the entries of a node's keystore.
type NodeSecrets struct {
	Node  string // its name
	Names []string
	Told  bool // false: its version does not tell them
}

// NetworkSecurity reads the traffic filters of a platform.
type NetworkSecurity interface {
	// Rulesets returns the rulesets that apply to a deployment. None means that it is open to everybody, as does none but
	// those for what goes out of it.
	Rulesets(ctx context.Context, d Deployment) ([]Ruleset, error)
	// Egress returns the addresses that the platform's hosts call themselves (ECE's allocators); often private,
	// while the other side sees what comes out of NAT. Empty where a platform does not say.
	Egress(ctx context.Context) ([]string, error)
}

// Platform is one ECE or one organization of Elastic Cloud.
type Platform interface {
	Deployments
	Keystores
	NetworkSecurity
	// Calls tell how what is sent to the platform and its clusters looks. They need no credentials.
	Calls() Calls
	// Cluster returns Elasticsearch of a deployment: through the platform's proxy or at its service URL, as the
	// operator chose. ErrNoCredentials if the configuration names none that fit.
	Cluster(d Deployment) (Cluster, error)
}

// Proxies is a Platform that tells which certificate is shown at the port for API keys: by its proxies, or by the nodes
// themselves.
type Proxies interface {
	ProxyCertificate(ctx context.Context, d Deployment) (ProxyCertificate, error)
}

// ProxyCertificate is where the certificate at the port for API keys comes from.
type ProxyCertificate struct {
	Public bool   // its authority is one that operating systems know, so that clusters elsewhere trust it as it is
	CA     string // the authority's own certificate, in PEM; the last that is shown, where that is not shown
}

// Restarts is a Platform that can restart a deployment's Elasticsearch.
type Restarts interface {
	Restart(ctx context.Context, d Deployment) error
	// LatestPlan returns the latest plan or restart that has ended, and whether another one is under way.
	LatestPlan(ctx context.Context, d Deployment) (last Attempt, pending bool, err error)
}
