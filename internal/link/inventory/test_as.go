package inventory

import (
	"context"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// Roles returns the roles of a local cluster that name remote clusters.
func (r *Connections) Roles(ctx context.Context, local elastic.Ref) ([]elastic.RemoteRole, error) {
	d, es, err := r.localCluster(ctx, local)
	if err != nil {
		return nil, err
	}
	uses, ok := es.(elastic.Uses)
	if !ok {
		return nil, link.UserError("The bot can't read the roles on "+d.Name+".", "%s has no roles", local)
	}
	roles, err := uses.RemoteRoles(ctx)
	return roles, link.WrapCall("reading the roles of "+d.Name, err)
}

// SearchAs searches each pattern through a connection as another user, in turn, up to the first that is refused.
func (r *Connections) SearchAs(ctx context.Context, n link.Name, user string, patterns []string) ([]elastic.SearchedAs, error) {
	d, es, err := r.localCluster(ctx, n.Local)
	if err != nil {
		return nil, err
	}
	as, ok := es.(elastic.RunAs)
	if !ok {
		return nil, link.UserError("The bot can't search as another user on "+d.Name+".", "%s has no run_as", n.Local)
	}
	var all []elastic.SearchedAs
	for _, pattern := range patterns {
		one, err := as.SearchAs(ctx, user, n.Alias, pattern)
		if err != nil {
			return nil, link.WrapCall("searching as "+user+" on "+d.Name, err)
		}
		all = append(all, one)
		if one.NotAllowed || one.Refused != "" {
			break
		}
	}
	return all, nil
}

func (r *Connections) localCluster(ctx context.Context, local elastic.Ref) (elastic.Deployment, elastic.Cluster, error) {
	d, err := r.catalog.Fresh(ctx, local)
	if err := missing(local, elastic.Ref{}, [2]error{err}); err != nil {
		return d, nil, err
	}
	on, _ := r.catalog.System(local.Platform)
	es, err := on.Cluster(d)
	return d, es, link.WrapCall("reaching Elasticsearch of "+d.Name, err)
}
