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
	SetLapsed(lapsed bool)
	SetFilters(f []cluster.Filter)

	SetUser(u cluster.User)
	SetFollowers(f ...cluster.Follower)
	SetTasks(t ...cluster.Task)
	Runs(name string) (there, runs bool)
	SetCertificateName(host string)
	SetKeyServer(open bool)
	SetBehind(entry string)
	Retain(entry, value string) error
	ForgetAlias(alias string) error
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
	// SignNode makes the certificate for transport, which ends then (zero: with its authority), SignServer that of the
	// proxies before the port for remote clusters.
	SignNode   func(ends time.Time) (pki.Pair, error)
	SignServer func(host string) (pki.Pair, error)
}
