package ece

import (
	"context"
	"errors"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
)

var errNoChain = errors.New("the ECE tells no certificate of its proxies")

// ProxyCertificate tells whether clusters elsewhere trust the certificate of the proxies as it is: where its operator
// has put in one that leads to an authority which this system knows. One that the ECE made for itself is private.
func (p *Platform) ProxyCertificate(ctx context.Context, _ elastic.Deployment) (elastic.ProxyCertificate, error) {
	told, err := p.ProxyChain(ctx, p.o.Region)
	if err != nil {
		return elastic.ProxyCertificate{}, err
	}
	chain := transport.Certificates(told.Chain...)
	if len(chain) == 0 {
		return elastic.ProxyCertificate{}, errNoChain
	}
	shown := transport.Shown(chain, p.o.Roots, p.o.Now())
	if !told.UserSupplied && shown.Public {
		return elastic.ProxyCertificate{CA: transport.InPEM(chain[len(chain)-1])}, nil
	}
	return shown, nil
}
