package cluster

import (
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/security"
)

// resolveCluster answers GET /_resolve/cluster: it connects if need be, and says what each cluster sees.
func resolveCluster(q *request) (any, *rest.Error) {
	c, out := q.c, map[string]any{}
	if t := q.Query.Get("timeout"); t != "" {
		if _, bad := rest.ParseTime("timeout", t); bad != nil {
			return nil, bad
		}
	}
	ignore, bad := q.Flag("ignore_unavailable")
	if bad != nil {
		return nil, bad
	}
	text, named := q.Vars["name"]
	if !named { // only how the remote clusters stand
		for _, alias := range c.connections.remotes() {
			out[alias] = resolve(c, q.who, expression{alias: alias}, true)
		}
		return out, nil
	}
	parts, bad := q.expand(text, security.ResolveAction)
	if bad != nil {
		return nil, bad
	}
	for _, p := range parts {
		if p.alias != "" {
			out[p.alias] = resolve(c, q.who, p, ignore)
			continue
		}
		found, missing, refused := c.indices.Match(p.patterns, c.security.MayRead(q.who))
		if len(refused) > 0 {
			return nil, security.DeniedIndices(security.ResolveAction, q.who, refused)
		}
		local := map[string]any{"connected": true, "skip_unavailable": false, "matching_indices": len(found) > 0, "version": aboutMin(c.version)}
		if len(missing) > 0 && !ignore {
			delete(local, "matching_indices")
			local["error"] = "no such index [" + missing[0] + "]"
		}
		out["(local)"] = local
	}
	return out, nil
}

// resolve says how an alias stands. With any error it is not connected, and an error is told only if the remote cluster
// has said it: of one that can't be reached Elasticsearch says nothing more.
func resolve(c *Cluster, who security.Identity, e expression, ignore bool) map[string]any {
	out := map[string]any{"connected": false, "skip_unavailable": c.connections.links[e.alias].skip}
	l, why := c.connections.use(e.alias, security.ResolveAction, true)
	if why != nil {
		if why.told {
			out["error"] = resolvedText(why.Error)
		}
		return out
	}
	r := c.connections.remote(e.alias)
	if e.patterns == nil {
		out["connected"], out["version"] = true, aboutMin(l.remote.version)
		return out
	}
	allowed, bad := accessTo(c, l.remote, who, r, security.ResolveAction)
	if bad != nil {
		out["error"] = bad.Reason
		return out
	}
	found, missing, refused := l.remote.indices.Match(e.patterns, allowed.Index)
	switch {
	case len(refused) > 0 && !ignore:
		out["error"] = allowed.Refuse(refused).Reason
		return out
	case len(missing) > 0 && !ignore:
		out["error"] = "no such index [" + missing[0] + "]"
	default:
		out["matching_indices"], out["version"] = len(found) > 0, aboutMin(l.remote.version)
	}
	out["connected"] = true
	return out
}

// resolvedText is an error's text in _resolve/cluster: at times that of its cause, as of a key that does not exist.
func resolvedText(e *rest.Error) string {
	why, _ := e.Extra[security.OtherCredentials].(string)
	if text, ok := strings.CutPrefix(why, "API key: "); ok && strings.HasPrefix(text, "unable to find apikey") {
		return text
	}
	return e.Reason
}

// accessTo is a caller's access to a remote cluster, by the model of the connection.
func accessTo(from, to *Cluster, who security.Identity, r remote, action string) (security.Access, *rest.Error) {
	if r.keyModel {
		return from.security.AccessByKey(who, r.alias, to.security, r.credentials, action)
	}
	return to.security.AccessByCertificate(who, action), nil
}
