package platform

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/pki"
)

// proxies are what an ECE puts before the ports of its clusters that others reach, with their certificate; of self-managed
// clusters it is the certificate of the nodes themselves.
type proxies struct {
	public bool
	ca     *authority
	chain  []string // PEM: the certificate, and its authority last
}

func newProxies(platform string, public bool, now time.Time) (*proxies, error) {
	ca, err := newAuthority(platform+" proxies", now)
	if err != nil {
		return nil, err
	}
	pair, err := ca.Issue(pki.Subject{CommonName: "*.ece.example", DNS: []string{"*.ece.example"}})
	if err != nil {
		return nil, err
	}
	return &proxies{public: public, ca: ca, chain: []string{pair.Certificate, ca.PEM}}, nil
}

// privateCA is the authority that others have to be told of; empty: none.
func (p *proxies) privateCA() string {
	if p == nil || p.public {
		return ""
	}
	return p.ca.PEM
}

// ProxyCA is the PEM of the private authority of the certificate at the ports for API keys; empty where it is a public one.
func (p *Platform) ProxyCA() string { return p.proxies.privateCA() }

// TrustProxies makes the deployment trust the authority of other proxies, as Add trusted environment does in the console.
func (d *Deployment) TrustProxies(name, ca string) error {
	d.p.w.mu.Lock()
	defer d.p.w.mu.Unlock()
	e := direct{UID: d.p.w.hexID(8), Name: name, Type: "proxy", Certificates: []certificate{{PEM: ca}}}
	if why := e.check(); why != "" {
		return errors.New(why)
	}
	d.trust.Direct = append(slices.Clone(d.trust.Direct), e)
	d.changed()
	d.carry(d.begin("deployments.update", d.current().plan))
	return nil
}

// getTLS answers GET /platform/configuration/security/tls/{service_name}. What an ECE made for itself is private.
func getTLS(c *call) (int, any, *apiError) {
	if c.vars["service_name"] != "proxy" {
		return 0, nil, refuse(http.StatusNotFound, "sim.not_simulated", "This stand-in has no certificate of "+c.vars["service_name"])
	}
	chain := []any{}
	for _, pem := range c.p.proxies.chain {
		chain = append(chain, pem)
	}
	return http.StatusOK, map[string]any{"user_supplied": c.p.proxies.public, "chain": chain}, nil
}
