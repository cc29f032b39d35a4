package platform

import "net/http"

// restartResource answers POST …/_restart.
func restartResource(c *call) (int, any, *apiError) {
	d, bad := c.resource()
	if bad != nil {
		return 0, nil, bad
	}
	if d.pending() != nil && !c.flag("cancel_pending", false) {
		return 0, nil, refuse(http.StatusUnprocessableEntity, "deployments.deployment_resource_plan_change_error", "There is a pending plan: "+d.pending().action)
	}
	if d.begin("restart", d.current().plan) {
		d.cluster.RestartIn(d.p.opt.PlanTime)
	}
	return http.StatusAccepted, map[string]any{}, nil
}
