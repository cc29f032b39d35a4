package cluster

import (
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/security"
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
		for _, alias := range c.connections.remotes() {
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
	if q.c.version.Major >= 9 || q.who.Internal || q.c.connections.lost[alias] != "" {
		return e
	}
	refused := security.DeniedIndices(action, q.who, nil)
	refused.Cause = e
	return refused
}
