package platform

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
)

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

// maxRules is how many rules a ruleset may have, maxRulesets how many there may be on Elastic Cloud; half on ECE.
const (
	maxRules    = 128
	maxRulesets = 1024
)

func (c *call) number(name string, byDefault int) int {
	if n, err := strconv.Atoi(c.query.Get(name)); err == nil {
		return n
	}
	return byDefault
}

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

func (c *call) ruleset() (*ruleset, *apiError) {
	id := c.vars["ruleset_id"]
	for _, r := range c.p.rulesets {
		if r.ID == id {
			return r, nil
		}
	}
	return nil, refuse(http.StatusNotFound, "traffic_filter.not_found", "There is no traffic filter ruleset ["+id+"]")
}

func listRulesets(c *call) (int, any, *apiError) {
	out := []any{}
	for _, r := range c.p.rulesets {
		if region := c.query.Get("region"); region == "" || region == r.Region {
			out = append(out, r.document(c.flag("include_associations", false)))
		}
	}
	return http.StatusOK, map[string]any{"rulesets": out}, nil
}

func getRuleset(c *call) (int, any, *apiError) {
	r, bad := c.ruleset()
	if bad != nil {
		return 0, nil, bad
	}
	return http.StatusOK, r.document(c.flag("include_associations", false)), nil
}

func createRuleset(c *call) (int, any, *apiError) {
	most := maxRulesets
	if c.p.kind == KindECE {
		most /= 2
	}
	if len(c.p.rulesets) >= most {
		return 0, nil, refuse(http.StatusInternalServerError, "traffic_filter.request_execution_failed", fmt.Sprintf("No more than %d rulesets are allowed", most))
	}
	in, bad := c.readRuleset()
	if bad != nil {
		return 0, nil, bad
	}
	in.ID = c.p.w.hexID(16)
	c.p.rulesets = append(c.p.rulesets, in)
	return http.StatusCreated, map[string]any{"id": in.ID}, nil
}

// updateRuleset replaces a ruleset whole; its rules get new ids.
func updateRuleset(c *call) (int, any, *apiError) {
	r, bad := c.ruleset()
	if bad != nil {
		return 0, nil, bad
	}
	in, bad := c.readRuleset()
	if bad != nil {
		return 0, nil, bad
	}
	in.ID, in.deployments = r.ID, r.deployments
	*r = *in
	c.p.applyFilters()
	return http.StatusOK, map[string]any{"id": r.ID}, nil
}

func (c *call) readRuleset() (*ruleset, *apiError) {
	in := &ruleset{}
	if err := decodeInto(c.raw, in); err != nil {
		return nil, invalid([]string{"body: " + err.Error()})
	}
	switch {
	case !slices.Contains(rulesetTypes, in.Type):
		return nil, invalid([]string{"type: must be one of the known types"})
	case in.Name == "":
		return nil, invalid([]string{"name: must not be empty"})
	case c.p.kind == KindECE && in.Region != eceRegion:
		return nil, invalid([]string{"region: must be " + eceRegion})
	case c.p.kind == KindCloud && (in.Region == "" || in.Region == eceRegion):
		return nil, invalid([]string{"region: must be a region of Elastic Cloud"})
	case len(in.Rules) > maxRules:
		return nil, invalid([]string{fmt.Sprintf("rules: no more than %d", maxRules)})
	}
	for i := range in.Rules {
		one := &in.Rules[i]
		if in.Type == "ip" && !isIPv4(one.Source) {
			return nil, invalid([]string{fmt.Sprintf("rules[%d].source: must be an IPv4 address or CIDR", i)})
		}
		if in.Type == "remote_cluster" && one.Org == "" && one.Cluster == "" {
			return nil, invalid([]string{fmt.Sprintf("rules[%d]: names neither an organization nor a cluster", i)})
		}
		one.ID = c.p.w.hexID(16)
	}
	return in, nil
}

func isIPv4(s string) bool {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Addr().Is4()
	}
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is4()
}

func deleteRuleset(c *call) (int, any, *apiError) {
	r, bad := c.ruleset()
	if bad != nil {
		return 0, nil, bad
	}
	if len(r.deployments) > 0 && !c.flag("ignore_associations", false) {
		return 0, nil, refuse(http.StatusInternalServerError, "traffic_filter.request_execution_failed", "The ruleset still applies to deployments")
	}
	c.p.rulesets = slices.DeleteFunc(c.p.rulesets, func(o *ruleset) bool { return o == r })
	c.p.applyFilters()
	return http.StatusOK, map[string]any{}, nil
}

// applyFilters tells each cluster which filters apply to it now. The first one that is attached shuts everybody else out.
func (p *Platform) applyFilters() {
	for _, d := range p.deployments {
		var fs []cluster.Filter
		for _, r := range p.rulesets {
			if !slices.Contains(r.deployments, d.id) {
				continue
			}
			f := cluster.Filter{Type: r.Type}
			for _, one := range r.Rules {
				f.Sources = append(f.Sources, one.Source)
				if one.Org != "" || one.Cluster != "" {
					f.Clusters = append(f.Clusters, cluster.FilterRule{ID: one.Cluster, Org: one.Org})
				}
			}
			fs = append(fs, f)
		}
		d.cluster.SetFilters(fs)
	}
}
