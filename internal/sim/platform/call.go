package platform

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// call is one API call under way. Handlers run under the world's lock.
type call struct {
	p      *Platform
	vars   map[string]string
	query  url.Values
	raw    []byte
	header http.Header // of the answer
}

// flag reads a boolean parameter that checkQuery has passed.
func (c *call) flag(name string, byDefault bool) bool {
	if !c.query.Has(name) {
		return byDefault
	}
	return c.query.Get(name) == "true"
}

func (c *call) number(name string, byDefault int) int {
	if n, err := strconv.Atoi(c.query.Get(name)); err == nil {
		return n
	}
	return byDefault
}

func (c *call) view() view {
	return view{
		metadata: c.flag("show_metadata", false), plans: c.flag("show_plans", true), settings: c.flag("show_settings", false),
		history: c.flag("show_plan_history", false), logs: c.flag("show_plan_logs", false),
	}
}

// deployment finds the deployment that the path names.
func (c *call) deployment() (*Deployment, *apiError) {
	id := c.vars["deployment_id"]
	i := slices.IndexFunc(c.p.deployments, func(d *Deployment) bool { return d.id == id })
	if i < 0 {
		return nil, refuse(http.StatusNotFound, "deployments.deployment_not_found", "Could not find deployment with id ["+id+"]")
	}
	return c.p.deployments[i], nil
}

// resource finds the deployment whose Elasticsearch resource the path names; _main is the only one.
func (c *call) resource() (*Deployment, *apiError) {
	d, bad := c.deployment()
	if bad != nil {
		return nil, bad
	}
	if ref := c.vars["ref_id"]; ref != refMain && ref != "_main" {
		return nil, refuse(http.StatusNotFound, "deployments.deployment_resource_not_found", "Could not find resource ["+ref+"] of deployment ["+d.id+"]")
	}
	return d, nil
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

// versionHeaders tells the document's version.
func (c *call) versionHeaders(d *Deployment) {
	c.header.Set("X-Cloud-Resource-Version", fmt.Sprint(d.version))
	c.header.Set("X-Cloud-Resource-Created", stamp(d.created))
	c.header.Set("X-Cloud-Resource-Last-Modified", stamp(d.modified))
}
