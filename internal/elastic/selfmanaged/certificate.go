package selfmanaged

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
)

var errNoAddress = errors.New("the configuration names no address at which it takes connections")

// dialTimeout is how long the address for API keys may take to show its certificate.
const dialTimeout = 5 * time.Second

// ProxyCertificate tells the authority of the certificate at a cluster's address: as the configuration names it, or as a
// connection shows it. Who is at the address is not what is asked here, so every certificate is looked at.
func (p *Platform) ProxyCertificate(ctx context.Context, d elastic.Deployment) (elastic.ProxyCertificate, error) {
	c, err := p.cluster(d.Deployment)
	switch {
	case err != nil:
		return elastic.ProxyCertificate{}, err
	case c.ServerCA != "":
		return elastic.ProxyCertificate{CA: c.ServerCA}, nil
	case c.Address == "":
		return elastic.ProxyCertificate{}, errNoAddress
	}
	host, _, err := net.SplitHostPort(c.Address)
	if err != nil {
		return elastic.ProxyCertificate{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{ServerName: host, InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}} //nolint:gosec // nothing is sent
	conn, err := dialer.DialContext(ctx, "tcp", c.Address)
	if err != nil {
		return elastic.ProxyCertificate{}, fmt.Errorf("the bot can't see the certificate at %s: %w", c.Address, err)
	}
	defer func() { _ = conn.Close() }()
	chain := conn.(*tls.Conn).ConnectionState().PeerCertificates //nolint:forcetypeassert,errcheck // a tls.Dialer makes no other
	return transport.Shown(chain, nil, p.o.Now()), nil
}
