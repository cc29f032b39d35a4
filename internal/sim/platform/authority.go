package platform

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"net"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/pki"
)

// authority is a certificate authority made at start: a private one of an ECE, or a region's of Elastic Cloud.
type authority struct{ *pki.Authority }

// newAuthority makes an authority that is valid around the given time.
func newAuthority(name string, now time.Time) (*authority, error) {
	ca, err := pki.New(name, now)
	if err != nil {
		return nil, err
	}
	return &authority{ca}, nil
}

// serverTLS returns the configuration of a server at a loopback address, with a certificate of this authority.
func (a *authority) serverTLS(addr net.Addr) (*tls.Config, error) {
	host, _, err := net.SplitHostPort(addr.String())
	if err != nil {
		return nil, fmt.Errorf("reading the listener's address: %w", err)
	}
	pair, err := a.Issue(pki.Subject{CommonName: host, DNS: []string{"localhost"}, IPs: []net.IP{net.ParseIP(host)}})
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{pair.DER, a.Certificate.Raw}, PrivateKey: pair.Private}},
		MinVersion:   tls.VersionTLS12, NextProtos: []string{"http/1.1"},
	}, nil
}

// public is the authority as the certificate-authority call shows it.
func (a *authority) public(active bool) map[string]any {
	sum := sha256.Sum256(a.Certificate.Raw)
	return map[string]any{
		"active": active, "pem": a.PEM,
		"metadata": map[string]any{
			"fingerprint": hex.EncodeToString(sum[:]), "valid_from": stamp(a.Certificate.NotBefore), "valid_to": stamp(a.Certificate.NotAfter),
		},
	}
}
