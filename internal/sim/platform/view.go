package platform

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func listDeployments(c *call) (int, any, *apiError) {
	out := []any{}
	for _, d := range c.p.deployments {
		out = append(out, map[string]any{"id": d.id, "name": d.name, "resources": d.references()})
	}
	return http.StatusOK, map[string]any{"deployments": out}, nil
}

func getDeployment(c *call) (int, any, *apiError) {
	d, bad := c.deployment()
	if bad != nil {
		return 0, nil, bad
	}
	c.versionHeaders(d)
	return http.StatusOK, shown{d, c.view()}.document(), nil
}

func getResource(c *call) (int, any, *apiError) {
	d, bad := c.resource()
	if bad != nil {
		return 0, nil, bad
	}
	return http.StatusOK, shown{d, c.view()}.elasticsearch(), nil
}

// shown is a deployment as a caller asked to see it.
type shown struct {
	*Deployment
	v view
}

// document is the deployment as GET and search show it.
func (d shown) document() map[string]any {
	_, healthy := d.status()
	out := map[string]any{
		"id": d.id, "name": d.name, "healthy": healthy && d.planHealthy(), "metadata": d.metadata(), "resources": d.resources(),
		"settings": map[string]any{
			"autoscaling_enabled": false, "auto_ops": map[string]any{"status": "not_connected"},
			"traffic_filter_settings": map[string]any{"rulesets": d.rulesetIDs()},
		},
	}
	if d.alias != "" {
		out["alias"] = d.alias
	}
	return out
}

func (d shown) metadata() map[string]any {
	tags := []any{}
	for _, k := range slices.Sorted(maps.Keys(d.tags)) {
		tags = append(tags, map[string]any{"key": k, "value": d.tags[k]})
	}
	out := map[string]any{"tags": tags}
	if d.p.kind == KindECE { // Elastic Cloud tells no more
		out["last_modified"], out["system_owned"], out["hidden"] = stamp(d.modified), false, false
		out["owner_id"], out["organization_id"], out["subscription_level"] = "admin", d.p.scope, "enterprise"
		out["last_resource_plan_modified"] = stamp(d.attempts[len(d.attempts)-1].begun)
	}
	return out
}

func (d shown) resources() map[string]any {
	out := map[string]any{
		"elasticsearch": []any{d.elasticsearch()}, "kibana": []any{}, "apm": []any{}, "appsearch": []any{},
		"enterprise_search": []any{}, "integrations_server": []any{},
	}
	if d.kibana {
		out["kibana"] = []any{d.kibanaResource()}
	}
	return out
}

func (d shown) elasticsearch() map[string]any {
	status, healthy := d.status()
	running, _ := d.cluster.Running()
	info := map[string]any{
		"cluster_id": d.cluster.ID(), "cluster_name": d.name, "deployment_id": d.id, "healthy": healthy && d.planHealthy(), "status": status, "region": d.region,
		"plan_info": d.planInfo(d.v), "metadata": d.clusterMetadata(), "topology": d.topology(running, healthy),
		"elasticsearch": map[string]any{
			"healthy":         healthy,
			"shard_info":      map[string]any{"healthy": healthy, "available_shards": []any{}, "unavailable_shards": []any{}, "unavailable_replicas": []any{}},
			"master_info":     map[string]any{"healthy": healthy, "masters": []any{}, "instances_with_no_master": []any{}},
			"blocking_issues": map[string]any{"healthy": healthy, "cluster_level": []any{}, "index_level": []any{}},
		},
		"associated_kibana_clusters": []any{}, "associated_apm_clusters": []any{}, "associated_appsearch_clusters": []any{},
		"associated_enterprise_search_clusters": []any{}, "external_links": []any{}, "system_alerts": []any{},
		"snapshots": map[string]any{"healthy": true, "count": number(12), "recent_success": true},
	}
	if d.p.kind == KindECE {
		info["locked"] = false
	}
	if d.v.settings {
		info["settings"] = d.settings()
	}
	return map[string]any{"ref_id": refMain, "id": d.cluster.ID(), "region": d.region, "info": info}
}

// settings are info.settings: the snapshot settings, the network filters, and whom the deployment trusts.
func (d shown) settings() map[string]any {
	trust := d.trust.document()
	if shown, ok := trust.(map[string]any); ok && d.mute {
		delete(shown, "accounts")
	}
	return map[string]any{
		"dedicated_masters_threshold": number(6), "trust": trust,
		"traffic_filter": map[string]any{"rulesets": d.rulesetIDs()},
	}
}

// clusterMetadata tells addresses only to those who ask for metadata.
func (d shown) clusterMetadata() map[string]any {
	out := map[string]any{"version": number(d.version), "last_modified": stamp(d.modified)}
	if !d.v.metadata {
		return out
	}
	https := 443
	if d.p.kind == KindECE {
		https = 9243
	}
	maps.Copy(out, map[string]any{
		"endpoint": d.cluster.Host(), "service_url": d.serviceURL, "cloud_id": d.cloudID(),
		"ports":         map[string]any{"http": number(9200), "https": number(https), "transport_passthrough": number(9400)},
		"services_urls": []any{map[string]any{"service": "elasticsearch", "url": d.serviceURL}},
	})
	if alias := strings.ToLower(d.name); !strings.ContainsAny(alias, " ._") {
		out["aliased_endpoint"], out["aliased_url"] = alias+".es."+d.domain(), d.serviceURL
	}
	return out
}

func (d shown) topology(running, healthy bool) map[string]any {
	var instances []any
	for i := range 2 {
		one := map[string]any{
			"instance_name": "instance-000000000" + strconv.Itoa(i), "healthy": healthy, "container_started": running, "service_running": running,
			"maintenance_mode": false, "zone": d.region + "-" + string(rune('a'+i)), "service_version": d.cluster.Version().String(),
			"node_roles": []any{"master", "data_hot", "data_content", "ingest", "remote_cluster_client"},
		}
		if d.p.kind == KindECE && i < len(d.p.allocators) {
			one["allocator_id"], one["zone"] = d.p.allocators[i].ID, d.p.allocators[i].Zone
		}
		instances = append(instances, one)
	}
	return map[string]any{"healthy": healthy, "instances": instances}
}

// kibanaMetadata tells Kibana's address to those who ask for metadata.
func (d shown) kibanaMetadata() map[string]any {
	out := map[string]any{"version": number(1), "last_modified": stamp(d.created)}
	if d.v.metadata {
		out["endpoint"] = d.kibanaID() + "." + d.domain()
		out["service_url"] = "https://" + d.kibanaID() + "." + d.domain() + ":9243"
	}
	return out
}

func (d shown) kibanaResource() map[string]any {
	return map[string]any{
		"ref_id": "main-kibana", "elasticsearch_cluster_ref_id": refMain, "id": d.kibanaID(), "region": d.region,
		"info": map[string]any{
			"cluster_id": d.kibanaID(), "cluster_name": d.name, "deployment_id": d.id, "healthy": true, "status": "started", "region": d.region,
			"elasticsearch_cluster": map[string]any{"elasticsearch_id": d.cluster.ID()},
			"external_links":        []any{}, "metadata": d.kibanaMetadata(),
			"plan_info": map[string]any{"healthy": true, "history": []any{}}, "topology": map[string]any{"healthy": true, "instances": []any{}},
		},
	}
}
