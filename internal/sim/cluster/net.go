// Package cluster is a stand-in for Elasticsearch clusters that can be connected to each other. It speaks
// Elasticsearch's HTTP API for everything that a cross-cluster connection needs, refuses what Elasticsearch refuses,
// and decides on its own whether a connection stands. It knows no Elastic Cloud and no ECE: package platform does.
package cluster

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Options are what a Net needs. Now is required.
type Options struct {
	Now  func() time.Time
	Rand io.Reader // for ids and secrets; crypto/rand if nil
	// KeystoreDelay is how long it takes from a change of the stored keystore until the nodes have it.
	KeystoreDelay time.Duration
	// Client is the address that callers of the HTTP API seem to come from, for IP filters. Default 198.51.100.10.
	Client netip.Addr
}

// Net is a network of clusters that can reach each other by host name. One lock guards all of it, so that a
// connection is judged on one state of both its sides.
type Net struct {
	opt Options

	mu       sync.Mutex
	clusters []*Cluster
	timed    []timed
}

type timed struct {
	at time.Time
	to *Cluster
	do func()
}

// New returns an empty network.
func New(opt Options) *Net {
	if opt.Rand == nil {
		opt.Rand = rand.Reader
	}
	if !opt.Client.IsValid() {
		opt.Client = netip.MustParseAddr("198.51.100.10")
	}
	return &Net{opt: opt}
}

// Clusters returns the clusters in the order they were added.
func (n *Net) Clusters() []*Cluster {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.clusters)
}

// after does something to the cluster once d has passed, before anybody sees the network again. It runs under the network's
// lock, and is called under it.
func (c *Cluster) after(d time.Duration, do func()) {
	n := c.net
	t := timed{n.opt.Now().Add(d), c, do}
	i, _ := slices.BinarySearchFunc(n.timed, t, func(a, b timed) int {
		if a.at.After(b.at) {
			return 1
		}
		return -1 // equal times keep their order
	})
	n.timed = slices.Insert(n.timed, i, t)
}

// enter takes the network's lock to look at the cluster or to change it, and brings the network up to the present. The
// caller calls the function it returns.
func (c *Cluster) enter() (leave func()) {
	n := c.net
	n.mu.Lock()
	now := n.opt.Now()
	for len(n.timed) > 0 && !n.timed[0].at.After(now) {
		t := n.timed[0]
		n.timed = n.timed[1:]
		t.do()
		t.to.settle()
	}
	return func() {
		c.settle()
		n.mu.Unlock()
	}
}

// settle brings the cluster's connections, and those to it, up to how it is now. Nobody else's depend on it: a change
// of one cluster among a thousand costs no more than among two.
func (c *Cluster) settle() {
	c.connections.settle()
	for caller := range c.callers {
		caller.connections.settle()
	}
}

func (n *Net) byHost(host string) *Cluster {
	for _, c := range n.clusters {
		if c.host == host {
			return c
		}
	}
	return nil
}

// reached is the cluster that answers another one at a host. Private names of Elastic's cloud resolve only outside of it.
func (n *Net) reached(host string, from *Cluster) *Cluster {
	for _, c := range n.clusters {
		if c.private != "" && c.private == host && from.private == "" {
			return c
		}
	}
	return n.byHost(host)
}

func (n *Net) random(bytes int) []byte {
	b := make([]byte, bytes)
	if _, err := io.ReadFull(n.opt.Rand, b); err != nil {
		panic("cluster: the source of randomness gave out: " + err.Error())
	}
	return b
}

// hexID is an id as Elastic's platforms write it: 32 characters.
func (n *Net) hexID() string { return hex.EncodeToString(n.random(16)) }

// shortID is an id as Elasticsearch writes it: 22 characters for 16 bytes, 20 for 15.
func (n *Net) shortID(bytes int) string { return base64.RawURLEncoding.EncodeToString(n.random(bytes)) }
