package cluster

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

func (c *Cluster) versionInfo() map[string]any {
	lucene := map[int]string{7: "8.11.3", 8: "9.12.2", 9: "10.2.2"}
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

func getRoot(q *request) (any, *rest.Error) {
	c := q.c
	return map[string]any{
		"name": "instance-0000000000", "cluster_name": c.id, "cluster_uuid": c.uuid, "version": c.versionInfo(), "tagline": "You Know, for Search",
	}, nil
}

// getKeyServers answers GET /_nodes/remote_cluster_server: nodes that don't serve other clusters have no such part.
func getKeyServers(q *request) (any, *rest.Error) {
	c := q.c
	about, id := c.versionInfo(), c.version.Major*1_000_000+c.version.Minor*10_000+c.version.Patch*100+99
	node := map[string]any{
		"name": "instance-0000000000", "version": c.version.String(), "roles": []any{"data", "master", "remote_cluster_client"},
		"transport_address": "127.0.0.1:9300", "host": "127.0.0.1", "ip": "127.0.0.1", "attributes": map[string]any{},
		"build_flavor": about["build_flavor"], "build_type": about["build_type"], "build_hash": about["build_hash"],
		"transport_version": id, "index_version": id, "component_versions": map[string]any{},
	}
	if !c.keyless {
		at := "127.0.0.1:" + strconv.Itoa(PortRemoteCluster)
		node["remote_cluster_server"] = map[string]any{"bound_address": []any{at}, "publish_address": at}
	}
	return map[string]any{
		"_nodes":       map[string]any{"total": 1, "successful": 1, "failed": 0},
		"cluster_name": c.id,
		"nodes":        map[string]any{c.nodeID(): node},
	}, nil
}

func getLicense(q *request) (any, *rest.Error) {
	c := q.c
	issued, start, lasts := c.born.AddDate(0, -6, 0), c.born.AddDate(0, -6, 0).UnixMilli(), 2*365*24*time.Hour
	to, by := "Elastic Cloud", "API"
	self := c.license.Type == "basic" || c.license.Type == "trial"
	if self { // what a cluster gives to itself
		issued, start, lasts, to, by = c.born, -1, 30*24*time.Hour, c.id, "elasticsearch"
	}
	out := map[string]any{
		"status": c.license.Status, "uid": c.id[:8] + "-0000-4000-8000-" + c.id[len(c.id)-12:], "type": c.license.Type,
		"issue_date": stamp(issued), "issue_date_in_millis": issued.UnixMilli(), "issued_to": to, "issuer": by,
		"max_nodes": nil, "max_resource_units": nil, "start_date_in_millis": start,
	}
	if self {
		out["max_nodes"] = 1000
	}
	if c.license.Type == "enterprise" {
		out["max_resource_units"] = 100000
	}
	if c.license.Type != "basic" {
		expires := issued.Add(lasts)
		out["expiry_date"], out["expiry_date_in_millis"] = stamp(expires), expires.UnixMilli()
	}
	return map[string]any{"license": out}, nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func getHealth(q *request) (any, *rest.Error) {
	n := len(q.c.indices)
	return map[string]any{
		"cluster_name": q.c.id, "status": "green", "timed_out": false, "number_of_nodes": 1, "number_of_data_nodes": 1,
		"active_primary_shards": n, "active_shards": n, "relocating_shards": 0, "initializing_shards": 0, "unassigned_shards": 0,
		"unassigned_primary_shards": 0, "delayed_unassigned_shards": 0, "number_of_pending_tasks": 0, "number_of_in_flight_fetch": 0,
		"task_max_waiting_in_queue_millis": 0, "active_shards_percent_as_number": 100.0,
	}, nil
}

// catIndices answers GET /_cat/indices, as JSON only.
func catIndices(q *request) (any, *rest.Error) {
	if q.Query.Get("format") != "json" {
		return nil, rest.IllegalArgument("this stand-in answers _cat only with format=json")
	}
	out := []any{}
	for _, name := range slices.Sorted(maps.Keys(q.c.indices)) {
		if p := q.Vars["index"]; p != "" && !rest.Glob(p, name) {
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
