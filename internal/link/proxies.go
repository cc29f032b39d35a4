package link

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// The parts of a survey of a remote platform whose proxies may have a private authority.
const (
	PartProxies    Part = "the certificate of the remote platform's proxies"
	PartProxyTrust Part = "whose proxies the local deployment trusts"
)

// proxyState is how the proxies before the remote cluster stand with the local one.
type proxyState struct {
	certificate elastic.ProxyCertificate
	authority   Authority
	trusts      elastic.TrustSettings // of the local deployment
}

// strangers reports whether a key connection goes to proxies whose certificate may have a private authority: those of
// another ECE. Elastic Cloud's has a public one (Elastic's docs), and one's own platform is trusted. It is asked while
// the survey is being filled in, so it copies none of it.
func (s *PairState) strangers() bool {
	return s.remoteOn.Kind == elastic.KindECE && s.localOn.Name != s.remoteOn.Name
}

func (s *PairState) readProxies(ctx context.Context, r *reading) {
	if !s.strangers() {
		return
	}
	r.start(PartProxies, func() error {
		proxies, ok := s.remoteOn.Platform.(elastic.Proxies)
		if !ok {
			return fmt.Errorf("%s does not tell it", label(s.remoteOn))
		}
		certificate, err := proxies.ProxyCertificate(ctx)
		if err != nil {
			return err
		}
		found := authoritiesIn([]string{certificate.CA})
		if len(found) == 0 {
			return fmt.Errorf("%s tells one that is no certificate", label(s.remoteOn))
		}
		s.proxies.certificate, s.proxies.authority = certificate, found[0]
		return nil
	})
	r.start(PartProxyTrust, func() error {
		trusts, ok := s.localOn.Platform.(elastic.Trusts)
		if !ok {
			return fmt.Errorf("%s has no trust settings", label(s.localOn))
		}
		now, err := trusts.Trust(ctx, s.Local)
		if err == nil {
			s.proxies.trusts = now.Settings
		}
		return err
	})
}

// trustTypeProxy is the type of a direct entry that holds the authority of another side's proxies
// (DirectTrustRelationship in the platforms' Swagger).
const trustTypeProxy = "proxy"

// trusted reports whether the local deployment has an entry for the proxies' authority.
func (p proxyState) trusted() bool {
	var pems []string
	for _, raw := range p.trusts.Direct {
		var e elastic.TrustEntry
		if json.Unmarshal(raw, &e) != nil || e.Type != trustTypeProxy {
			continue
		}
		for _, c := range e.Certificates {
			pems = append(pems, c.PEM)
		}
	}
	return slices.ContainsFunc(authoritiesIn(pems), func(a Authority) bool { return a.Fingerprint == p.authority.Fingerprint })
}

// proxies say whether the local side trusts the certificate at the port for keys, and what a person has to do for it.
func (w *warnings) proxies(s PairState) {
	const upload = "until that is uploaded: on its page, Security → Remote connections → Add trusted environment, with API keys and a " +
		"private authority. The bot can't do that"
	p, on := s.proxies, label(s.remoteOn)
	switch unread := s.ReadError(PartProxies); {
	case unread != nil:
		w.add("If the certificate of %s's proxies has a private authority, %s does not trust it %s. Which authority it has could not be read: %s.",
			on, s.Local.Name, upload, sentence(unread))
	case p.certificate.Public:
		w.add("The certificate of %s's proxies has a public authority, %s: %s trusts it as it is.", on, p.authority, s.Local.Name)
	case p.trusted():
		w.add("The certificate of %s's proxies has a private authority, %s, which %s trusts already.", on, p.authority, s.Local.Name)
	case s.ReadError(PartProxyTrust) != nil:
		w.add("The certificate of %s's proxies has a private authority, %s. Whether %s trusts it could not be read; it does not %s.",
			on, p.authority, s.Local.Name, upload)
	default:
		w.add("The certificate of %s's proxies has a private authority, %s, and %s does not trust it %s; without it the connection "+
			"fails and is taken back.", on, p.authority, s.Local.Name, upload)
	}
}
