package ece_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/ece"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/elastictest"
)

type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// issue makes a certificate of parent, or a root without one.
func issue(t *testing.T, name string, parent *issuer) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	out := &issuer{key: key}
	if parent == nil {
		parent = &issuer{tmpl, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent.cert, &key.PublicKey, parent.key)
	if err != nil {
		t.Fatal(err)
	}
	if out.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return out
}

func (i *issuer) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.cert.Raw}))
}

func TestTheProxiesCertificateIsPublicOnlyIfItsAuthorityIs(t *testing.T) {
	t.Parallel()
	known, own := issue(t, "Known", nil), issue(t, "Own", nil)
	between := issue(t, "Between", known)
	leaf, ownLeaf := issue(t, "*.ece.example", between), issue(t, "*.ece.example", own)
	roots := x509.NewCertPool()
	roots.AddCert(known.cert)
	for name, tt := range map[string]struct {
		supplied bool
		chain    []string
		want     elastic.ProxyCertificate
	}{
		"of a known authority":               {true, []string{leaf.pem(), between.pem()}, elastic.ProxyCertificate{Public: true, CA: known.pem()}},
		"of a known authority, in one text":  {true, []string{leaf.pem() + between.pem()}, elastic.ProxyCertificate{Public: true, CA: known.pem()}},
		"of a company's authority":           {true, []string{ownLeaf.pem(), own.pem()}, elastic.ProxyCertificate{CA: own.pem()}},
		"a link is missing":                  {true, []string{leaf.pem()}, elastic.ProxyCertificate{CA: leaf.pem()}},
		"made by the ECE":                    {false, []string{ownLeaf.pem(), own.pem()}, elastic.ProxyCertificate{CA: own.pem()}},
		"made by the ECE, whatever it looks": {false, []string{leaf.pem(), between.pem()}, elastic.ProxyCertificate{CA: between.pem()}},
		"none":                               {true, []string{"nonsense"}, elastic.ProxyCertificate{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer, err := json.Marshal(map[string]any{"user_supplied": tt.supplied, "chain": tt.chain})
			if err != nil {
				t.Fatal(err)
			}
			s := elastictest.Serve(t, elastictest.Exchange{
				Want: elastictest.Request{
					Method: "GET", URI: "/api/v1/regions/ece-region/platform/configuration/security/tls/proxy",
					Header: header(map[string]string{"Accept": "application/json"}),
				},
				Answer: string(answer),
			})
			got, err := platform(t, ece.Options{BaseURL: s.URL, Roots: roots}).ProxyCertificate(t.Context(), elastic.Deployment{})
			if got != tt.want || (err == nil) != (tt.want.CA != "") {
				t.Errorf("got %v, %v", got, err)
			}
			if err != nil && !strings.Contains(err.Error(), "no certificate") {
				t.Error(err)
			}
		})
	}
}
