package inventory

import (
	"context"
	"fmt"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// unusedFilter is the network filter that was made for a connection, as a plan found it.
type unusedFilter struct {
	ID      string             `json:"id"`
	Ruleset elastic.NewRuleset `json:"ruleset"` // so that it can be made again
}

func (s unusedFilter) say() string {
	return "the network filter " + s.Ruleset.Name + ", which allows " + link.JoinWords(s.Ruleset.Allowed())
}

// FilterQuery is the question whether anybody needs a filter that was made for a connection.
type FilterQuery struct {
	Remote        elastic.Deployment
	Local         elastic.Ref
	Name          string
	FilterSources []string  // what it let in when it was made
	Leaving       link.Name // the connection that ends
}

// FilterStays says why a filter has to stay; empty where it need not. A read that fails is an error.
func FilterStays(ctx context.Context, r *Connections, q FilterQuery) (string, error) {
	on, _ := r.catalog.System(q.Remote.Platform)
	uses, ok := on.Platform.(elastic.FilterUses)
	if !ok || !on.CanAddFilters {
		return "the bot's configuration does not permit changing network filters on " + link.SystemLabel(on), nil
	}
	attached, err := on.Rulesets(ctx, q.Remote)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(attached, func(r elastic.Ruleset) bool { return r.Name == q.Name })
	switch {
	case i < 0:
		return "it no longer applies to " + q.Remote.Name + " any more", nil
	case !slices.Contains([]string{elastic.FilterIP, elastic.FilterRemoteCluster}, attached[i].Type),
		len(q.FilterSources) > 0 && !sameWords(attached[i].Allowed(), q.FilterSources):
		return "someone changed it since the bot created it", nil
	case len(link.ClosingRulesets(attached)) == 1:
		return "it is the only one of " + q.Remote.Name + ", which would be open to everyone without it", nil
	}
	applies, err := uses.Associated(ctx, attached[i].ID)
	if err != nil {
		return "", err
	}
	if others := slices.DeleteFunc(applies, func(id string) bool { return id == q.Remote.Deployment }); len(others) > 0 {
		return "it also applies to other deployments: " + link.JoinWords(others), nil
	}
	if rest := slices.Delete(slices.Clone(attached), i, i+1); len(link.OnlyThere(attached[i], rest)) == 0 {
		return "", nil // the others let the same in
	}
	through, err := through(ctx, r, q, len(attached[i].Clusters) > 0)
	if err != nil || len(through) == 0 {
		return "", err
	}
	return "other connections use it, or may use it: " + link.JoinWords(through), nil
}

func sameWords(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// through are the other connections to the remote deployment that a filter may let in: from the same cluster, or from
// the local platform, as they come from the same addresses.
func through(ctx context.Context, r *Connections, q FilterQuery, byCluster bool) ([]string, error) {
	from := q.Local.Platform + "/"
	if byCluster {
		from = q.Local.String()
	}
	l := r.List(ctx, from)
	switch on, _ := r.catalog.System(q.Local.Platform); {
	case l.Unmanaged != nil:
		return nil, l.Unmanaged
	case !byCluster && !on.TellsLocals():
		return nil, fmt.Errorf("the bot does not list the connections of %s", link.SystemLabel(on))
	case len(l.Missing) > 0:
		return nil, fmt.Errorf("%d local clusters did not answer, such as %s (%s)", len(l.Missing), l.Missing[0].Local.Name, l.Missing[0].Why)
	}
	for _, down := range l.Down {
		if down.System == q.Local.Platform {
			return nil, fmt.Errorf("the deployments of %s could not be listed: %s", down.System, down.Why)
		}
	}
	var all []string
	for _, c := range l.Connections {
		host, _ := hostOf(c.Info)
		leads := host == q.Remote.Endpoint || c.Remote != nil && c.Remote.Ref == q.Remote.Ref || c.Managed != nil && (c.Managed.Remote == q.Remote.Ref || c.Managed.Ruleset == q.Name)
		same := c.Local.Ref == q.Local || !byCluster && c.Local.Platform == q.Local.Platform
		if leads && same && c.Name() != q.Leaving {
			all = append(all, c.Name().String())
		}
	}
	return all, nil
}

// FindUnusedFilter works out whether the filter that was made for a connection can go.
func FindUnusedFilter(ctx context.Context, r *Connections, e link.ConnectionState, l *Cleanup) {
	if e.Managed == nil || e.Managed.Ruleset == "" || !e.HasRemote() {
		return
	}
	what := "the network filter " + e.Managed.Ruleset
	if err := e.ReadError(link.PartRulesets); err != nil {
		l.unread(what, err)
		return
	}
	why, err := FilterStays(ctx, r, FilterQuery{
		Remote: e.Remote, Local: e.Name.Local, Name: e.Managed.Ruleset, FilterSources: e.Managed.FilterSources, Leaving: e.Name,
	})
	switch {
	case err != nil:
		l.unread(what, err)
	case why != "":
		l.Leave("%s: %s", what, why)
	default:
		i := slices.IndexFunc(e.Rulesets, func(r elastic.Ruleset) bool { return r.Name == e.Managed.Ruleset })
		if i < 0 {
			return // it went between two reads
		}
		is := e.Rulesets[i]
		l.Filter = &unusedFilter{ID: is.ID, Ruleset: elastic.NewRuleset{
			Name: is.Name, Description: is.Description, Type: is.Type, Region: is.Region, Sources: is.Sources, Clusters: is.Clusters,
		}}
	}
}
