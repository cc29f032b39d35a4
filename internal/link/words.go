package link

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

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

// OrDefault stands "default" for nothing.
func OrDefault(s string) string {
	if s == "" || s == "0" {
		return "(none)"
	}
	return s
}

// WarningList is what approvers are warned of.
type WarningList []string

// Add adds a warning.
func (w *WarningList) Add(format string, args ...any) { *w = append(*w, fmt.Sprintf(format, args...)) }

// JoinWords joins words for people, the first few of many.
func JoinWords(words []string) string {
	const most = 10
	if len(words) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), len(words)-most)
	}
	return strings.Join(words, ", ")
}
