// Package pki makes certificate authorities and certificates for simulated platforms and for real clusters.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"time"
)

// Authority is a certificate authority.
type Authority struct {
	Certificate *x509.Certificate
	PEM         string // of the certificate

	key *ecdsa.PrivateKey
}

// New makes an authority that is valid from a year before now until nine years after it.
func New(name string, now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the key of %s: %w", name, err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name, Organization: []string{"Simulated Elastic"}},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(9, 0, 0), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("signing %s: %w", name, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return &Authority{Certificate: cert, PEM: inPEM("CERTIFICATE", der), key: key}, nil
}

// Subject is whom a certificate names.
type Subject struct {
	CommonName string
	DNS        []string
	IPs        []net.IP
	// Node is the name by which nodes of Elastic's platforms know each other, such as
	// node1.node.<cluster id>.cluster.<scope>.account: a subjectAltName of the type otherName with the id of a common name.
	Node string
	// NotAfter is the end of the certificate; that of its authority if zero.
	NotAfter time.Time
}

// Pair is a certificate with its private key.
type Pair struct {
	Certificate, Key string // PEM
	DER              []byte // of the certificate
	Private          *ecdsa.PrivateKey
}

// Issue makes a certificate for a server that is also a client.
func (a *Authority) Issue(s Subject) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, fmt.Errorf("making the key of %s: %w", s.CommonName, err)
	}
	if s.NotAfter.IsZero() {
		s.NotAfter = a.Certificate.NotAfter
	}
	tmpl := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: s.CommonName}, NotBefore: a.Certificate.NotBefore, NotAfter: s.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames: s.DNS, IPAddresses: s.IPs,
	}
	if s.Node != "" {
		names, err := s.alternativeNames()
		if err != nil {
			return Pair{}, err
		}
		tmpl.ExtraExtensions = []pkix.Extension{names}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.Certificate, &key.PublicKey, a.key)
	if err != nil {
		return Pair{}, fmt.Errorf("signing the certificate of %s: %w", s.CommonName, err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("writing the key of %s: %w", s.CommonName, err)
	}
	return Pair{Certificate: inPEM("CERTIFICATE", der), Key: inPEM("PRIVATE KEY", private), DER: der, Private: key}, nil
}

// The types of GeneralName in RFC 5280, 4.2.1.6.
const (
	tagOtherName = 0
	tagDNS       = 2
	tagIP        = 7
)

// alternativeNames is the extension subjectAltName with an otherName, which crypto/x509 does not write.
func (s Subject) alternativeNames() (pkix.Extension, error) {
	name, err := asn1.Marshal(struct {
		ID    asn1.ObjectIdentifier
		Value string `asn1:"tag:0,explicit,utf8"`
	}{asn1.ObjectIdentifier{2, 5, 4, 3}, s.Node})
	if err != nil {
		return pkix.Extension{}, fmt.Errorf("writing the name %s: %w", s.Node, err)
	}
	var other asn1.RawValue
	if _, err := asn1.Unmarshal(name, &other); err != nil {
		return pkix.Extension{}, fmt.Errorf("writing the name %s: %w", s.Node, err)
	}
	all := []asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: tagOtherName, IsCompound: true, Bytes: other.Bytes}}
	for _, dns := range s.DNS {
		all = append(all, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tagDNS, Bytes: []byte(dns)})
	}
	for _, ip := range s.IPs {
		if v4 := ip.To4(); v4 != nil {
			ip = v4
		}
		all = append(all, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tagIP, Bytes: ip})
	}
	raw, err := asn1.Marshal(all)
	if err != nil {
		return pkix.Extension{}, fmt.Errorf("writing the names of %s: %w", s.Node, err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: raw}, nil
}

func inPEM(kind string, der []byte) string {
	return strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic("pki: the source of randomness gave out: " + err.Error())
	}
	return n
}
