package inventory

import (
	"context"
	"slices"
	"sync"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// State reads one connection and what goes through it. It fails as Connection does.
func (r *Connections) State(ctx context.Context, n link.Name) (link.ConnectionState, error) {
	e, err := r.Connection(ctx, n)
	if err == nil {
		readTasks(ctx, &e)
	}
	return e, err
}

// Connection reads one connection. It fails with a *change.InvalidError where there is no such deployment, and with
// what the platform meets.
func (r *Connections) Connection(ctx context.Context, n link.Name) (link.ConnectionState, error) {
	e := link.ConnectionState{Name: n}
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
	e.PairState.Local, e.ShowsKeys = local, r.catalog.o.Pasting
	e.LocalOn, _ = r.catalog.System(n.Local.Platform)
	if e.Managed != nil {
		err = r.remoteSide(ctx, &e, e.Managed.Remote)
	} else {
		err = r.remoteByAddress(ctx, &e)
	}
	if err != nil {
		return e, err
	}
	readBoth(ctx, &e)
	readRoles(ctx, &e)
	return e, nil
}

func (r *Connections) remoteSide(ctx context.Context, e *link.ConnectionState, ref elastic.Ref) error {
	d, err := r.catalog.Fresh(ctx, ref)
	_, unknown := link.AsUnknownSystem(err)
	if unknown || elastic.IsNotFound(err) {
		return nil // it may have been deleted: what is left of the connection can still be dealt with
	}
	if err != nil {
		return link.WrapCall("reading deployment "+ref.String(), err)
	}
	e.Remote = d
	e.RemoteOn, _ = r.catalog.System(ref.Platform)
	return nil
}

// remoteByAddress finds the remote deployment of a connection that was made by hand.
func (r *Connections) remoteByAddress(ctx context.Context, e *link.ConnectionState) error {
	es, err := e.LocalOn.Cluster(e.PairState.Local)
	if err != nil {
		return link.WrapCall("reaching Elasticsearch of "+e.PairState.Local.Name, err)
	}
	info, err := es.RemoteInfo(ctx)
	if err != nil {
		return link.WrapCall("reading the remote connections of "+e.PairState.Local.Name, err)
	}
	i, listed := info[e.Alias]
	if !listed { // the nodes may have forgotten it
		set, err := es.RemoteSettings(ctx)
		if err != nil {
			return link.WrapCall("reading the settings of "+e.PairState.Local.Name, err)
		}
		o := set.Options(e.Alias)
		i.ProxyAddress, i.ServerName = o["proxy_address"], o["server_name"]
	}
	host, ok := hostOf(i)
	if !ok {
		return nil
	}
	if d := r.at(ctx, host); d != nil {
		return r.remoteSide(ctx, e, d.Ref)
	}
	return nil
}

// readTasks reads what goes through the connection. Each kind may be missing: a module that a cluster does not have answers
// with an error, and so does one that the bot may not ask.
func readTasks(ctx context.Context, e *link.ConnectionState) {
	es, err := e.LocalOn.Cluster(e.PairState.Local)
	tasks, ok := es.(elastic.Tasks)
	if err != nil || !ok {
		e.UsesUnread = []link.UnreadUse{{What: "what else uses it", Err: elastic.ErrNoCredentials}}
		return
	}
	var wg sync.WaitGroup
	found, errs := make([][]elastic.Task, len(link.TaskKinds)), make([]error, len(link.TaskKinds))
	for i, kind := range link.TaskKinds {
		wg.Go(func() { found[i], errs[i] = tasks.Tasks(ctx, kind) })
	}
	wg.Wait()
	var through []string
	for i, kind := range link.TaskKinds {
		if errs[i] != nil {
			e.UsesUnread = append(e.UsesUnread, link.UnreadUse{What: link.TasksWord(kind), Err: errs[i]})
		}
		for _, t := range found[i] {
			if t.Through(e.Alias) {
				e.Tasks = append(e.Tasks, t)
				through = append(through, link.TaskWord(t.Kind, t.Name))
			}
		}
	}
	e.Users = append(through, e.Users...)
}

// readRoles reads whose searches may go through the connection, by definition.
func readRoles(ctx context.Context, e *link.ConnectionState) {
	es, err := e.LocalOn.Cluster(e.PairState.Local)
	uses, ok := es.(elastic.Uses)
	if err != nil || !ok {
		e.Readers.Unread = elastic.ErrNoCredentials
		return
	}
	roles, err := uses.RemoteRoles(ctx)
	if err != nil {
		e.UsesUnread = append(e.UsesUnread, link.UnreadUse{What: "roles", Err: err})
	}
	e.Readers = link.ReadersOf(roles, e.Alias, e.Searched())
	e.Readers.Unread = err
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

// Migratable returns the aliases of a local deployment that use certificates and lead to a deployment that the bot can
// see, sorted.
func (r *Connections) Migratable(ctx context.Context, local elastic.Ref) []string {
	var aliases []string
	for _, c := range r.List(ctx, local.String()).Connections {
		if c.Local.Ref == local && !c.Gone && !c.Unread && c.Model() == ByCertificate && c.Remote != nil {
			aliases = append(aliases, c.Alias)
		}
	}
	slices.Sort(aliases)
	return aliases
}
