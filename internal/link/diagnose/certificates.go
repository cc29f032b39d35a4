package diagnose

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// readCertificates reads how the two sides of a connection by certificates trust each other.
func readCertificates(ctx context.Context, x *HealthReport, c *inventory.Catalog) {
	if !x.ByCertificate() || !x.HasRemote() {
		return
	}
	both, err := c.ReadTrust(ctx, x.PairState, nil)
	if err != nil {
		x.TrustUnread = err
		return
	}
	apart := x.LocalOn.Name != x.RemoteOn.Name // else the platform may trust its own deployments without an entry
	add := func(t link.Trusting, named, others bool) {
		switch {
		case named:
			x.Trust = append(x.Trust, t)
		case apart && !others:
			x.unnamed = append(x.unnamed, t)
		}
	}
	t, named := link.JudgeTrusting(x.PairState.Local, both.Local, x.Remote, both.Remote)
	add(t, named, len(both.Local.Trusted.Settings.External) > 0)
	t, named = link.JudgeTrusting(x.Remote, both.Remote, x.PairState.Local, both.Local)
	add(t, named, len(both.Remote.Trusted.Settings.External) > 0)
}

// ending says which side's trust ends before t; empty if none does.
func ending(x *HealthReport, t time.Time) string {
	var says []string
	for _, one := range x.Trust {
		if !one.Until.IsZero() && one.Until.Before(t) {
			says = append(says, one.Ended())
		}
	}
	return strings.Join(says, "; ")
}

// untrusted says which authorities a side does not trust though the other one's nodes show their certificates, or will;
// empty if there are none.
func untrusted(x *HealthReport) string {
	var says []string
	for _, one := range x.Trust {
		if len(one.Missing) > 0 {
			says = append(says, one.Lacks())
		}
	}
	return strings.Join(says, "; ")
}

// certificates looks at the trust between the two sides. It is never what is the matter: an authority that is missing
// may be one that only comes, and one that has ended one that is not used any more. The connection itself tells.
func certificates(x *HealthReport, now time.Time) *finding {
	const name = "The two sides trust each other's certificates, and these don't expire soon"
	if len(x.Trust) == 0 {
		return nil // a connection by key, or trusted by other means, or it could not be read
	}
	f := pass(name, "%s", trustLine(x))
	if wrong := trustGaps(x, now); wrong != "" {
		f.say = wrong
		f.hint = &Diagnosis{Cause: link.CauseTrust, Say: "The trust between the two sides' certificates has expired or is incomplete.", Fix: link.HowToTrust}
		f.fix, f.why = x.fixFor(link.CauseTrust)
	}
	return f
}

// trustGaps says what of the trust has ended by now or is missing; empty if nothing is.
func trustGaps(x *HealthReport, now time.Time) string {
	return strings.Join(slices.DeleteFunc([]string{ending(x, now), untrusted(x)}, func(s string) bool { return s == "" }), "; ")
}

// distrusted looks whether the trust settings of the two platforms say why a connection fails. They are judged before what
// Elasticsearch says: a remote side that does not trust the local one breaks off the handshake as many others do.
func distrusted(x *HealthReport, f *finding, now time.Time) *finding {
	if x.model() != link.ModelCertificate || !f.diagnosis.Cause.OfTrust() && f.diagnosis.Cause != link.CausePort {
		return f
	}
	cause, gap := trustCause(x, now)
	if cause == "" {
		if others := trustGaps(x, now); others != "" {
			f.say += "; " + others
			f.diagnosis.Fix = link.HowToTrust
		}
		return f
	}
	found := x.fail(f.name, cause, gap+"; "+f.say)
	found.diagnosis.Say, found.diagnosis.Fix = "The two sides don't trust each other's certificates: "+gap+".", link.HowToTrust
	return found
}

// trustCause is the first gap in the trust between the two sides that keeps them from connecting.
func trustCause(x *HealthReport, now time.Time) (c link.Cause, gap string) {
	for _, t := range slices.Concat(x.unnamed, x.Trust) {
		say := t.Gap(now)
		if say == "" {
			continue
		}
		if t.Who == x.PairState.Local.Name {
			return link.CauseTrust, say
		}
		return link.CauseUntrusted, say
	}
	return "", ""
}

// trustLine is "a trusts b until …; b trusts a until …".
func trustLine(x *HealthReport) string {
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
func TrustLine(x *HealthReport) string {
	switch {
	case !x.ByCertificate():
		return ""
	case x.TrustUnread != nil:
		return "could not be read: " + link.Sentence(x.TrustUnread)
	case len(x.Trust) == 0:
		return "no direct trust entry names the other side"
	}
	return trustLine(x)
}
