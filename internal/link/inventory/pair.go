package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// readLocal is the local half of a survey.
func readLocal(ctx context.Context, s *link.PairState) {
	var r reading
	local, err := s.LocalOn.Cluster(s.Local)
	r.failed(link.PartLocalCluster, err)
	if err == nil {
		r.start(link.PartSettings, func() error { return readAliases(ctx, s, local) })
		r.start(link.PartLocalLicense, func() (err error) { s.LocalLicense, err = local.License(ctx); return err })
	}
	r.start(link.PartKeystore, func() error { return readKeystore(ctx, s) })
	r.start(link.PartEgress, func() (err error) { s.Egress, err = s.LocalOn.Egress(ctx); return err })
	s.Unread = r.wait()
}

type getDeployment func(context.Context, elastic.Ref) (elastic.Deployment, error)

// missing turns deployments that are not there into problems of the fields that named them; any other error stays.
func missing(local, remote elastic.Ref, errs [2]error) error {
	var wrong change.InvalidError
	var other []error
	for i, side := range []struct {
		field string
		ref   elastic.Ref
	}{{link.FieldLocal, local}, {link.FieldRemote, remote}} {
		_, unknown := errors.AsType[*link.UnknownSystemError](errs[i])
		switch {
		case unknown:
			wrong.Add(side.field, "there is no platform called %s", side.ref.Platform)
		case elastic.IsNotFound(errs[i]):
			wrong.Add(side.field, "there is no deployment %s on %s. It may have been deleted", side.ref.Deployment, side.ref.Platform)
		case errs[i] != nil:
			other = append(other, link.WrapCall("reading deployment "+side.ref.String(), errs[i]))
		}
	}
	if err := wrong.Check(); err != nil {
		return err
	}
	return errors.Join(other...)
}

// read fills in everything but the deployments; what can't be read is named.
func readSides(ctx context.Context, s *link.PairState) {
	byCluster := s.ByCluster() // before the reads: a method of the state looks at all of it, while they write
	var r reading
	local, err := s.LocalOn.Cluster(s.Local)
	r.failed(link.PartLocalCluster, err)
	remote, err2 := s.RemoteOn.Cluster(s.Remote)
	r.failed(link.PartRemoteCluster, err2)
	if err == nil {
		r.start(link.PartSettings, func() error { return readAliases(ctx, s, local) })
		r.start(link.PartLocalLicense, func() (err error) { s.LocalLicense, err = local.License(ctx); return err })
	}
	if err2 == nil {
		if issuer, ok := remote.(elastic.Issuer); ok {
			s.CantIssue = issuer.MayIssue()
		}
		r.start(link.PartRemoteLicense, func() (err error) { s.RemoteLicense, err = remote.License(ctx); return err })
	}
	r.start(link.PartKeystore, func() error { return readKeystore(ctx, s) })
	r.start(link.PartRulesets, func() (err error) {
		s.Rulesets, err = s.RemoteOn.Rulesets(ctx, s.Remote)
		if byCluster && len(link.ClosingRulesets(s.Rulesets)) > 0 {
			r.failed(link.PartScope, readScope(ctx, s))
		}
		return err
	})
	r.start(link.PartEgress, func() (err error) { s.Egress, err = s.LocalOn.Egress(ctx); return err })
	readProxies(ctx, s, &r)
	s.Unread = r.wait()
	slices.SortFunc(s.Rulesets, func(a, b elastic.Ruleset) int { return cmp.Compare(a.ID, b.ID) })
	slices.Sort(s.Egress)
}

// readAliases asks twice: a remote cluster may also stand in elasticsearch.yml, where only its connection shows.
func readAliases(ctx context.Context, s *link.PairState, local elastic.Cluster) error {
	var settings elastic.Settings
	var info map[string]elastic.RemoteInfo
	var errs [2]error
	var wg sync.WaitGroup
	wg.Go(func() { settings, errs[0] = local.RemoteSettings(ctx) })
	wg.Go(func() { info, errs[1] = local.RemoteInfo(ctx) })
	wg.Wait()
	if err := cmp.Or(errs[0], errs[1]); err != nil {
		return err
	}
	aliases := settings.Aliases()
	for alias, i := range info {
		if aliases[alias] == "" {
			aliases[alias] = i.ProxyAddress
		}
	}
	s.Settings, s.Aliases = settings, aliases
	return nil
}

func readKeystore(ctx context.Context, s *link.PairState) error {
	names, err := s.LocalOn.SecretNames(ctx, s.Local)
	if err != nil {
		return err
	}
	for _, name := range names {
		if alias, ok := elastic.AliasOf(name); ok && name == elastic.CredentialsName(alias) {
			s.Stored = append(s.Stored, alias)
		}
	}
	slices.Sort(s.Stored)
	return nil
}

// reading runs reads at the same time and keeps what failed.
type reading struct {
	wg     sync.WaitGroup
	mu     sync.Mutex
	unread map[link.Part]error
}

func (r *reading) start(p link.Part, read func() error) {
	r.wg.Go(func() { r.failed(p, read()) })
}

func (r *reading) failed(p link.Part, err error) {
	if err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.unread == nil {
		r.unread = map[link.Part]error{}
	}
	r.unread[p] = err
}

func (r *reading) wait() []link.Unread {
	r.wg.Wait()
	var all []link.Unread
	for _, p := range slices.Sorted(maps.Keys(r.unread)) {
		all = append(all, link.Unread{Part: p, Err: r.unread[p]})
	}
	return all
}

func readProxies(ctx context.Context, s *link.PairState, r *reading) {
	if !link.Strangers(s) {
		return
	}
	r.start(link.PartProxies, func() error {
		proxies, ok := s.RemoteOn.Platform.(elastic.Proxies)
		if !ok {
			return fmt.Errorf("%s does not report it", link.SystemLabel(s.RemoteOn))
		}
		certificate, err := proxies.ProxyCertificate(ctx, s.Remote)
		if err != nil {
			return err
		}
		found, err := link.AuthorityOf(certificate.CA)
		if err != nil {
			return fmt.Errorf("%s reports one that is not a certificate", link.SystemLabel(s.RemoteOn))
		}
		s.Proxies.Certificate, s.Proxies.Authority = certificate, found
		return nil
	})
	r.start(link.PartProxyTrust, func() error {
		trusts, ok := s.LocalOn.Platform.(elastic.Trusts)
		if !ok {
			return fmt.Errorf("%s has no trust settings", link.SystemLabel(s.LocalOn))
		}
		now, err := trusts.Trust(ctx, s.Local)
		if err == nil {
			s.Proxies.Trusts = now.Settings
		}
		return err
	})
}
