package link

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Entries are whom the two sides shall trust, as the world is now.
func (s PairState) Entries(c ConnectParams) TrustEntries {
	if !c.ByCertificate() || s.Trust == nil {
		return TrustEntries{}
	}
	return TrustEntries{
		Local:  newEntry(s.RemoteOn, c.Trust.RemoteScope, s.Trust.Remote.Authorities, c.Trust.All, c.Trust.Clusters),
		Remote: newEntry(s.LocalOn, c.Trust.LocalScope, s.Trust.Local.Authorities, false, []string{s.Local.ClusterID}),
	}
}

// CheckEntries makes sure that every certificate can be read: the platforms take no other.
func (s PairState) CheckEntries(c ConnectParams) error {
	e := s.Entries(c)
	var wrong change.InvalidError
	for _, side := range []struct {
		field, name string
		entry       elastic.TrustEntry
	}{{FieldRemote, s.Remote.Name, e.Local}, {FieldLocal, s.Local.Name, e.Remote}} {
		if len(side.entry.Certificates) == 0 {
			wrong.Add(side.field, "the certificate authority of %s is not known; for an ECE it belongs into the bot's configuration", side.name)
		}
		for _, one := range side.entry.Certificates {
			if _, err := fingerprint(one.PEM); err != nil {
				wrong.Add(side.field, "a certificate authority of %s can't be read", side.name)
			}
		}
	}
	return wrong.Check()
}

// fingerprint is the SHA-256 of a certificate, as consoles show it.
func fingerprint(text string) (string, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" {
		return "", errors.New("not a certificate in PEM")
	}
	if _, err := x509.ParseCertificate(block.Bytes); err != nil {
		return "", fmt.Errorf("reading a certificate: %w", err)
	}
	sum := sha256.Sum256(block.Bytes)
	return hex.EncodeToString(sum[:]), nil
}

// trustFields are what people read of a connect by certificates.
func (c ConnectParams) trustFields(s PairState) []change.Field {
	e := s.Entries(c)
	whom := "all deployments of " + c.Trust.RemoteScope
	if !c.Trust.All {
		whom = "of " + c.Trust.RemoteScope + " the clusters " + JoinWords(c.Trust.Clusters)
	}
	return []change.Field{
		{Label: "Security model", Value: "TLS certificates (deprecated)"},
		{Label: "The local side trusts", Value: whom},
		{Label: "by the authorities", Value: fingerprints(e.Local)},
		{Label: "The remote side trusts", Value: "of " + c.Trust.LocalScope + " the cluster " + s.Local.ClusterID},
		{Label: "by the authority", Value: fingerprints(e.Remote)},
	}
}

// fingerprints are those of an entry's certificates.
func fingerprints(e elastic.TrustEntry) string {
	var pems []string
	for _, c := range e.Certificates {
		pems = append(pems, c.PEM)
	}
	return prints(pems)
}

// CertificateLine names the certificates in a PEM text by subject, end and fingerprint.
func CertificateLine(text string) string {
	all := authoritiesIn([]string{text})
	lines := make([]string, 0, len(all))
	for _, a := range all {
		lines = append(lines, fmt.Sprintf("%s, valid until %s, SHA-256 %s", a.Name, a.Until.UTC().Format(time.DateOnly), a.Fingerprint))
	}
	return cmp.Or(strings.Join(lines, "; "), "a certificate that can't be read")
}

// prints are the beginnings of certificates' fingerprints, enough to compare by eye.
func prints(pems []string) string {
	var all []string
	for _, p := range pems {
		if f, err := fingerprint(p); err == nil {
			all = append(all, "SHA-256 "+f[:16]+"…")
		}
	}
	return strings.Join(all, ", ")
}

// TrustEntries are whom the two sides shall trust, under the certificate model.
type TrustEntries struct{ Local, Remote elastic.TrustEntry }
