package platform

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform/swagger"
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

// Platform is a simulated ECE or Elastic Cloud organization, or a list of self-managed clusters.
type Platform struct {
	w    *World
	name string
	kind string
	url  string
	spec *swagger.Doc

	key, viewerKey string
	scope          string
	egress         []netip.Addr
	allocators     []Allocator
	proxies        *proxies              // of an ECE
	tls            *authority            // nil: plain HTTP
	cas            map[string]*authority // by region: who signs the certificates of nodes
	coming         map[string]*authority // by region: who will sign them next

	deployments []*Deployment
	rulesets    []*ruleset
	cursors     map[string]searchPage
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
	or := func(s, other string) string {
		if s != "" {
			return s
		}
		return other
	}
	p := &Platform{
		w: w, name: opt.Name, kind: kind, spec: spec, key: or(opt.Key, "sim-admin-"+w.hexID(16)), viewerKey: or(opt.ViewerKey, "sim-viewer-"+w.hexID(16)),
		scope: or(opt.Scope, scopeID(kind, w)), egress: opt.Egress, allocators: opt.Allocators,
		cas: map[string]*authority{}, coming: map[string]*authority{}, cursors: map[string]searchPage{},
	}
	if kind != KindCloud {
		var err error
		if p.proxies, err = newProxies(opt.Name, opt.PublicProxies, w.opt.Now()); err != nil {
			return nil, err
		}
	}
	if opt.TLS {
		ca, err := newAuthority(opt.Name+" API", w.opt.Now())
		if err != nil {
			return nil, err
		}
		p.tls = ca
	}
	if kind != KindSelfManaged {
		var err error
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

// realm is whose proxies know the certificates of its clusters: those of another organization know them, too.
func (p *Platform) realm() string {
	if p.kind == KindCloud {
		return KindCloud
	}
	return ""
}

// scopeID makes an environment's id, or an organization's, which is numeric.
func scopeID(kind string, w *World) string {
	id := w.hexID(6)
	if kind != KindCloud {
		return id
	}
	return strings.Map(func(r rune) rune {
		if r >= 'a' {
			return r - 'a' + '1'
		}
		return r
	}, id[:10])
}

// Name is the platform's name.
func (p *Platform) Name() string { return p.name }

// Kind is KindECE, KindCloud or KindSelfManaged.
func (p *Platform) Kind() string { return p.kind }

// URL is where the API listens, without a path.
func (p *Platform) URL() string { return p.url }

// Key is the API key that may do everything, ViewerKey one that may only read.
func (p *Platform) Key() string { return p.key }

// ViewerKey is an API key that may only read.
func (p *Platform) ViewerKey() string { return p.viewerKey }

// Scope is the environment's or organization's id.
func (p *Platform) Scope() string { return p.scope }

// CA is the PEM of the private CA of the platform's listeners; empty without TLS.
func (p *Platform) CA() string {
	if p.tls == nil {
		return ""
	}
	return p.tls.PEM
}

// NodeCA is the PEM of the CA that signs the certificates of nodes in a region.
func (p *Platform) NodeCA(region string) (string, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	ca, err := p.authority(region)
	if err != nil {
		return "", err
	}
	return ca.PEM, nil
}

func (p *Platform) authority(region string) (*authority, error) {
	if ca, ok := p.cas[region]; ok {
		return ca, nil
	}
	ca, err := newAuthority(p.scope+" "+region, p.w.opt.Now())
	if err != nil {
		return nil, err
	}
	next, err := newAuthority(p.scope+" "+region+" (next)", p.w.opt.Now())
	if err != nil {
		return nil, err
	}
	p.cas[region], p.coming[region] = ca, next
	return ca, nil
}

// HideAccounts leaves the accounts out of the trust that a deployment shows. They are there all the same, and an update
// replaces them.
func (d *Deployment) HideAccounts() {
	d.p.w.mu.Lock()
	defer d.p.w.mu.Unlock()
	d.mute = true
}

// RollAuthority makes the coming authority of a region the active one: from then on its nodes show certificates of it.
func (p *Platform) RollAuthority(region string) error {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	if _, err := p.authority(region); err != nil {
		return err
	}
	next, err := newAuthority(p.scope+" "+region+" (after that)", p.w.opt.Now())
	if err != nil {
		return err
	}
	p.cas[region], p.coming[region] = p.coming[region], next
	for _, d := range p.deployments {
		if d.region == region {
			d.cluster.SetCA(p.cas[region].PEM)
		}
		d.cluster.SetTrustIn(0, p.transportTrust(d.carried)) // their own platform's authorities are always up to date
	}
	return nil
}

// Deployments returns the deployments in the order they were added.
func (p *Platform) Deployments() []*Deployment {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	return slices.Clone(p.deployments)
}

// Deployment returns a deployment by name or id, or nil.
func (p *Platform) Deployment(nameOrID string) *Deployment {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	for _, d := range p.deployments {
		if d.name == nameOrID || d.id == nameOrID {
			return d
		}
	}
	return nil
}
