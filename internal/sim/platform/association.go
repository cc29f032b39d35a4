package platform

import (
	"net/http"
	"slices"
)

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
