package platform

import (
	"net/http"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/pki"
)

// Elasticsearch is the cluster of a deployment: a simulated one, or one of real nodes.
type Elasticsearch interface {
	ID() string
	Host() string
	Version() cluster.Version
	Password(user string) string
	State() cluster.State
	Running() (running, healthy bool)
	// Handler is the HTTP API as the cluster's own users reach it, Internal as the platform does, through its proxy.
	Handler() http.Handler
	Internal() http.Handler

	PatchKeystore(change map[string]*string)
	SecretNames() []string
	RestartIn(d time.Duration)
	SetTrustIn(d time.Duration, t []cluster.Trust)
	AddTrust(t cluster.Trust)
	AsTrust() cluster.Trust
	CA() string
	SetCA(pem string)
	PutAuthority(path, pem string)
	SetFilters(f []cluster.Filter)

	SetUser(u cluster.User)
	SetFollowers(f ...cluster.Follower)
	SetTasks(t ...cluster.Task)
	Runs(name string) (there, runs bool)
	SetCertificateName(host string)
	SetKeyServer(open bool)
	SetBehind(entry string)
	ExpireKeys(in time.Duration) int
}

// Nodes are real nodes that can stand behind a deployment.
type Nodes interface {
	Version() string
	// Join makes them the cluster of a deployment. Its simulated counterpart holds what only the platform knows.
	Join(counterpart *cluster.Cluster, p Placement) (Elasticsearch, error)
}

// Placement is what nodes are given by the platform that they run on. It signs certificates under the world's lock, as
// Join and SetCA are called.
type Placement struct {
	Deployment    DeploymentSpec
	Authorities   map[string]string // files with certificate authorities: PEM by path
	KeystoreDelay time.Duration
	ReadsWhenTold bool // nobody makes the nodes read their keystore but who is asked to
	// ServerCAs are the authorities of the proxies that the nodes know by themselves: the public one, and their own platform's.
	ServerCAs []string
	// SignNode makes the certificate for transport, SignServer that of the proxies before the port for remote clusters.
	SignNode   func() (pki.Pair, error)
	SignServer func(host string) (pki.Pair, error)
}

// nodes are the real nodes for a deployment; nil: it is simulated.
func (w *World) nodes(deployment string) Nodes {
	if w.opt.Nodes == nil {
		return nil
	}
	return w.opt.Nodes(deployment)
}

// placement is what real nodes of a new deployment get.
func (p *Platform) placement(s DeploymentSpec, c *cluster.Cluster, ca *authority) (Placement, error) {
	out := Placement{Deployment: s, Authorities: p.authorityFiles(ca), KeystoreDelay: p.w.opt.KeystoreDelay, ReadsWhenTold: p.kind == KindSelfManaged}
	public, err := p.w.publicAuthority()
	if err != nil {
		return out, err
	}
	servers := public
	out.ServerCAs = []string{public.PEM}
	if private := p.proxies.privateCA(); private != "" {
		servers = p.proxies.ca.Authority
		out.ServerCAs = append(out.ServerCAs, private)
	}
	out.SignServer = func(host string) (pki.Pair, error) {
		names := []string{host}
		if host == c.Host() && c.Private() != "" {
			names = append(names, c.Private())
		}
		return servers.Issue(pki.Subject{CommonName: "proxy", DNS: names})
	}
	out.SignNode = func() (pki.Pair, error) {
		now, err := p.authority(s.Region)
		if err != nil {
			return pki.Pair{}, err
		}
		name := c.NodeName()
		return now.Issue(pki.Subject{CommonName: name, Node: name, DNS: []string{c.Host()}})
	}
	return out, nil
}

// publicAuthority signs what on the Internet a public authority has signed.
func (w *World) publicAuthority() (*pki.Authority, error) {
	if w.public == nil {
		ca, err := pki.New("public", w.opt.Now())
		if err != nil {
			return nil, err
		}
		w.public = ca
	}
	return w.public, nil
}
