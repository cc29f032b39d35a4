package cluster

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

func (c *Cluster) versionInfo() map[string]any {
	lucene := map[int]string{7: "8.11.3", 8: "9.12.0", 9: "10.2.2"}
	compatible := map[int][2]string{7: {"6.8.0", "6.0.0-beta1"}, 8: {"7.17.0", "7.0.0"}, 9: {"8.19.0", "8.0.0"}}
	return map[string]any{
		"number": c.version.String(), "build_flavor": "default", "build_type": "docker",
		"build_hash": "5c1a6a0d4ba5d3e1c1bd1bd8f5a9d2ea9a0c9f3e", "build_date": "2025-01-01T00:00:00.000Z", "build_snapshot": false,
		"lucene_version": lucene[c.version.Major], "minimum_wire_compatibility_version": compatible[c.version.Major][0],
		"minimum_index_compatibility_version": compatible[c.version.Major][1],
	}
}

// versionMin is the version as GET _resolve/cluster gives it (Elasticsearch's specification:
// ElasticsearchVersionMinInfo).
func (c *Cluster) versionMin() map[string]any {
	all, out := c.versionInfo(), map[string]any{}
	for _, name := range []string{"number", "build_flavor", "minimum_wire_compatibility_version", "minimum_index_compatibility_version"} {
		out[name] = all[name]
	}
	return out
}

func getRoot(q *request) (any, *esError) {
	c := q.c
	return map[string]any{
		"name": "instance-0000000000", "cluster_name": c.id, "cluster_uuid": c.uuid, "version": c.versionInfo(), "tagline": "You Know, for Search",
	}, nil
}

func getLicense(q *request) (any, *esError) {
	c := q.c
	issued := c.born.AddDate(0, -6, 0)
	expires := issued.AddDate(2, 0, 0)
	const day = "2006-01-02T15:04:05.000Z"
	out := map[string]any{
		"status": c.license.Status, "uid": c.id[:8] + "-0000-4000-8000-" + c.id[len(c.id)-12:], "type": c.license.Type,
		"issue_date": issued.UTC().Format(day), "issue_date_in_millis": issued.UnixMilli(), "issued_to": "Elastic Cloud", "issuer": "API",
		"max_nodes": nil, "start_date_in_millis": issued.UnixMilli(),
	}
	switch c.license.Type {
	case "basic":
		out["max_nodes"] = 1000
	case "enterprise":
		out["max_resource_units"] = 100000
		fallthrough
	default:
		out["expiry_date"], out["expiry_date_in_millis"] = expires.UTC().Format(day), expires.UnixMilli()
	}
	return map[string]any{"license": out}, nil
}

func getHealth(q *request) (any, *esError) {
	status := "green"
	if q.c.unhealthy {
		status = "red"
	}
	n := len(q.c.indices)
	return map[string]any{
		"cluster_name": q.c.id, "status": status, "timed_out": false, "number_of_nodes": 1, "number_of_data_nodes": 1,
		"active_primary_shards": n, "active_shards": n, "relocating_shards": 0, "initializing_shards": 0, "unassigned_shards": 0,
		"unassigned_primary_shards": 0, "delayed_unassigned_shards": 0, "number_of_pending_tasks": 0, "number_of_in_flight_fetch": 0,
		"task_max_waiting_in_queue_millis": 0, "active_shards_percent_as_number": 100.0,
	}, nil
}

func getAuthenticate(q *request) (any, *esError) {
	kind := "realm"
	if q.who.key != nil {
		kind = "api_key"
	}
	realm := map[string]any{"name": q.who.realm, "type": "native"}
	out := map[string]any{
		"username": q.who.user, "roles": q.who.roles, "full_name": nil, "email": nil, "metadata": map[string]any{}, "enabled": true,
		"authentication_realm": realm, "lookup_realm": realm, "authentication_type": kind,
	}
	if q.who.key != nil {
		out["api_key"] = map[string]any{"id": q.who.key.id, "name": q.who.key.name}
	}
	return out, nil
}

// hasPrivileges answers POST /_security/user/_has_privileges for cluster privileges.
func hasPrivileges(q *request) (any, *esError) {
	body, bad := q.object("has_privileges_request", "cluster", "index", "application")
	if bad != nil {
		return nil, bad
	}
	all, cluster := true, map[string]bool{}
	list, _ := body["cluster"].([]any)
	for _, p := range list {
		name, _ := p.(string)
		if !slices.Contains(clusterPrivileges, name) {
			return nil, illegalArgument("unknown cluster privilege [%s]", name)
		}
		cluster[name] = q.c.may(q.who, name)
		all = all && cluster[name]
	}
	return map[string]any{
		"username": q.who.user, "has_all_requested": all, "cluster": cluster, "index": map[string]any{}, "application": map[string]any{},
	}, nil
}

// catIndices answers GET /_cat/indices, as JSON only.
func catIndices(q *request) (any, *esError) {
	if q.query.Get("format") != "json" {
		return nil, illegalArgument("this stand-in answers _cat only with format=json")
	}
	out := []any{}
	for _, name := range slices.Sorted(maps.Keys(q.c.indices)) {
		if p := q.vars["index"]; p != "" && !glob(p, name) {
			continue
		}
		var size bytes.Buffer
		for _, d := range q.c.indices[name] {
			size.Write(d)
		}
		out = append(out, map[string]any{
			"health": "green", "status": "open", "index": name, "uuid": q.c.uuid, "pri": "1", "rep": "0",
			"docs.count": strconv.Itoa(len(q.c.indices[name])), "docs.deleted": "0", "store.size": strconv.Itoa(size.Len()) + "b", "pri.store.size": strconv.Itoa(size.Len()) + "b",
		})
	}
	return out, nil
}

// source reads a document's fields.
func source(doc json.RawMessage) map[string]any {
	var v map[string]any
	if json.Unmarshal(doc, &v) != nil {
		return nil
	}
	return v
}
