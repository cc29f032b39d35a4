package platform

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
)

// maxRules is how many rules a ruleset may have, maxRulesets how many there may be on Elastic Cloud; half on ECE.
const (
	maxRules    = 128
	maxRulesets = 1024
)

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
	in.ID = c.p.hexID(16)
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
		one.ID = c.p.hexID(16)
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

// associate answers POST …/associations: 201 for a new one, 200 for one that is there already.
func associate(c *call) (int, any, *apiError) {
	r, bad := c.ruleset()
	if bad != nil {
		return 0, nil, bad
	}
	var in struct {
		Type string `json:"entity_type"`
		ID   string `json:"id"`
	}
	if err := decodeInto(c.raw, &in); err != nil {
		return 0, nil, invalid([]string{"body: " + err.Error()})
	}
	if in.Type != "deployment" {
		return 0, nil, refuse(http.StatusBadRequest, "traffic_filter.invalid_association_type", "The association type ["+in.Type+"] is not valid", "entity_type")
	}
	i := slices.IndexFunc(c.p.deployments, func(d *Deployment) bool { return d.id == in.ID })
	if i < 0 {
		return 0, nil, refuse(http.StatusNotFound, "traffic_filter.not_found", "There is no deployment ["+in.ID+"]")
	}
	if c.p.deployments[i].region != r.Region {
		return 0, nil, refuse(http.StatusBadRequest, "traffic_filter.invalid_region", "The ruleset is of region ["+r.Region+"], the deployment of ["+c.p.deployments[i].region+"]")
	}
	if slices.Contains(r.deployments, in.ID) {
		return http.StatusOK, map[string]any{}, nil
	}
	r.deployments = append(r.deployments, in.ID)
	c.p.applyFilters()
	return http.StatusCreated, map[string]any{}, nil
}

func listAssociations(c *call) (int, any, *apiError) {
	r, bad := c.ruleset()
	if bad != nil {
		return 0, nil, bad
	}
	return http.StatusOK, map[string]any{"associations": r.associations(), "total_associations": number(len(r.deployments))}, nil
}

func dissociate(c *call) (int, any, *apiError) {
	r, bad := c.ruleset()
	if bad != nil {
		return 0, nil, bad
	}
	id := c.vars["associated_entity_id"]
	if c.vars["association_type"] != "deployment" || !slices.Contains(r.deployments, id) {
		return 0, nil, refuse(http.StatusNotFound, "traffic_filter.not_found", "There is no such association")
	}
	r.deployments = slices.DeleteFunc(r.deployments, func(o string) bool { return o == id })
	c.p.applyFilters()
	return http.StatusOK, map[string]any{}, nil
}

// rulesetsOfDeployment answers GET …/associations/deployment/{id}/rulesets.
func rulesetsOfDeployment(c *call) (int, any, *apiError) {
	if c.vars["association_type"] != "deployment" {
		return 0, nil, refuse(http.StatusBadRequest, "traffic_filter.invalid_association_type", "The association type ["+c.vars["association_type"]+"] is not valid")
	}
	ids := []string{}
	for _, d := range c.p.deployments {
		if d.id == c.vars["associated_entity_id"] {
			ids = d.rulesetIDs()
		}
	}
	return http.StatusOK, map[string]any{"rulesets": ids}, nil
}
