package cluster

// resolveCluster answers GET /_resolve/cluster: it connects if need be, and says what each cluster sees.
func resolveCluster(q *request) (any, *esError) {
	c, out := q.c, map[string]any{}
	if t := q.query.Get("timeout"); t != "" {
		if _, bad := parseTime("timeout", t); bad != nil {
			return nil, bad
		}
	}
	ignore, bad := q.flag("ignore_unavailable")
	if bad != nil {
		return nil, bad
	}
	text, named := q.vars["name"]
	if !named { // only how the remote clusters stand
		for _, alias := range c.remotes() {
			out[alias] = c.resolve(q.who, expression{alias: alias}, true)
		}
		return out, nil
	}
	parts, bad := c.expand(text)
	if bad != nil {
		return nil, bad
	}
	for _, p := range parts {
		if p.alias != "" {
			out[p.alias] = c.resolve(q.who, p, ignore)
			continue
		}
		found, missing, refused := c.match(p.patterns, c.mayRead(q.who))
		if len(refused) > 0 {
			return nil, deniedIndices("indices:admin/resolve/cluster", q.who, refused, "view_index_metadata,manage,read,all")
		}
		local := map[string]any{"connected": true, "skip_unavailable": false, "matching_indices": len(found) > 0, "version": c.versionMin()}
		if len(missing) > 0 && !ignore {
			delete(local, "matching_indices")
			local["error"] = "no such index [" + missing[0] + "]"
		}
		out["(local)"] = local
	}
	return out, nil
}

func (c *Cluster) resolve(who identity, e expression, ignore bool) map[string]any {
	r := c.remote(e.alias)
	out := map[string]any{"connected": false, "skip_unavailable": r.skip}
	l, why := c.use(e.alias, true)
	if why != nil {
		switch {
		case why.reached:
			out["error"] = why.reason
		case c.net.opt.TellUnavailable:
			out["error"] = why.logged
		}
		return out
	}
	if e.patterns == nil {
		out["connected"], out["version"] = true, l.remote.versionMin()
		return out
	}
	allowed, bad := c.remoteAccess(who, r, l.remote, "indices:admin/resolve/cluster", e.patterns)
	if bad != nil {
		out["error"] = bad.reason // as Elasticsearch: a security error can't tell whether the cluster is there
		return out
	}
	found, missing, refused := l.remote.match(e.patterns, allowed.index)
	out["connected"] = true
	switch {
	case len(refused) > 0:
		out["connected"] = false
		out["error"] = allowed.refuse(refused).reason
	case len(missing) > 0 && !ignore:
		out["error"] = "no such index [" + missing[0] + "]"
	default:
		out["matching_indices"] = len(found) > 0
		out["version"] = l.remote.versionMin()
	}
	return out
}
