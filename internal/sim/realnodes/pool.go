// Package realnodes puts real Elasticsearch clusters behind the deployments of the simulated platforms: what the
// platform decides is simulated, what Elasticsearch decides is not.
package realnodes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/realcluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/pki"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
)

// Pool is running real clusters. It serves one world after another: what the one before left on its clusters is removed
// when the next one takes them.
type Pool struct {
	ctx     context.Context //nolint:containedctx // platforms call without one
	members []*member

	mu     sync.Mutex
	behind map[string]*member // by the name of the deployment that each stands behind
	hosts  map[string]string  // address by endpoint
}

// member is a real cluster with what has to be remembered of it from one world to the next.
type member struct {
	pool    *Pool
	real    *realcluster.Cluster
	secrets map[string]*string // by name: those in the keystore file, or once there
	users   map[string]bool

	mu    sync.Mutex
	last  chan struct{} // closed when the change that was ordered last has ended
	tasks sync.WaitGroup
}

// line is the place of a change: before is closed when it may begin, and done is to be closed when it has ended.
func (m *member) line() (before <-chan struct{}, done chan<- struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := make(chan struct{})
	before, m.last = m.last, next
	return before, next
}

// NewPool returns a pool of running clusters; ctx ends what is still being done on them.
func NewPool(ctx context.Context, clusters ...*realcluster.Cluster) *Pool {
	p := &Pool{ctx: ctx, behind: map[string]*member{}, hosts: map[string]string{}}
	for _, c := range clusters {
		p.members = append(p.members, &member{pool: p, real: c, secrets: map[string]*string{}, users: map[string]bool{}})
	}
	return p
}

// Start starts clusters of one version for a pool, at once, each of so many nodes. Stop the pool. password is that of the
// superuser elastic of all clusters.
func Start(ctx context.Context, d *realcluster.Distribution, password string, nodes ...int) (*Pool, error) {
	started, errs := make([]*realcluster.Cluster, len(nodes)), make([]error, len(nodes))
	var all sync.WaitGroup
	for i, of := range nodes {
		all.Go(func() { started[i], errs[i] = start(ctx, d, fmt.Sprintf("cluster-%d", i+1), password, of) })
	}
	all.Wait()
	p := NewPool(context.WithoutCancel(ctx), slices.DeleteFunc(started, func(c *realcluster.Cluster) bool { return c == nil })...)
	if err := errors.Join(errs...); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

// start starts a cluster with certificates that the first world replaces.
func start(ctx context.Context, d *realcluster.Distribution, name, password string, nodes int) (*realcluster.Cluster, error) {
	ca, err := pki.New(name, time.Now()) //nolint:forbidigo // Java looks at the system's clock
	if err != nil {
		return nil, err
	}
	pair, err := ca.Issue(pki.Subject{CommonName: name, Node: name})
	if err != nil {
		return nil, err
	}
	return d.Start(ctx, realcluster.Spec{
		Name: name, Nodes: nodes, Password: password, Server: pair, ServerCAs: []string{ca.PEM}, Transport: pair,
		Trust: realcluster.Trust{CAs: []string{ca.PEM}, Names: []string{name}},
	})
}

// Assign says which deployments of the next world the clusters stand behind, in their order; "" leaves one out.
func (p *Pool) Assign(deployments ...string) {
	p.Settle()
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.behind)
	clear(p.hosts)
	for i, name := range deployments {
		if name != "" {
			p.behind[name] = p.members[i]
		}
	}
}

// Nodes is the option of the same name of a world.
func (p *Pool) Nodes(deployment string) platform.Nodes {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m := p.behind[deployment]; m != nil {
		return m
	}
	return nil
}

// Settle waits for what is still being done on the clusters: after the end of a world.
func (p *Pool) Settle() {
	for _, m := range p.members {
		m.tasks.Wait()
	}
}

// Restart removes what the last world has left, and starts all nodes anew.
func (p *Pool) Restart(ctx context.Context) error {
	p.Settle()
	var errs []error
	for _, m := range p.members {
		if err := m.clear(ctx); err != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, m.real.Restart(ctx, 0))
	}
	return errors.Join(errs...)
}

// Stop ends all clusters.
func (p *Pool) Stop() error {
	p.Settle()
	var errs []error
	for _, m := range p.members {
		errs = append(errs, m.real.Stop())
	}
	return errors.Join(errs...)
}

// Version is the version of the nodes.
func (m *member) Version() string { return m.real.Version }

// joinWithin is how long a cluster may take to become what a new world expects.
const joinWithin = 2 * time.Minute

// Join makes the nodes the cluster of a deployment.
func (m *member) Join(counterpart *cluster.Cluster, p platform.Placement) (platform.Elasticsearch, error) {
	m.tasks.Wait()
	ctx, cancel := context.WithTimeout(m.pool.ctx, joinWithin)
	defer cancel()
	c := &Cluster{Cluster: counterpart, member: m, place: p, running: true}
	if err := errors.Join(m.clear(ctx), c.equip(ctx), m.pool.named(m, counterpart.Host(), counterpart.Private())); err != nil {
		return nil, fmt.Errorf("preparing real nodes: %w", err)
	}
	return c, nil
}

// named lets all clusters know the names of one; an empty one is none.
func (p *Pool) named(m *member, hosts ...string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.hosts, func(_, addr string) bool { return addr == m.real.Address(0) })
	for _, host := range hosts {
		p.hosts[host] = m.real.Address(0)
	}
	delete(p.hosts, "")
	var errs []error
	for _, m := range p.members {
		errs = append(errs, m.real.SetHosts(p.hosts))
	}
	return errors.Join(errs...)
}
