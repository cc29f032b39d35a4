package platform

import (
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
