package ece

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

var errNoChain = errors.New("the ECE tells no certificate of its proxies")

// ProxyCertificate tells whether clusters elsewhere trust the certificate of the proxies as it is: where its operator
// has put in one that leads to an authority which this system knows. One that the ECE made for itself is private.
func (p *Platform) ProxyCertificate(ctx context.Context) (elastic.ProxyCertificate, error) {
	told, err := p.ProxyChain(ctx, p.o.Region)
	if err != nil {
		return elastic.ProxyCertificate{}, err
	}
	chain := certificatesIn(told.Chain)
	if len(chain) == 0 {
		return elastic.ProxyCertificate{}, errNoChain
	}
	if told.UserSupplied {
		between := x509.NewCertPool()
		for _, c := range chain[1:] {
			between.AddCert(c)
		}
		paths, err := chain[0].Verify(x509.VerifyOptions{
			Roots: p.o.Roots, Intermediates: between, CurrentTime: p.o.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
		})
		if err == nil {
			return elastic.ProxyCertificate{Public: true, CA: inPEM(paths[0][len(paths[0])-1])}, nil
		}
	}
	return elastic.ProxyCertificate{CA: inPEM(chain[len(chain)-1])}, nil
}

// certificatesIn reads PEM texts; what is no certificate is left out.
func certificatesIn(pems []string) []*x509.Certificate {
	var all []*x509.Certificate
	for _, text := range pems {
		for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
			if c, err := x509.ParseCertificate(block.Bytes); err == nil {
				all = append(all, c)
			}
		}
	}
	return all
}

func inPEM(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}
