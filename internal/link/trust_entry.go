package link

import (
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// trustTypes are the platform's words for who is trusted, by kind of platform.
var trustTypes = map[string]string{elastic.KindECE: "ECE", elastic.KindECH: "ESS"}

func newEntry(on System, scope string, pems []string, all bool, clusters []string) elastic.TrustEntry {
	e := elastic.TrustEntry{Type: trustTypes[on.Kind], Name: SystemLabel(on) + " (" + scope + ")", ScopeID: scope, All: all}
	if !all {
		e.Clusters = slices.Clone(clusters)
	}
	for _, p := range pems {
		p = strings.TrimSpace(p)
		if !slices.ContainsFunc(e.Certificates, func(c elastic.TrustCertificate) bool { return c.PEM == p }) {
			e.Certificates = append(e.Certificates, elastic.TrustCertificate{PEM: p})
		}
	}
	return e
}
