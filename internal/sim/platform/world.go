// Package platform is a stand-in for Elastic's platforms: the REST API of Elastic Cloud Enterprise and of Elastic
// Cloud, with deployments whose Elasticsearch clusters (package cluster) behave. What goes in and out is held to the
// official Swagger. It knows nothing of the bot.
package platform

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/netip"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform/swagger"
)

// World is everything simulated: platforms, deployments, clusters, the network between them, and the faults.
// Its state lives as long as the process.
type World struct {
	Faults *fault.Set
	Log    *fault.Log

	*host
	platforms []*Platform
}

// NewWorld returns an empty world. Close it.
func NewWorld(opt Options) *World {
	if opt.Rand == nil {
		opt.Rand = rand.Reader
	}
	w := &World{
		Faults: &fault.Set{}, Log: &fault.Log{}, host: &host{opt: opt, net: cluster.New(cluster.Options{
			Now: opt.Now, Rand: opt.Rand, KeystoreDelay: opt.KeystoreDelay, Client: opt.Client,
		})},
	}
	w.wrap = &fault.Wrapper{
		Faults: w.Faults, Log: w.Log, Latency: opt.Latency, Now: opt.Now, Observe: opt.OnExchange, Refusal: refusalBody,
	}
	return w
}

// AddECE starts an Elastic Cloud Enterprise.
func (w *World) AddECE(opt Spec) (*Platform, error) {
	if len(opt.Egress) == 0 {
		opt.Egress = []netip.Addr{netip.MustParseAddr("203.0.113.10")}
	}
	if len(opt.Allocators) == 0 {
		for i := 1; i <= 3; i++ {
			opt.Allocators = append(opt.Allocators, Allocator{
				ID: fmt.Sprintf("10.0.%d.5", i), Zone: fmt.Sprintf("ece-zone-%d", i), HostIP: fmt.Sprintf("10.0.%d.5", i), Hostname: fmt.Sprintf("allocator-%d.ece.example", i),
			})
		}
	}
	return w.add(KindECE, swagger.ECE(), opt)
}

// AddCloud starts an organization of Elastic Cloud.
func (w *World) AddCloud(opt Spec) (*Platform, error) {
	if len(opt.Egress) == 0 {
		opt.Egress = []netip.Addr{netip.MustParseAddr("192.0.2.20")}
	}
	return w.add(KindCloud, swagger.Cloud(), opt)
}

// AddSelfManaged adds a list of self-managed clusters. At their ports for API keys they show certificates of one private
// authority.
func (w *World) AddSelfManaged(opt Spec) (*Platform, error) {
	if len(opt.Egress) == 0 {
		opt.Egress = []netip.Addr{netip.MustParseAddr("198.51.100.77")}
	}
	return w.add(KindSelfManaged, nil, opt)
}

func (w *World) add(kind string, spec *swagger.Doc, opt Spec) (*Platform, error) {
	p, err := newPlatform(w.host, kind, spec, opt)
	if err != nil {
		return nil, err
	}
	if kind != KindSelfManaged {
		if p.url, err = w.listen(opt.Addr, p.tls, w.wrap.Wrap(p.name, http.HandlerFunc(p.serve))); err != nil {
			return nil, err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if slices.ContainsFunc(w.platforms, func(o *Platform) bool { return o.name == p.name }) {
		return nil, fmt.Errorf("there is a platform %s already", p.name)
	}
	w.platforms = append(w.platforms, p)
	return p, nil
}

// Close ends all listeners and their connections.
func (w *World) Close() error { return w.close() }

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
