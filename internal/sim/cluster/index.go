package cluster

import (
	"maps"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// expression is a part of an index expression: an alias (empty: local), and the patterns there.
type expression struct {
	alias    string
	patterns []string
}

// expand splits "a,remote:b*,-remote:b1" into what it means on each cluster; cluster parts may hold wildcards.
func (q *request) expand(text, action string) ([]expression, *rest.Error) {
	c := q.c
	var out []expression
	add := func(alias, pattern string) {
		for i := range out {
			if out[i].alias == alias {
				out[i].patterns = append(out[i].patterns, pattern)
				return
			}
		}
		out = append(out, expression{alias, []string{pattern}})
	}
	for part := range strings.SplitSeq(text, ",") {
		clusterPart, pattern, remote := strings.Cut(part, ":")
		if !remote {
			add("", part)
			continue
		}
		minus, clusterPart := strings.HasPrefix(clusterPart, "-"), strings.TrimPrefix(clusterPart, "-")
		found := false
		for _, alias := range c.remotes() {
			if !rest.Glob(clusterPart, alias) {
				continue
			}
			found = true
			if minus {
				out = slices.DeleteFunc(out, func(e expression) bool { return e.alias == alias })
			} else {
				add(alias, pattern)
			}
		}
		if !found && !strings.Contains(clusterPart, "*") {
			return nil, q.noSuchRemote(clusterPart, action)
		}
	}
	return out, nil
}

// noSuchRemote is what is said of an alias that is none: below version 9 as a lack of rights, with what it is about as
// its cause, unless it is set: then it is the nodes that do not know it.
func (q *request) noSuchRemote(alias, action string) *rest.Error {
	e := &rest.Error{Status: 404, Kind: "no_such_remote_cluster_exception", Reason: "no such remote cluster: [" + alias + "]"}
	if q.c.version.Major >= 9 || q.who.internal || q.c.lost[alias] != "" {
		return e
	}
	refused := deniedIndices(action, q.who, nil)
	refused.Cause = e
	return refused
}

// match returns the indices that patterns name, of those allowed; missing are the concrete names that don't exist,
// refused the concrete ones that exist or not and are not allowed.
func (c *Cluster) match(patterns []string, allowed func(index string) bool) (found, missing, refused []string) {
	for _, p := range patterns {
		if minus, ok := strings.CutPrefix(p, "-"); ok {
			found = slices.DeleteFunc(found, func(name string) bool { return rest.Glob(minus, name) })
			continue
		}
		if p == "_all" {
			p = "*"
		}
		if !strings.Contains(p, "*") {
			switch {
			case !allowed(p):
				refused = append(refused, p)
			case c.indices[p] == nil:
				missing = append(missing, p)
			default:
				found = append(found, p)
			}
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(c.indices)) {
			if rest.Glob(p, name) && allowed(name) && (!strings.HasPrefix(name, ".") || strings.HasPrefix(p, ".")) {
				found = append(found, name)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found), missing, refused
}

func indexNotFound(name string) *rest.Error {
	return &rest.Error{
		Status: 404, Kind: "index_not_found_exception", Reason: "no such index [" + name + "]",
		Extra: map[string]any{"resource.type": "index_or_alias", "resource.id": name, "index": name, "index_uuid": "_na_"},
	}
}

// mayRead returns which local indices a caller may read.
func (c *Cluster) mayRead(who identity) func(string) bool {
	roles := c.rolesOf(who.roles)
	return func(index string) bool {
		if who.internal {
			return true
		}
		return slices.ContainsFunc(roles, func(r Role) bool { return readable(r.Indices, index) })
	}
}

func readable(entries []IndicesPrivileges, index string) bool {
	return slices.ContainsFunc(entries, func(e IndicesPrivileges) bool {
		reads := slices.Contains(e.Privileges, "read") || slices.Contains(e.Privileges, "all") || slices.Contains(e.Privileges, "read_cross_cluster")
		return reads && rest.AnyGlob(e.Names, index)
	})
}
