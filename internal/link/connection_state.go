package link

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// ConnectionState is how one connection stands, read now from both sides.
type ConnectionState struct {
	Name
	PairState                      // of both sides; the remote one is empty where it is not known
	Own         elastic.Settings   // of the alias
	Info        elastic.RemoteInfo // of the alias
	Listed      bool               // _remote/info lists it
	HasKey      bool               // the local keystore has an entry for it
	Managed     *ManagedConnection // nil: made by hand, or unknown
	Keys        []elastic.Key      // active ones of the managed key's name
	KeysUnread  error              // why the keys could not be read
	Users       []string           // what goes through it, in words
	UsersUnread error              // why that is not known, or not wholly
	Roles       []string           // that name the alias, or a pattern of it; not Elasticsearch's own
	WideRoles   []string           // that name every remote cluster (*), likewise
}

// HasRemote reports whether the remote deployment is known.
func (e ConnectionState) HasRemote() bool { return e.Remote.Deployment != "" }

// Exists reports whether the local cluster knows the alias.
func (e ConnectionState) Exists() bool { return e.Listed || !e.Own.Empty() }

// KeyGone reports whether the key that the bot made for it is known to be valid no more.
func (e ConnectionState) KeyGone() bool {
	return e.Managed != nil && e.Managed.KeyName != "" && e.HasRemote() && e.KeysUnread == nil && len(e.Keys) == 0
}

// State reads one connection. It fails with a *change.InvalidError where there is no such deployment, and with
// what the platform meets.
func (r *Connections) State(ctx context.Context, n Name) (ConnectionState, error) {
	e := ConnectionState{Name: n}
	managed, err := r.ManagedAt(ctx, n)
	if err != nil {
		return e, err
	}
	if m, ok := managed[n]; ok {
		e.Managed = &m
	}
	local, err := r.catalog.Fresh(ctx, n.Local)
	if err := missing(n.Local, elastic.Ref{}, [2]error{err}); err != nil {
		return e, err
	}
	e.PairState.Local = local
	e.localOn, _ = r.catalog.System(n.Local.Platform)
	if e.Managed != nil {
		err = r.remoteSide(ctx, &e, e.Managed.Remote)
	} else {
		err = r.remoteByAddress(ctx, &e)
	}
	if err != nil {
		return e, err
	}
	readBoth(ctx, &e)
	r.readUsers(ctx, &e)
	return e, nil
}

func (r *Connections) remoteSide(ctx context.Context, e *ConnectionState, ref elastic.Ref) error {
	d, err := r.catalog.Fresh(ctx, ref)
	_, unknown := asUnknown(err)
	if unknown || elastic.IsNotFound(err) {
		return nil // it may have been deleted: what is left of the connection can still be dealt with
	}
	if err != nil {
		return wrapCall("reading deployment "+ref.String(), err)
	}
	e.Remote = d
	e.remoteOn, _ = r.catalog.System(ref.Platform)
	return nil
}

// remoteByAddress finds the remote deployment of a connection that was made by hand.
func (r *Connections) remoteByAddress(ctx context.Context, e *ConnectionState) error {
	es, err := e.localOn.Cluster(e.PairState.Local)
	if err != nil {
		return wrapCall("reaching Elasticsearch of "+e.PairState.Local.Name, err)
	}
	info, err := es.RemoteInfo(ctx)
	if err != nil {
		return wrapCall("reading the remote connections of "+e.PairState.Local.Name, err)
	}
	host, ok := hostOf(info[e.Alias])
	if !ok {
		return nil
	}
	if d := r.at(ctx, host); d != nil {
		return r.remoteSide(ctx, e, d.Ref)
	}
	return nil
}

// readBoth fills in what a survey reads, and the connection's own part of it.
func readBoth(ctx context.Context, e *ConnectionState) {
	hasRemote := e.HasRemote() // asked before: it copies all of e, which is being filled in below
	var wg sync.WaitGroup
	wg.Go(func() {
		if hasRemote {
			readSides(ctx, &e.PairState)
		} else {
			readLocal(ctx, &e.PairState)
		}
	})
	wg.Go(func() {
		if es, err := e.localOn.Cluster(e.PairState.Local); err == nil {
			if info, err := es.RemoteInfo(ctx); err == nil {
				e.Info, e.Listed = info[e.Alias]
			}
		}
	})
	if hasRemote {
		wg.Go(func() { readKeys(ctx, e) })
	}
	wg.Wait()
	e.Own = e.Settings.Of(e.Alias)
	e.HasKey = slices.Contains(e.Stored, e.Alias)
}

// readLocal is the local half of a survey.
func readLocal(ctx context.Context, s *PairState) {
	var r reading
	local, err := s.localOn.Cluster(s.Local)
	r.failed(PartLocalCluster, err)
	if err == nil {
		r.start(PartSettings, func() error { return readAliases(ctx, s, local) })
		r.start(PartLocalLicense, func() (err error) { s.LocalLicense, err = local.License(ctx); return err })
	}
	r.start(PartKeystore, func() error { return readKeystore(ctx, s) })
	r.start(PartEgress, func() (err error) { s.Egress, err = s.localOn.Egress(ctx); return err })
	s.Unread = r.wait()
}

func readKeys(ctx context.Context, e *ConnectionState) {
	if e.Managed == nil || e.Managed.KeyName == "" {
		return
	}
	remote, err := e.remoteOn.Cluster(e.Remote)
	if err == nil {
		e.Keys, err = remote.ActiveKeys(ctx, e.Managed.KeyName)
	}
	e.KeysUnread = err
}

func (r *Connections) readUsers(ctx context.Context, e *ConnectionState) {
	es, err := e.localOn.Cluster(e.PairState.Local)
	uses, ok := es.(elastic.Uses)
	if err != nil || !ok {
		e.UsersUnread = elastic.ErrNoCredentials
		return
	}
	followers, err := uses.Followers(ctx)
	e.UsersUnread = err
	for _, f := range followers {
		switch {
		case f.Alias != e.Alias:
		case f.Pattern:
			e.Users = append(e.Users, "auto-follow pattern "+f.Name)
		default:
			e.Users = append(e.Users, "follower index "+f.Name)
		}
	}
	roles, err := uses.RemoteRoles(ctx)
	if err != nil {
		e.UsersUnread = err
	}
	for _, role := range roles {
		switch {
		case role.Reserved:
		case role.Names(e.Alias):
			e.Users = append(e.Users, "role "+role.Name)
			e.Roles = append(e.Roles, role.Name)
		case slices.Contains(role.Clusters, "*"):
			e.WideRoles = append(e.WideRoles, role.Name)
		}
	}
}

// params is the connection as parameters: what is set now, and of the rest what is remembered.
func (e ConnectionState) params() ConnectParams {
	set := e.Own.Options(e.Alias)
	c := ConnectParams{
		Local: e.Name.Local, Remote: e.Remote.Ref, Alias: e.Alias,
		ProxyAddress: set["proxy_address"], ServerName: set["server_name"],
		SkipUnavailable: set["skip_unavailable"] != "false", Compress: set["transport.compress"], PingSchedule: set["transport.ping_schedule"],
	}
	c.Identity = e.identity()
	if n, err := strconv.Atoi(set["proxy_socket_connections"]); err == nil {
		c.ProxySockets = n
	}
	if e.Managed != nil {
		c.Access, c.ExpiryDays = e.Managed.Access, e.Managed.KeyDays
		if !e.HasRemote() {
			c.Remote = e.Managed.Remote
		}
	}
	return c
}

// certified reports whether the connection uses certificates, and is meant to. A key that the nodes have left of an
// earlier connection does not change that.
func (e ConnectionState) certified() bool {
	stale := e.ReadError(PartKeystore) == nil && transportPort(e.Own.Options(e.Alias)["proxy_address"])
	return !e.HasKey && (e.Managed == nil || e.Managed.KeyName == "") && (e.Info.Credentials == "" || stale)
}

// ByCertificate reports whether the connection uses TLS certificates. One that points to the port for keys only lacks
// its key.
func (e ConnectionState) ByCertificate() bool {
	return e.Exists() && e.certified() && !strings.HasSuffix(e.Own.Options(e.Alias)["proxy_address"], ":"+strconv.Itoa(elastic.KeyPort))
}

// title is "<verb> <alias> of <local>".
func (e ConnectionState) title(verb string) string {
	s := fmt.Sprintf("%s %s of %s", verb, e.Alias, e.PairState.Local.Name)
	if e.HasRemote() {
		s += " (to " + e.Remote.Name + ")"
	}
	return s
}

// sides are the lines of a card that say which connection is meant.
func (e ConnectionState) sides() []change.Field {
	remote := "not a deployment that the bot can see"
	switch {
	case e.HasRemote():
		remote = describe(e.Remote) + " on " + label(e.remoteOn)
	case e.Managed != nil:
		remote = e.Managed.To() + ", which is gone"
	}
	return []change.Field{
		{Label: "Local", Value: describe(e.PairState.Local) + " on " + label(e.localOn)},
		{Label: "Remote", Value: remote},
		{Label: "Alias", Value: e.Alias},
	}
}

// basis is what a change of an existing connection rests on.
func (e ConnectionState) basis() []change.Field {
	var keys []string
	for _, k := range e.Keys {
		keys = append(keys, k.ID)
	}
	slices.Sort(keys)
	return []change.Field{
		{Label: "Local version", Value: e.PairState.Local.Version},
		{Label: "Remote version", Value: e.Remote.Version},
		{Label: "Remote endpoint", Value: e.Remote.Endpoint},
		{Label: "Settings under " + e.Alias, Value: e.Own.String()},
		{Label: "Key in the local keystore", Value: strconv.FormatBool(e.HasKey)},
		{Label: "Active keys", Value: strings.Join(keys, ", ")},
	}
}
