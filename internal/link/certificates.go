package link

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Trusting is how one side of a connection by certificates trusts the other, by the direct entries of its trust
// settings. Entries that the platform keeps itself (accounts, external) are not looked into.
type Trusting struct {
	Who, Whom string      // names of deployments
	Until     time.Time   // when the last authority ends that both is trusted and signs Whom's nodes; zero: not known
	Missing   []Authority // sign the certificates of Whom's nodes, or are to, and are not trusted
	Unnamed   string      // Whom's cluster id, where nothing that Who trusts can be meant for it
}

// Authority is a certificate authority of a platform.
type Authority struct {
	Name        string // its subject
	Until       time.Time
	Fingerprint string // SHA-256, in hex
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

// trusting compares whom one side trusts with what the other side's nodes show. ok is false where no direct entry
// speaks of the other side: then it is trusted by other means, or not at all, which the connection itself tells.
func trusting(who elastic.Deployment, by SideTrust, whom elastic.Deployment, other SideTrust) (t Trusting, ok bool) {
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

// readCertificates reads how the two sides of a connection by certificates trust each other.
func (x *HealthReport) readCertificates(ctx context.Context, c *Catalog) {
	if !x.ByCertificate() || !x.HasRemote() {
		return
	}
	both, err := c.ReadTrust(ctx, x.PairState, nil)
	if err != nil {
		x.TrustUnread = err
		return
	}
	apart := x.localOn.Name != x.remoteOn.Name // else the platform may trust its own deployments without an entry
	add := func(t Trusting, named, others bool) {
		switch {
		case named:
			x.Trust = append(x.Trust, t)
		case apart && !others:
			x.unnamed = append(x.unnamed, t)
		}
	}
	t, named := trusting(x.PairState.Local, both.Local, x.Remote, both.Remote)
	add(t, named, len(both.Local.Trusted.Settings.External) > 0)
	t, named = trusting(x.Remote, both.Remote, x.PairState.Local, both.Local)
	add(t, named, len(both.Remote.Trusted.Settings.External) > 0)
}

// ending says which side's trust ends before t; empty if none does.
func (x *HealthReport) ending(t time.Time) string {
	var says []string
	for _, one := range x.Trust {
		if !one.Until.IsZero() && one.Until.Before(t) {
			says = append(says, one.ended())
		}
	}
	return strings.Join(says, "; ")
}

// untrusted says which authorities a side does not trust though the other one's nodes show their certificates, or will;
// empty if there are none.
func (x *HealthReport) untrusted() string {
	var says []string
	for _, one := range x.Trust {
		if len(one.Missing) > 0 {
			says = append(says, one.lacks())
		}
	}
	return strings.Join(says, "; ")
}

// howToTrust is what people do where certificates are to stay.
const howToTrust = "Migrate to an API key (8.14 or later on both sides), which needs none of this; or add what is missing to the trust settings on the " +
	"platform (console: Security; API: settings.trust in PUT /api/v1/deployments/{id}, with every entry that is there)."

// certificates looks at the trust between the two sides. It is never what is the matter: an authority that is missing
// may be one that only comes, and one that has ended one that is not used any more. The connection itself tells.
func (x *HealthReport) certificates(now time.Time) *finding {
	const name = "The two sides' certificates are trusted, and last"
	if len(x.Trust) == 0 {
		return nil // a connection by key, or trusted by other means, or it could not be read
	}
	f := pass(name, "%s", x.trustLine())
	if wrong := x.trustGaps(now); wrong != "" {
		f.say = wrong
		f.hint = &Diagnosis{Cause: CauseTrust, Say: "The trust between the two sides' certificates has ended, or has a gap.", Fix: howToTrust}
		f.fix, f.why = x.fixFor(CauseTrust)
	}
	return f
}

// trustGaps says what of the trust has ended by now or is missing; empty if nothing is.
func (x *HealthReport) trustGaps(now time.Time) string {
	return strings.Join(slices.DeleteFunc([]string{x.ending(now), x.untrusted()}, func(s string) bool { return s == "" }), "; ")
}

// distrusted looks whether the trust settings of the two platforms say why a connection fails. They are judged before what
// Elasticsearch says: a remote side that does not trust the local one breaks off the handshake as many others do.
func (x *HealthReport) distrusted(f *finding, now time.Time) *finding {
	if x.model() != ModelCertificate || !f.diagnosis.Cause.ofTrust() && f.diagnosis.Cause != CausePort {
		return f
	}
	cause, gap := x.trustCause(now)
	if cause == "" {
		if others := x.trustGaps(now); others != "" {
			f.say += "; " + others
			f.diagnosis.Fix = howToTrust
		}
		return f
	}
	found := x.fail(f.name, cause, gap+"; "+f.say)
	found.diagnosis.Say, found.diagnosis.Fix = "The two sides do not trust each other's certificates: "+gap+".", howToTrust
	return found
}

// trustCause is the first gap in the trust between the two sides that keeps them from connecting.
func (x *HealthReport) trustCause(now time.Time) (c Cause, gap string) {
	for _, t := range slices.Concat(x.unnamed, x.Trust) {
		say := t.gap(now)
		if say == "" {
			continue
		}
		if t.Who == x.PairState.Local.Name {
			return CauseTrust, say
		}
		return CauseUntrusted, say
	}
	return "", ""
}

// gap says what of the trust is missing or has ended; empty if nothing is.
func (t Trusting) gap(now time.Time) string {
	switch {
	case t.Unnamed != "":
		return "no trust entry of " + t.Who + " names " + t.Whom + " (cluster " + t.Unnamed + ")"
	case !t.Until.IsZero() && t.Until.Before(now):
		return t.ended()
	case t.Until.IsZero() && len(t.Missing) > 0: // where another one is trusted, the one that is missing may only be coming
		return t.lacks()
	}
	return ""
}

func (t Trusting) ended() string {
	return fmt.Sprintf("%s trusts certificates of %s that end on %s, and none that goes on", t.Who, t.Whom, t.Until.UTC().Format(time.DateOnly))
}

// lacks names the authorities that are not trusted though the other side's nodes show their certificates, or will.
func (t Trusting) lacks() string {
	says := make([]string, 0, len(t.Missing))
	for _, a := range t.Missing {
		says = append(says, fmt.Sprintf("%s does not trust %s, an authority of %s that is in use or coming", t.Who, a, t.Whom))
	}
	return strings.Join(says, "; ")
}

// trustLine is "a trusts b until …; b trusts a until …".
func (x *HealthReport) trustLine() string {
	var says []string
	for _, t := range x.Trust {
		until := "an unknown day"
		if !t.Until.IsZero() {
			until = t.Until.UTC().Format(time.DateOnly)
		}
		says = append(says, t.Who+" trusts "+t.Whom+" until "+until)
	}
	return strings.Join(says, "; ")
}

// TrustLine says until when the certificates of a connection are valid; empty where it uses none.
func (x *HealthReport) TrustLine() string {
	switch {
	case !x.ByCertificate():
		return ""
	case x.TrustUnread != nil:
		return "could not be read: " + sentence(x.TrustUnread)
	case len(x.Trust) == 0:
		return "no direct trust entry names the other side"
	}
	return x.trustLine()
}
