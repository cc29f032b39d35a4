package linktest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// Gauge makes clusters slow to tell of their connections, and counts how many are asked at the same time.
type Gauge struct {
	Latency time.Duration

	mu               sync.Mutex
	now, most, asked int
}

// Around returns the systems with the gauge before their clusters.
func (g *Gauge) Around(systems []link.System) []link.System {
	all := slices.Clone(systems)
	for i := range all {
		all[i].Platform = gauged{all[i].Platform, g}
	}
	return all
}

// Most is how many clusters were asked at once at most.
func (g *Gauge) Most() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.most
}

// Asked is how often a cluster was asked.
func (g *Gauge) Asked() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.asked
}

func (g *Gauge) enter(by int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now += by
	g.most = max(g.most, g.now)
	g.asked += max(by, 0)
}

type gauged struct {
	elastic.Platform
	g *Gauge
}

func (p gauged) Cluster(d elastic.Deployment) (elastic.Cluster, error) {
	c, err := p.Platform.Cluster(d)
	return gaugedCluster{c, p.g}, err
}

type gaugedCluster struct {
	elastic.Cluster
	g *Gauge
}

func (c gaugedCluster) RemoteInfo(ctx context.Context) (map[string]elastic.RemoteInfo, error) {
	c.g.enter(1)
	defer c.g.enter(-1)
	select {
	case <-time.After(c.g.Latency):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return c.Cluster.RemoteInfo(ctx)
}
