package link

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// The parts of a survey of a remote platform whose proxies may have a private authority.
const (
	PartProxies    Part = "the certificate of the remote platform's proxies"
	PartProxyTrust Part = "whose proxies the local deployment trusts"
)

// Strangers reports whether a key connection goes to a certificate that may have a private authority: of the proxies of
// another ECE, or of a self-managed cluster. Elastic Cloud's has a public one (Elastic's docs), and one's own platform is
// trusted. It is asked while the survey is being filled in, so it copies none of it.
func (s *PairState) Strangers() bool {
	switch s.RemoteOn.Kind {
	case elastic.KindECE:
		return s.LocalOn.Name != s.RemoteOn.Name
	case elastic.KindSelfManaged:
		return true
	}
	return false
}

// trustTypeProxy is the type of a direct entry that holds the authority of another side's proxies
// (DirectTrustRelationship in the platforms' Swagger).
const trustTypeProxy = "proxy"

// trusted reports whether the local deployment has an entry for the proxies' authority, or the one that signed it.
func (p proxyState) trusted() bool {
	var pems []string
	for _, raw := range p.Trusts.Direct {
		var e elastic.TrustEntry
		if json.Unmarshal(raw, &e) != nil || e.Type != trustTypeProxy {
			continue
		}
		for _, c := range e.Certificates {
			pems = append(pems, c.PEM)
		}
	}
	shown := certificatesIn(p.Certificate.CA)
	return slices.ContainsFunc(certificatesIn(pems...), func(c *x509.Certificate) bool {
		return len(shown) > 0 && (c.Equal(shown[0]) || shown[0].CheckSignatureFrom(c) == nil)
	})
}

// AuthorityOf is the authority that a certificate is of: its issuer, where the authority's own is not shown.
func AuthorityOf(pem string) (Authority, error) {
	certificates := certificatesIn(pem)
	if len(certificates) == 0 {
		return Authority{}, errors.New("no certificate")
	}
	a := authorityIn(certificates[0])
	if c := certificates[0]; !bytes.Equal(c.RawIssuer, c.RawSubject) {
		a.Name = c.Issuer.String() + ", by the certificate of " + a.Name
	}
	return a, nil
}

// shownBy is whose certificate it is, for people.
func (s PairState) shownBy() string {
	if s.RemoteOn.Kind == elastic.KindSelfManaged {
		return s.Remote.Name
	}
	return SystemLabel(s.RemoteOn) + "'s proxies"
}

// SettingCAs is the setting of self-managed nodes with the authorities that they trust at the port for keys.
const SettingCAs = "xpack.security.remote_cluster_client.ssl.certificate_authorities"

// untilTrusted is what a person has to do on the local side, in words that follow "does not trust it until".
func (s PairState) untilTrusted() string {
	if s.LocalOn.Kind == elastic.KindSelfManaged {
		return "its owners add the authority to " + SettingCAs + " in elasticsearch.yml of each of its nodes. Nodes that trust no other authority yet must " +
			"be restarted. The bot can't do that"
	}
	return "you upload it: on its page, Security → Remote connections → Add trusted environment, with API keys and a private authority. " +
		"The bot can't do that"
}

// proxies say whether the local side trusts the certificate at the port for keys, and what a person has to do for it.
func (w *WarningList) proxies(s PairState) {
	until := "until " + s.untilTrusted()
	p, of := s.Proxies, s.shownBy()
	switch unread := s.ReadError(PartProxies); {
	case unread != nil:
		w.Add("If the certificate of %s has a private authority, %s does not trust it %s. The bot couldn't read which authority it has: %s.",
			of, s.Local.Name, until, Sentence(unread))
	case p.Certificate.Public:
		w.Add("The certificate of %s has a public authority, %s. %s trusts it already.", of, p.Authority, s.Local.Name)
	case p.trusted():
		w.Add("The certificate of %s has a private authority, %s, which %s trusts already.", of, p.Authority, s.Local.Name)
	case s.ReadError(PartProxyTrust) != nil:
		w.Add("The certificate of %s has a private authority, %s. The bot couldn't read whether %s trusts it. If it does not, the connection fails %s.",
			of, p.Authority, s.Local.Name, until)
	default:
		w.Add("The certificate of %s has a private authority, %s, and %s does not trust it %s. Otherwise the connection "+
			"fails and is rolled back.", of, p.Authority, s.Local.Name, until)
	}
}
