// Package platform is a stand-in for Elastic's platforms: the REST API of Elastic Cloud Enterprise and of Elastic
// Cloud, with deployments whose Elasticsearch clusters (package cluster) behave. What goes in and out is held to the
// official Swagger. It knows nothing of the bot.
package platform

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/pki"
)

// Options are what a World needs. Now is required.
type Options struct {
	Now     func() time.Time
	Rand    io.Reader     // for ids, secrets and certificates; crypto/rand if nil
	Latency time.Duration // of each call
	// KeystoreDelay is how long a keystore change takes to reach the nodes, PlanTime how long a plan takes.
	KeystoreDelay, PlanTime time.Duration
	// Client is the address that the bot seems to come from, for IP filters.
	Client netip.Addr
	// Nodes gives a deployment real nodes, by its name; nil, or nil for a name: it is simulated.
	Nodes func(deployment string) Nodes
	// OnExchange sees every call and its answer, secrets included.
	OnExchange fault.Observer
}

// World is everything simulated: platforms, deployments, clusters, the network between them, and the faults.
// Its state lives as long as the process.
type World struct {
	Faults *fault.Set
	Log    *fault.Log

	opt  Options
	net  *cluster.Net
	wrap *fault.Wrapper

	mu        sync.Mutex // guards platforms and servers, and everything inside a Platform
	platforms []*Platform
	public    *pki.Authority // nil: not needed yet
	servers   []*http.Server
	running   sync.WaitGroup
}

// NewWorld returns an empty world. Close it.
func NewWorld(opt Options) *World {
	if opt.Rand == nil {
		opt.Rand = rand.Reader
	}
	w := &World{
		Faults: &fault.Set{}, Log: &fault.Log{}, opt: opt,
		net: cluster.New(cluster.Options{
			Now: opt.Now, Rand: opt.Rand, KeystoreDelay: opt.KeystoreDelay, Client: opt.Client,
		}),
	}
	w.wrap = &fault.Wrapper{
		Faults: w.Faults, Log: w.Log, Latency: opt.Latency, Now: opt.Now, Observe: opt.OnExchange, Refusal: refusalBody,
	}
	return w
}

// Platforms returns the platforms in the order they were added.
func (w *World) Platforms() []*Platform {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.platforms)
}

// Platform returns a platform by name, or nil.
func (w *World) Platform(name string) *Platform {
	for _, p := range w.Platforms() {
		if p.name == name {
			return p
		}
	}
	return nil
}

// Control returns the control endpoint for other processes.
func (w *World) Control() http.Handler {
	return fault.Control{Faults: w.Faults, Log: w.Log, State: func() any { return w.State() }}.Handler()
}

// State is how the whole world stands, without secrets.
type State struct {
	Platforms []SystemState `json:"platforms"`
	Faults    []fault.Order `json:"faults"`
}

// SystemState is how a platform stands.
type SystemState struct {
	Name        string            `json:"name"`
	Kind        string            `json:"kind"`
	URL         string            `json:"url"`
	Deployments []DeploymentState `json:"deployments"`
	Rulesets    []any             `json:"rulesets"` // all network filters, those that apply to nothing too
}

// DeploymentState is a deployment with its cluster.
type DeploymentState struct {
	ID         string        `json:"id"`
	Name       string        `json:"name"`
	ServiceURL string        `json:"service_url"`
	Pending    bool          `json:"pending"` // a plan is being applied
	Plan       any           `json:"plan"`    // the one in force
	Trust      any           `json:"trust"`   // settings.trust, as the platform shows it
	Cluster    cluster.State `json:"cluster"`
}

// State returns how the world stands now.
func (w *World) State() State {
	out := State{Platforms: []SystemState{}, Faults: w.Faults.Orders()}
	for _, p := range w.Platforms() {
		ps := SystemState{Name: p.name, Kind: p.kind, URL: p.url, Deployments: []DeploymentState{}, Rulesets: []any{}}
		w.mu.Lock()
		for _, r := range p.rulesets {
			ps.Rulesets = append(ps.Rulesets, r.document(true))
		}
		w.mu.Unlock()
		for _, d := range p.Deployments() {
			ps.Deployments = append(ps.Deployments, d.State())
		}
		out.Platforms = append(out.Platforms, ps)
	}
	return out
}

// State returns how the deployment stands now.
func (d *Deployment) State() DeploymentState {
	d.p.w.mu.Lock()
	s := DeploymentState{
		ID: d.id, Name: d.name, ServiceURL: d.serviceURL, Pending: d.pending() != nil, Plan: d.current().plan, Trust: d.trust.document(),
	}
	d.p.w.mu.Unlock()
	s.Cluster = d.cluster.State()
	return s
}

// listen opens a loopback listener and serves h on it until Close.
func (w *World) listen(addr string, ca *authority, h http.Handler) (url string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.listenLocked(addr, ca, h)
}

func (w *World) listenLocked(addr string, ca *authority, h http.Handler) (url string, err error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr) //nolint:noctx // a constructor without a context; opening a loopback socket does not block
	if err != nil {
		return "", fmt.Errorf("listening on %s: %w", addr, err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	serve, scheme := server.Serve, "http"
	if ca != nil {
		conf, err := ca.serverTLS(l.Addr())
		if err != nil {
			return "", errors.Join(err, l.Close())
		}
		server.TLSConfig, scheme = conf, "https"
		server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){} // HTTP/1.1: a fault can close a connection
		serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	w.servers = append(w.servers, server)
	w.running.Go(func() { _ = serve(l) }) // ends with http.ErrServerClosed
	return scheme + "://" + l.Addr().String(), nil
}

// Close ends all listeners and their connections.
func (w *World) Close() error {
	w.mu.Lock()
	servers := w.servers
	w.servers = nil
	w.mu.Unlock()
	var errs []error
	for _, s := range servers {
		errs = append(errs, s.Close())
	}
	w.running.Wait()
	return errors.Join(errs...)
}

func (w *World) hexID(bytes int) string {
	b := make([]byte, bytes)
	if _, err := io.ReadFull(w.opt.Rand, b); err != nil {
		panic("platform: the source of randomness gave out: " + err.Error())
	}
	return hex.EncodeToString(b)
}
