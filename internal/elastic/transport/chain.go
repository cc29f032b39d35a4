package transport

import (
	"crypto/x509"
	"encoding/pem"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Shown says where a chain of certificates comes from, the server's own first: it is public where it leads to one of the
// roots (nil: those that this system knows).
func Shown(chain []*x509.Certificate, roots *x509.CertPool, now time.Time) elastic.ProxyCertificate {
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	paths, err := chain[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err == nil {
		return elastic.ProxyCertificate{Public: true, CA: InPEM(paths[0][len(paths[0])-1])}
	}
	return elastic.ProxyCertificate{CA: InPEM(chain[len(chain)-1])}
}

// Certificates reads PEM texts; what is no certificate is left out.
func Certificates(pems ...string) []*x509.Certificate {
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

// InPEM is a certificate as text.
func InPEM(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}
