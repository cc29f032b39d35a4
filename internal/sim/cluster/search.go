package cluster

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/documents"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/security"
)

// hit is one document found.
type hit struct {
	index string
	n     int
	doc   json.RawMessage
}

// search answers GET and POST /{index}/_search, on this cluster and through its connections.
func search(q *request) (any, *rest.Error) {
	body, bad := q.Object("search_request", "query", "size", "from", "track_total_hits", "sort", "_source")
	if bad != nil {
		return nil, bad
	}
	size, bad := pageSize(q, body)
	if bad != nil {
		return nil, bad
	}
	wanted, bad := documents.ParseQuery(body["query"])
	if bad != nil {
		return nil, bad
	}
	ignore, bad := q.Flag("ignore_unavailable")
	if bad != nil {
		return nil, bad
	}
	parts, bad := q.expand(q.Vars["index"], security.SearchAction)
	if bad != nil {
		return nil, bad
	}
	s := &searching{q: q, wanted: wanted, ignore: ignore, source: body["_source"] != false, details: map[string]any{}}
	for _, p := range parts {
		if bad := s.part(p); bad != nil {
			return nil, bad
		}
	}
	return s.answer(size), nil
}

func pageSize(q *request, body map[string]any) (int, *rest.Error) {
	text := q.Query.Get("size")
	if n, ok := body["size"].(json.Number); ok {
		text = n.String()
	}
	if text == "" {
		return 10, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, rest.IllegalArgument("[size] parameter cannot be negative, found [%s]", text)
	}
	return n, nil
}

// searching is a search under way.
type searching struct {
	q       *request
	wanted  func(map[string]any) bool
	ignore  bool
	source  bool // of each hit, too
	hits    []hit
	shards  int
	remote  bool
	skipped int
	details map[string]any
}

func (s *searching) part(p expression) *rest.Error {
	if p.alias == "" {
		found, missing, refused := s.q.c.indices.Match(p.patterns, s.q.c.security.MayRead(s.q.who))
		switch {
		case len(refused) > 0:
			return security.DeniedIndices(security.SearchAction, s.q.who, refused)
		case len(missing) > 0 && !s.ignore:
			return documents.NotFound(missing[0])
		}
		s.collect(s.q.c, "", found, nil)
		s.details["(local)"] = searched(expression{patterns: found}, len(found))
		return nil
	}
	s.remote = true
	bad := s.far(p)
	if bad == nil {
		return nil
	}
	if !s.q.c.connections.links[p.alias].skip || bad.local {
		return bad.Error
	}
	s.skipped++
	s.details[p.alias] = map[string]any{
		"status": "skipped", "indices": strings.Join(p.patterns, ","), "timed_out": false,
		"failures": []any{map[string]any{"shard": -1, "index": nil, "reason": bad.Object()}},
	}
	return nil
}

// farError is a failure on the way to or on a remote cluster; a local one is the caller's own lack of rights, which
// skip_unavailable does not hide.
type farError struct {
	*rest.Error
	local bool
}

func (s *searching) far(p expression) *farError {
	c, r, l := s.q.c, s.q.c.connections.remote(p.alias), s.q.c.connections.links[p.alias]
	if l.skip && !l.connected() { // Elasticsearch does not try again then, and does not say why
		return &farError{Error: &rest.Error{Status: 500, Kind: "connect_transport_exception", Reason: "Unable to connect to [" + p.alias + "]"}}
	}
	l, why := c.connections.use(p.alias, security.SearchAction, true)
	if why != nil {
		return &farError{Error: why.Error}
	}
	a, bad := accessTo(c, l.remote, s.q.who, r, security.SearchAction)
	if bad != nil {
		return &farError{Error: bad, local: strings.Contains(bad.Reason, "no remote indices privileges")}
	}
	found, missing, refused := l.remote.indices.Match(p.patterns, a.Index)
	switch {
	case len(refused) > 0 && !s.ignore:
		return &farError{Error: a.Refuse(refused)}
	case len(missing) > 0 && !s.ignore:
		return &farError{Error: documents.NotFound(missing[0])}
	}
	s.collect(l.remote, p.alias+":", found, a.View)
	s.details[p.alias] = searched(p, len(found))
	return nil
}

func searched(p expression, shards int) map[string]any {
	return map[string]any{
		"status": "successful", "indices": strings.Join(p.patterns, ","), "took": 1, "timed_out": false,
		"_shards": map[string]any{"total": shards, "successful": shards, "skipped": 0, "failed": 0},
	}
}

func (s *searching) collect(c *Cluster, prefix string, indices []string, viewOf func(index string) security.View) {
	s.shards += len(indices)
	for _, name := range indices {
		see := func(doc json.RawMessage) json.RawMessage { return doc }
		if viewOf != nil {
			see = viewOf(name)
		}
		for i, d := range c.indices[name] {
			if d = see(d); d != nil && s.wanted(documents.Source(d)) {
				s.hits = append(s.hits, hit{prefix + name, i, d})
			}
		}
	}
}

func (s *searching) answer(size int) map[string]any {
	hits := []any{}
	for _, h := range s.hits[:min(size, len(s.hits))] {
		hit := map[string]any{"_index": h.index, "_id": fmt.Sprintf("%04d", h.n), "_score": 1.0}
		if s.source {
			hit["_source"] = h.doc
		}
		hits = append(hits, hit)
	}
	var top any
	switch {
	case len(hits) > 0:
		top = 1.0
	case s.shards == 0 && (!s.remote || s.skipped < len(s.details)):
		top = 0.0 // where no shard was asked, nothing is merged
	}
	out := map[string]any{
		"took": 2, "timed_out": false,
		"_shards": map[string]any{"total": s.shards, "successful": s.shards, "skipped": 0, "failed": 0},
		"hits":    map[string]any{"total": map[string]any{"value": len(s.hits), "relation": "eq"}, "max_score": top, "hits": hits},
	}
	if s.remote && s.skipped == len(s.details) {
		out["num_reduce_phases"] = 0
	}
	if s.remote {
		out["_clusters"] = map[string]any{
			"total": len(s.details), "successful": len(s.details) - s.skipped, "skipped": s.skipped, "running": 0, "partial": 0, "failed": 0,
			"details": s.details,
		}
	}
	return out
}
