package cluster

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// about is what a cluster says of its version.
func about(v rest.Version) map[string]any {
	lucene := map[int]string{7: "8.11.3", 8: "9.12.2", 9: "10.2.2"}
	compatible := map[int][2]string{7: {"6.8.0", "6.0.0-beta1"}, 8: {"7.17.0", "7.0.0"}, 9: {"8.19.0", "8.0.0"}}
	return map[string]any{
		"number": v.String(), "build_flavor": "default", "build_type": "docker",
		"build_hash": "5c1a6a0d4ba5d3e1c1bd1bd8f5a9d2ea9a0c9f3e", "build_date": "2025-01-01T00:00:00.000Z", "build_snapshot": false,
		"lucene_version": lucene[v.Major], "minimum_wire_compatibility_version": compatible[v.Major][0],
		"minimum_index_compatibility_version": compatible[v.Major][1],
	}
}

// aboutMin is the version as GET _resolve/cluster gives it (Elasticsearch's specification:
// ElasticsearchVersionMinInfo).
func aboutMin(v rest.Version) map[string]any {
	all, out := about(v), map[string]any{}
	for _, name := range []string{"number", "build_flavor", "minimum_wire_compatibility_version", "minimum_index_compatibility_version"} {
		out[name] = all[name]
	}
	return out
}

func getRoot(q *request) (any, *rest.Error) {
	c := q.c
	return map[string]any{
		"name": "instance-0000000000", "cluster_name": c.id, "cluster_uuid": c.uuid, "version": about(c.version), "tagline": "You Know, for Search",
	}, nil
}

// getKeyServers answers GET /_nodes/remote_cluster_server: nodes that don't serve other clusters have no such part.
func getKeyServers(q *request) (any, *rest.Error) {
	c := q.c
	said, id := about(c.version), c.version.Major*1_000_000+c.version.Minor*10_000+c.version.Patch*100+99
	node := map[string]any{
		"name": "instance-0000000000", "version": c.version.String(), "roles": []any{"data", "master", "remote_cluster_client"},
		"transport_address": "127.0.0.1:9300", "host": "127.0.0.1", "ip": "127.0.0.1", "attributes": map[string]any{},
		"build_flavor": said["build_flavor"], "build_type": said["build_type"], "build_hash": said["build_hash"],
		"transport_version": id, "index_version": id, "component_versions": map[string]any{},
	}
	if !c.keyless {
		at := "127.0.0.1:" + strconv.Itoa(PortRemoteCluster)
		node["remote_cluster_server"] = map[string]any{"bound_address": []any{at}, "publish_address": at}
	}
	return map[string]any{
		"_nodes":       map[string]any{"total": 1, "successful": 1, "failed": 0},
		"cluster_name": c.id,
		"nodes":        map[string]any{nodeID(c.uuid): node},
	}, nil
}

// reloadSecureSettings answers POST /_nodes/reload_secure_settings.
func reloadSecureSettings(q *request) (any, *rest.Error) {
	in, err := q.Object("nodes_reload_secure_settings", "secure_settings_password")
	if err != nil {
		return nil, err
	}
	if p, _ := in["secure_settings_password"].(string); p != "" {
		return nil, rest.IllegalArgument("the keystore of this cluster has no password")
	}
	c, k := q.c, q.c.keystore
	node := map[string]any{"name": "instance-0000000000"}
	if k.failure != "" {
		node["reload_exception"] = map[string]any{"type": "illegal_state_exception", "reason": k.failure}
	} else {
		k.reload()
		if k.version.Has(rest.NamesSecrets) {
			node["secure_setting_names"] = append(slices.Sorted(maps.Keys(k.loaded)), "keystore.seed")
			node["keystore_path"] = "/app/config/elasticsearch.keystore"
			node["keystore_digest"] = fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, k.loaded)))
			node["keystore_last_modified_time"] = stamp(c.net.opt.Now())
		}
	}
	nodes := map[string]any{nodeID(c.uuid): node}
	if names, told := node["secure_setting_names"].([]string); told && k.behind != "" {
		other := maps.Clone(node)
		other["name"] = "instance-0000000001"
		other["secure_setting_names"] = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == k.behind })
		nodes[nodeID(c.uuid)[1:]+"2"] = other
	}
	return map[string]any{
		"_nodes":       map[string]any{"total": len(nodes), "successful": len(nodes), "failed": 0},
		"cluster_name": c.id,
		"nodes":        nodes,
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

// nodeID is the id of a cluster's node.
func nodeID(uuid string) string { return uuid[:len(uuid)-1] + "n" }

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
