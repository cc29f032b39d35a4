package platform

// ruleset is a traffic filter with the deployments that it applies to.
type ruleset struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Type        string `json:"type"`
	Default     bool   `json:"include_by_default"`
	Region      string `json:"region"`
	Rules       []rule `json:"rules"`

	deployments []string
}

type rule struct {
	ID          string `json:"id,omitempty"`
	Source      string `json:"source,omitempty"`
	Description string `json:"description,omitempty"`
	Org         string `json:"remote_cluster_org_id,omitempty"`
	Cluster     string `json:"remote_cluster_id,omitempty"`
	AzureName   string `json:"azure_endpoint_name,omitempty"`
	AzureGUID   string `json:"azure_endpoint_guid,omitempty"`
	Egress      any    `json:"egress_rule,omitempty"`
}

// rulesetTypes are the types that Elastic's network security API names.
var rulesetTypes = []string{"ip", "vpce", "azure_private_endpoint", "gcp_private_service_connect_endpoint", "remote_cluster", "egress_firewall"}

func (r *ruleset) document(associations bool) map[string]any {
	rules := []any{}
	for _, one := range r.Rules {
		m := map[string]any{"id": one.ID}
		for k, v := range map[string]string{
			"source": one.Source, "description": one.Description, "remote_cluster_org_id": one.Org, "remote_cluster_id": one.Cluster,
			"azure_endpoint_name": one.AzureName, "azure_endpoint_guid": one.AzureGUID,
		} {
			if v != "" {
				m[k] = v
			}
		}
		if one.Egress != nil {
			m["egress_rule"] = one.Egress
		}
		rules = append(rules, m)
	}
	out := map[string]any{
		"id": r.ID, "name": r.Name, "type": r.Type, "include_by_default": r.Default, "region": r.Region, "rules": rules,
	}
	if r.Description != "" {
		out["description"] = r.Description
	}
	if associations {
		out["associations"], out["total_associations"] = r.associations(), number(len(r.deployments))
	}
	return out
}

func (r *ruleset) associations() []any {
	out := []any{}
	for _, id := range r.deployments {
		out = append(out, map[string]any{"entity_type": "deployment", "id": id})
	}
	return out
}
