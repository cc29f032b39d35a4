package platform

import (
	"net/http"
	"slices"
)

func getAccount(c *call) (int, any, *apiError) {
	return http.StatusOK, map[string]any{"id": c.p.scope, "trust": map[string]any{"trust_all": true}}, nil
}

func listOrganizations(c *call) (int, any, *apiError) {
	return http.StatusOK, map[string]any{"organizations": []any{map[string]any{"id": c.p.scope, "name": "Example organization"}}}, nil
}

// listAllocators answers GET /platform/infrastructure/allocators, by zone.
func listAllocators(c *call) (int, any, *apiError) {
	if c.query.Get("q") != "" || c.query.Get("sort") != "" {
		return 0, nil, refuse(http.StatusBadRequest, "sim.not_simulated", "This stand-in does not search allocators", "q", "sort")
	}
	from, size := c.number("from", 0), c.number("size", 100)
	var zones []string
	byZone := map[string][]any{}
	for i, a := range c.p.allocators {
		if i < from || i >= from+size {
			continue
		}
		if !slices.Contains(zones, a.Zone) {
			zones = append(zones, a.Zone)
		}
		byZone[a.Zone] = append(byZone[a.Zone], allocatorInfo(c.p, a))
	}
	out := []any{}
	for _, z := range zones {
		out = append(out, map[string]any{"zone_id": z, "allocators": byZone[z]})
	}
	return http.StatusOK, map[string]any{"zones": out}, nil
}

func getAllocator(c *call) (int, any, *apiError) {
	for _, a := range c.p.allocators {
		if a.ID == c.vars["allocator_id"] {
			return http.StatusOK, allocatorInfo(c.p, a), nil
		}
	}
	return 0, nil, refuse(http.StatusNotFound, "allocators.allocator_not_found", "There is no allocator ["+c.vars["allocator_id"]+"]")
}

func allocatorInfo(p *Platform, a Allocator) map[string]any {
	instances := []any{}
	for i, d := range p.deployments { // each on one of the allocators
		if p.allocators[i%len(p.allocators)].ID != a.ID {
			continue
		}
		instances = append(instances, map[string]any{
			"cluster_type": "elasticsearch", "cluster_id": d.cluster.ID(), "cluster_name": d.name, "deployment_id": d.id,
			"instance_name": "instance-0000000000", "node_memory": number(4096), "healthy": true,
		})
	}
	return map[string]any{
		"allocator_id": a.ID, "zone_id": a.Zone, "host_ip": a.HostIP, "public_hostname": a.Hostname, "region": eceRegion,
		"status":   map[string]any{"connected": !a.Disconnected, "healthy": !a.Disconnected, "maintenance_mode": false},
		"capacity": map[string]any{"memory": map[string]any{"total": number(65536), "used": number(4096 * len(instances))}, "storage": map[string]any{"total": number(2097152)}},
		"settings": map[string]any{}, "instances": instances, "metadata": []any{}, "features": []any{}, "external_links": []any{},
	}
}

// getTLS answers GET /platform/configuration/security/tls/{service_name}. What an ECE made for itself is private.
func getTLS(c *call) (int, any, *apiError) {
	if c.vars["service_name"] != "proxy" {
		return 0, nil, refuse(http.StatusNotFound, "sim.not_simulated", "This stand-in has no certificate of "+c.vars["service_name"])
	}
	chain := []any{}
	for _, pem := range c.p.proxies.chain {
		chain = append(chain, pem)
	}
	return http.StatusOK, map[string]any{"user_supplied": c.p.proxies.public, "chain": chain}, nil
}
