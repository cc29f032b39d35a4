package link

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Part is something that a survey reads beside the two deployments.
type Part string

// The parts of a survey, in words that follow "could not be read:".
const (
	PartLocalCluster  Part = "Elasticsearch of the local deployment" // its address or credentials are wanting
	PartRemoteCluster Part = "Elasticsearch of the remote deployment"
	PartSettings      Part = "the remote clusters that the local cluster has"
	PartKeystore      Part = "the keystore of the local deployment"
	PartLocalLicense  Part = "the licence of the local cluster"
	PartRemoteLicense Part = "the licence of the remote cluster"
	PartRulesets      Part = "the network filters of the remote deployment"
	PartEgress        Part = "the addresses that the local platform calls from"
)

// Unread is a part that could not be read. It is not empty: nothing is known about it.
type Unread struct {
	Part Part
	Err  error
}

// PairState is how the two sides of a connection stand.
type PairState struct {
	Local, Remote     elastic.Deployment
	Aliases           map[string]string // in use on the local cluster, with the address that each points to
	Stored            []string          // aliases that the local keystore holds a key for
	Settings          elastic.Settings  // of all remote clusters of the local cluster
	LocalLicense      elastic.License
	RemoteLicense     elastic.License
	Rulesets          []elastic.Ruleset // that apply to the remote deployment
	Egress            []string          // addresses that the local platform's hosts call themselves
	Unread            []Unread          // what could not be read
	localOn, remoteOn System
	pasting           bool  // a person may paste a key instead
	cantIssue         error // why no key can be issued on the remote cluster
	trust             *TrustState
	proxies           proxyState            // of the remote platform, where they may be strangers to the local deployment
	signing           *elastic.SigningTrust // of the remote cluster; nil: not read
	mayNotManage      bool                  // the bot's user may not change settings of the remote cluster
	role              json.RawMessage       // the role that a connect names, on the local cluster; nil: none
}

// ReadPair reads both sides at once. The deployments may be some seconds old; everything else is read now. It fails
// only if a deployment can't be read: with a *change.InvalidError if there is none.
func (c *Catalog) ReadPair(ctx context.Context, local, remote elastic.Ref) (PairState, error) {
	return c.readPair(ctx, local, remote, c.Deployment)
}

// ReadPairFresh is a Survey with nothing remembered.
func (c *Catalog) ReadPairFresh(ctx context.Context, local, remote elastic.Ref) (PairState, error) {
	return c.readPair(ctx, local, remote, c.Fresh)
}

type getDeployment func(context.Context, elastic.Ref) (elastic.Deployment, error)

func (c *Catalog) readPair(ctx context.Context, local, remote elastic.Ref, get getDeployment) (PairState, error) {
	s := PairState{pasting: c.o.Pasting}
	var errs [2]error
	var wg sync.WaitGroup
	wg.Go(func() { s.Local, errs[0] = get(ctx, local) })
	wg.Go(func() { s.Remote, errs[1] = get(ctx, remote) })
	wg.Wait()
	if err := missing(local, remote, errs); err != nil {
		return PairState{}, err
	}
	s.localOn, _ = c.System(local.Platform)
	s.remoteOn, _ = c.System(remote.Platform)
	readSides(ctx, &s)
	return s, nil
}

// missing turns deployments that are not there into problems of the fields that named them; any other error stays.
func missing(local, remote elastic.Ref, errs [2]error) error {
	var wrong change.InvalidError
	var other []error
	for i, side := range []struct {
		field string
		ref   elastic.Ref
	}{{FieldLocal, local}, {FieldRemote, remote}} {
		_, unknown := errors.AsType[*UnknownSystemError](errs[i])
		switch {
		case unknown:
			wrong.Add(side.field, "there is no platform called %s", side.ref.Platform)
		case elastic.IsNotFound(errs[i]):
			wrong.Add(side.field, "there is no deployment %s on %s (any more)", side.ref.Deployment, side.ref.Platform)
		case errs[i] != nil:
			other = append(other, wrapCall("reading deployment "+side.ref.String(), errs[i]))
		}
	}
	if err := wrong.Check(); err != nil {
		return err
	}
	return errors.Join(other...)
}

// read fills in everything but the deployments; what can't be read is named.
func readSides(ctx context.Context, s *PairState) {
	var r reading
	local, err := s.localOn.Cluster(s.Local)
	r.failed(PartLocalCluster, err)
	remote, err2 := s.remoteOn.Cluster(s.Remote)
	r.failed(PartRemoteCluster, err2)
	if err == nil {
		r.start(PartSettings, func() error { return readAliases(ctx, s, local) })
		r.start(PartLocalLicense, func() (err error) { s.LocalLicense, err = local.License(ctx); return err })
	}
	if err2 == nil {
		if issuer, ok := remote.(elastic.Issuer); ok {
			s.cantIssue = issuer.MayIssue()
		}
		r.start(PartRemoteLicense, func() (err error) { s.RemoteLicense, err = remote.License(ctx); return err })
	}
	r.start(PartKeystore, func() error { return readKeystore(ctx, s) })
	r.start(PartRulesets, func() (err error) { s.Rulesets, err = s.remoteOn.Rulesets(ctx, s.Remote); return err })
	r.start(PartEgress, func() (err error) { s.Egress, err = s.localOn.Egress(ctx); return err })
	readProxies(ctx, s, &r)
	s.Unread = r.wait()
	slices.SortFunc(s.Rulesets, func(a, b elastic.Ruleset) int { return cmp.Compare(a.ID, b.ID) })
	slices.Sort(s.Egress)
}

// readAliases asks twice: a remote cluster may also stand in elasticsearch.yml, where only its connection shows.
func readAliases(ctx context.Context, s *PairState, local elastic.Cluster) error {
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

func readKeystore(ctx context.Context, s *PairState) error {
	names, err := s.localOn.SecretNames(ctx, s.Local)
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

// ReadError returns the error that kept a part from being read; nil if it was read.
func (s PairState) ReadError(parts ...Part) error {
	for _, u := range s.Unread {
		if slices.Contains(parts, u.Part) {
			return u.Err
		}
	}
	return nil
}

// requireRead fails if one of the parts could not be read.
func (s PairState) requireRead(parts ...Part) error {
	for _, p := range parts {
		if err := s.ReadError(p); err != nil {
			return wrapCall("reading "+string(p), err)
		}
	}
	return nil
}

// Prefill is a connect between the two deployments as far as they tell: alias, address and server name. What is read
// and for how long is for a person to say.
func Prefill(s PairState) ConnectParams {
	return ConnectParams{
		Local:  s.Local.Ref,
		Remote: s.Remote.Ref,
		Alias: elastic.SuggestAlias(s.Remote.Name, func(alias string) bool {
			_, used := s.Aliases[alias]
			return used || slices.Contains(s.Stored, alias)
		}),
		ProxyAddress:    s.Remote.TakesKeysAt(),
		ServerName:      s.Remote.Endpoint,
		SkipUnavailable: true,
	}
}

// Followed is what of a planned connect follows from its deployments alone: where an alias, an address or an id is what
// Prefill would suggest, other deployments make it another one. What a person chose otherwise is left empty. It is told
// from the plan, so that nothing need be asked and deployments may be gone.
func Followed(p change.Proposal) ConnectParams {
	c, err := ParseConnectParams(p.Params)
	if err != nil {
		return ConnectParams{}
	}
	f := ConnectParams{Local: c.Local, Remote: c.Remote, Model: c.Model}
	check, _ := argsOf[checkArgs](p, StepCheck) // without it nothing can be told to follow
	endpoint := check.Endpoint
	if host, _, err := net.SplitHostPort(c.ProxyAddress); err == nil && host == endpoint {
		f.ProxyAddress = c.ProxyAddress // at whichever port
	}
	if c.ServerName == endpoint {
		f.ServerName = c.ServerName
	}
	for _, name := range p.Traits["remote.name"] {
		base := elastic.SuggestAlias(name, func(string) bool { return false })
		number, numbered := strings.CutPrefix(c.Alias, base+"-")
		if n, err := strconv.Atoi(number); c.Alias == base || numbered && err == nil && n < 100 {
			f.Alias = c.Alias
		}
	}
	if c.Trust != nil { // ids of the two sides, however they came in; of several clusters only a person knows why
		f.Trust = &TrustOptions{LocalScope: c.Trust.LocalScope, RemoteScope: c.Trust.RemoteScope}
		if len(c.Trust.Clusters) == 1 {
			f.Trust.Clusters = c.Trust.Clusters
		}
	}
	return f
}

// reading runs reads at the same time and keeps what failed.
type reading struct {
	wg     sync.WaitGroup
	mu     sync.Mutex
	unread map[Part]error
}

func (r *reading) start(p Part, read func() error) {
	r.wg.Go(func() { r.failed(p, read()) })
}

func (r *reading) failed(p Part, err error) {
	if err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.unread == nil {
		r.unread = map[Part]error{}
	}
	r.unread[p] = err
}

func (r *reading) wait() []Unread {
	r.wg.Wait()
	var all []Unread
	for _, p := range slices.Sorted(maps.Keys(r.unread)) {
		all = append(all, Unread{Part: p, Err: r.unread[p]})
	}
	return all
}

// describe is a deployment for people: its name, version and region.
func describe(d elastic.Deployment) string {
	about := []string{d.Version}
	if d.Region != "" {
		about = append(about, d.Region)
	}
	return fmt.Sprintf("%s (%s)", d.Name, strings.Join(about, ", "))
}
