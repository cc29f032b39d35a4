package platform

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform/query"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform/swagger"
)

// Platform is a simulated ECE or Elastic Cloud organization, or a list of self-managed clusters.
type Platform struct {
	*host
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
	cursors     map[string]query.Request
}

func newPlatform(h *host, kind string, spec *swagger.Doc, opt Spec) (*Platform, error) {
	p := &Platform{
		host: h, name: opt.Name, kind: kind, spec: spec,
		key: cmp.Or(opt.Key, "sim-admin-"+h.hexID(16)), viewerKey: cmp.Or(opt.ViewerKey, "sim-viewer-"+h.hexID(16)),
		scope: cmp.Or(opt.Scope, scopeID(kind, h)), egress: opt.Egress, allocators: opt.Allocators,
		cas: map[string]*authority{}, coming: map[string]*authority{}, cursors: map[string]query.Request{},
	}
	var err error
	if kind != KindCloud {
		if p.proxies, err = newProxies(opt.Name, opt.PublicProxies, h.opt.Now()); err != nil {
			return nil, err
		}
	}
	if opt.TLS {
		if p.tls, err = newAuthority(opt.Name+" API", h.opt.Now()); err != nil {
			return nil, err
		}
	}
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
func scopeID(kind string, h *host) string {
	id := h.hexID(6)
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
	p.mu.Lock()
	defer p.mu.Unlock()
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
	ca, err := newAuthority(p.scope+" "+region, p.opt.Now())
	if err != nil {
		return nil, err
	}
	next, err := newAuthority(p.scope+" "+region+" (next)", p.opt.Now())
	if err != nil {
		return nil, err
	}
	p.cas[region], p.coming[region] = ca, next
	return ca, nil
}

// RollAuthority makes the coming authority of a region the active one: from then on its nodes show certificates of it.
func (p *Platform) RollAuthority(region string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.authority(region); err != nil {
		return err
	}
	next, err := newAuthority(p.scope+" "+region+" (after that)", p.opt.Now())
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
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.deployments)
}

// Deployment returns a deployment by name or id, or nil.
func (p *Platform) Deployment(nameOrID string) *Deployment {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range p.deployments {
		if d.name == nameOrID || d.id == nameOrID {
			return d
		}
	}
	return nil
}

// transportTrust is what a trust means for the cluster's transport port, and of proxies for those of others. Other accounts of this platform share its
// authorities; nobody checks that ids exist.
func (p *Platform) transportTrust(t trustSettings) []cluster.Trust {
	var own []string
	for region, ca := range p.cas {
		own = append(own, ca.PEM, p.coming[region].PEM)
	}
	slices.Sort(own)
	var out []cluster.Trust
	for _, a := range t.Accounts {
		out = append(out, cluster.Trust{Scope: a.ID, Certificates: own, All: a.All, Clusters: a.Allow})
	}
	for _, e := range t.Direct {
		one := cluster.Trust{Scope: e.Scope, All: e.All, Clusters: e.Allow, Proxies: e.Type == "proxy"}
		for _, c := range e.Certificates {
			one.Certificates = append(one.Certificates, c.PEM)
		}
		out = append(out, one)
	}
	return out
}

// applyFilters tells each cluster which filters apply to it now. The first one that is attached shuts everybody else out.
func (p *Platform) applyFilters() {
	for _, d := range p.deployments {
		var fs []cluster.Filter
		for _, r := range p.rulesets {
			if !slices.Contains(r.deployments, d.id) {
				continue
			}
			f := cluster.Filter{Type: r.Type}
			for _, one := range r.Rules {
				f.Sources = append(f.Sources, one.Source)
				if one.Org != "" || one.Cluster != "" {
					f.Clusters = append(f.Clusters, cluster.FilterRule{ID: one.Cluster, Org: one.Org})
				}
			}
			fs = append(fs, f)
		}
		d.cluster.SetFilters(fs)
	}
}

// ProxyCA is the PEM of the private authority of the certificate at the ports for API keys; empty where it is a public one.
func (p *Platform) ProxyCA() string { return p.proxies.privateCA() }
