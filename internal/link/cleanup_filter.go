package link

import (
	"context"
	"fmt"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// unusedFilter is the network filter that was made for a connection, as a plan found it.
type unusedFilter struct {
	ID      string             `json:"id"`
	Ruleset elastic.NewRuleset `json:"ruleset"` // so that it can be made again
}

func (s unusedFilter) say() string {
	return "the network filter " + s.Ruleset.Name + ", which lets in " + list(s.Ruleset.Sources)
}

// filterQuery is the question whether anybody needs a filter that was made for a connection.
type filterQuery struct {
	remote  elastic.Deployment
	local   elastic.Ref
	name    string
	admits  []string // what it let in when it was made
	leaving Name     // the connection that ends
}

// filterStays says why a filter has to stay; empty where it need not. A read that fails is an error.
func (r *Connections) filterStays(ctx context.Context, q filterQuery) (string, error) {
	on, _ := r.catalog.System(q.remote.Platform)
	uses, ok := on.Platform.(elastic.FilterUses)
	if !ok || !on.CanAddFilters {
		return "the bot's configuration does not let it change network filters on " + label(on), nil
	}
	attached, err := on.Rulesets(ctx, q.remote)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(attached, func(r elastic.Ruleset) bool { return r.Name == q.name })
	switch {
	case i < 0:
		return "it does not apply to " + q.remote.Name + " any more", nil
	case attached[i].Type != "ip" || len(q.admits) > 0 && !sameWords(attached[i].Sources, q.admits):
		return "somebody has changed it since the bot made it", nil
	case len(closing(attached)) == 1:
		return "it is the only one of " + q.remote.Name + ", which would be open to everybody without it", nil
	}
	applies, err := uses.Associated(ctx, attached[i].ID)
	if err != nil {
		return "", err
	}
	if others := slices.DeleteFunc(applies, func(id string) bool { return id == q.remote.Deployment }); len(others) > 0 {
		return "it applies to other deployments, too: " + list(others), nil
	}
	if rest := slices.Delete(slices.Clone(attached), i, i+1); len(uncovered(attached[i].Sources, rest)) == 0 {
		return "", nil // the others let the same addresses in
	}
	through, err := r.through(ctx, q)
	if err != nil || len(through) == 0 {
		return "", err
	}
	return "other connections come through it, or may: " + list(through), nil
}

func sameWords(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// through are the other connections from the local platform to the remote deployment: they come from the same
// addresses.
func (r *Connections) through(ctx context.Context, q filterQuery) ([]string, error) {
	l := r.List(ctx, q.local.Platform+"/")
	switch on, _ := r.catalog.System(q.local.Platform); {
	case l.Unmanaged != nil:
		return nil, l.Unmanaged
	case !on.tellsLocals():
		return nil, fmt.Errorf("the bot does not list the connections of %s", label(on))
	case len(l.Missing) > 0:
		return nil, fmt.Errorf("%d local clusters gave no answer, such as %s (%s)", len(l.Missing), l.Missing[0].Local.Name, l.Missing[0].Why)
	}
	for _, down := range l.Down {
		if down.System == q.local.Platform {
			return nil, fmt.Errorf("the deployments of %s could not be listed: %s", down.System, down.Why)
		}
	}
	var all []string
	for _, c := range l.Connections {
		host, _ := hostOf(c.Info)
		leads := host == q.remote.Endpoint || c.Remote != nil && c.Remote.Ref == q.remote.Ref || c.Managed != nil && (c.Managed.Remote == q.remote.Ref || c.Managed.Ruleset == q.name)
		if leads && c.Name() != q.leaving && c.Local.Platform == q.local.Platform {
			all = append(all, c.Name().String())
		}
	}
	return all, nil
}

// unusedFilter works out whether the filter that was made for a connection can go.
func (r *Connections) unusedFilter(ctx context.Context, e ConnectionState, l *cleanup) {
	if e.Managed == nil || e.Managed.Ruleset == "" || !e.HasRemote() {
		return
	}
	what := "the network filter " + e.Managed.Ruleset
	if err := e.ReadError(PartRulesets); err != nil {
		l.unread(what, err)
		return
	}
	why, err := r.filterStays(ctx, filterQuery{
		remote: e.Remote, local: e.Name.Local, name: e.Managed.Ruleset, admits: e.Managed.FilterSources, leaving: e.Name,
	})
	switch {
	case err != nil:
		l.unread(what, err)
	case why != "":
		l.keep("%s: %s", what, why)
	default:
		i := slices.IndexFunc(e.Rulesets, func(r elastic.Ruleset) bool { return r.Name == e.Managed.Ruleset })
		if i < 0 {
			return // it went between two reads
		}
		is := e.Rulesets[i]
		l.Filter = &unusedFilter{ID: is.ID, Ruleset: elastic.NewRuleset{Name: is.Name, Description: is.Description, Region: is.Region, Sources: is.Sources}}
	}
}
