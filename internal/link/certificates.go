package link

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

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
func Strangers(s *PairState) bool {
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
func shownBy(s PairState) string {
	if s.RemoteOn.Kind == elastic.KindSelfManaged {
		return s.Remote.Name
	}
	return SystemLabel(s.RemoteOn) + "'s proxies"
}

// SettingCAs is the setting of self-managed nodes with the authorities that they trust at the port for keys.
const SettingCAs = "xpack.security.remote_cluster_client.ssl.certificate_authorities"

// untilTrusted is what a person has to do on the local side, in words that follow "does not trust it until".
func untilTrusted(s PairState) string {
	if s.LocalOn.Kind == elastic.KindSelfManaged {
		return "its owners add the authority to " + SettingCAs + " in elasticsearch.yml of each of its nodes. Nodes that trust no other authority yet must " +
			"be restarted. The bot can't do that"
	}
	return "you upload it: on its page, Security → Remote connections → Add trusted environment, with API keys and a private authority. " +
		"The bot can't do that"
}

// warnProxies warn where the local side may not trust the certificate at the port for keys, and say what a person has to do for it.
func warnProxies(w *WarningList, s PairState) {
	until := "until " + untilTrusted(s)
	p, of := s.Proxies, shownBy(s)
	switch unread := s.ReadError(PartProxies); {
	case unread != nil:
		w.Add("If the certificate of %s has a private authority, %s does not trust it %s. The bot couldn't read which authority it has: %s.",
			of, s.Local.Name, until, Sentence(unread))
	case p.Certificate.Public, p.trusted(): // there is nothing to do
	case s.ReadError(PartProxyTrust) != nil:
		w.Add("The certificate of %s has a private authority, %s. The bot couldn't read whether %s trusts it. If it does not, the connection fails %s.",
			of, p.Authority, s.Local.Name, until)
	default:
		w.Add("The certificate of %s has a private authority, %s, and %s does not trust it %s. Otherwise the connection "+
			"fails and is rolled back.", of, p.Authority, s.Local.Name, until)
	}
}

// Trusting is how one side of a connection by certificates trusts the other, by the direct entries of its trust
// settings. Entries that the platform keeps itself (accounts, external) are not looked into.
type Trusting struct {
	Who, Whom string      // names of deployments
	Until     time.Time   // when the last authority ends that both is trusted and signs Whom's nodes; zero: not known
	Missing   []Authority // sign the certificates of Whom's nodes, or are to, and are not trusted
	Unnamed   string      // Whom's cluster id, where nothing that Who trusts can be meant for it
}

// String names an authority as consoles do, with the beginning of its fingerprint to compare by eye.
func (a Authority) String() string {
	return fmt.Sprintf("%s (SHA-256 %s…, valid until %s)", a.Name, a.Fingerprint[:16], a.Until.UTC().Format(time.DateOnly))
}

// authoritiesIn reads every certificate of PEM texts. What can't be read is left out: it trusts nobody.
func authoritiesIn(pems []string) []Authority {
	var all []Authority
	for _, cert := range certificatesIn(pems...) {
		all = append(all, authorityIn(cert))
	}
	return all
}

func authorityIn(cert *x509.Certificate) Authority {
	sum := sha256.Sum256(cert.Raw)
	return Authority{Name: cert.Subject.String(), Until: cert.NotAfter, Fingerprint: hex.EncodeToString(sum[:])}
}

func certificatesIn(pems ...string) []*x509.Certificate {
	var all []*x509.Certificate
	for _, text := range pems {
		for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
			if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
				all = append(all, cert)
			}
		}
	}
	return all
}

// JudgeTrusting compares whom one side trusts with what the other side's nodes show. ok is false where no direct entry
// speaks of the other side: then it is trusted by other means, or not at all, which the connection itself tells.
func JudgeTrusting(who elastic.Deployment, by SideTrust, whom elastic.Deployment, other SideTrust) (t Trusting, ok bool) {
	t = Trusting{Who: who.Name, Whom: whom.Name}
	if t.Unnamed = whom.ClusterID; whom.ClusterID == "" {
		t.Unnamed = whom.Deployment
	}
	var pems []string
	for _, raw := range by.Trusted.Settings.Direct {
		var e elastic.TrustEntry
		if json.Unmarshal(raw, &e) != nil || !e.Names(other.Environment.ID, whom.ClusterID) {
			continue
		}
		ok, t.Unnamed = true, ""
		for _, c := range e.Certificates {
			pems = append(pems, c.PEM)
		}
	}
	trusted := authoritiesIn(pems)
	for _, a := range authoritiesIn(other.Authorities) {
		same := func(b Authority) bool { return a.Fingerprint == b.Fingerprint }
		if !slices.ContainsFunc(trusted, same) {
			t.Missing = append(t.Missing, a)
		} else if a.Until.After(t.Until) {
			t.Until = a.Until
		}
	}
	return t, ok
}

// HowToTrust is what people do where certificates are to stay.
const HowToTrust = "Migrate to an API key (8.14 or later on both sides), which needs no trust. Or add what is missing to the trust settings on the " +
	"platform (console: Security; API: settings.trust in PUT /api/v1/deployments/{id}, keeping the existing entries)."

// Gap says what of the trust is missing or has ended; empty if nothing is.
func (t Trusting) Gap(now time.Time) string {
	switch {
	case t.Unnamed != "":
		return "no trust entry of " + t.Who + " names " + t.Whom + " (cluster " + t.Unnamed + ")"
	case !t.Until.IsZero() && t.Until.Before(now):
		return t.Ended()
	case t.Until.IsZero() && len(t.Missing) > 0: // where another one is trusted, the one that is missing may only be coming
		return t.Lacks()
	}
	return ""
}

// Ended names the certificate that has ended; empty where none has.
func (t Trusting) Ended() string {
	return fmt.Sprintf("%s trusts certificates of %s that expire on %s, and none that lasts longer", t.Who, t.Whom, t.Until.UTC().Format(time.DateOnly))
}

// Lacks names the authorities that are not trusted though the other side's nodes show their certificates, or will.
func (t Trusting) Lacks() string {
	says := make([]string, 0, len(t.Missing))
	for _, a := range t.Missing {
		says = append(says, fmt.Sprintf("%s does not trust %s, a current or upcoming authority of %s", t.Who, a, t.Whom))
	}
	return strings.Join(says, "; ")
}
