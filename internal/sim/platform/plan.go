package platform

import (
	"net/http"
	"time"
)

// attempt is one change of a deployment that takes a while: a plan or a restart.
type attempt struct {
	id          string
	action      string
	begun, ends time.Time
}

// begin starts an attempt. Its end is where it takes effect.
func (d *Deployment) begin(action string) {
	now := d.p.w.opt.Now()
	d.attempts = append(d.attempts, attempt{id: d.p.w.hexID(16), action: action, begun: now, ends: now.Add(d.p.w.opt.PlanTime)})
}

// pending returns the attempt under way, or nil.
func (d *Deployment) pending() *attempt {
	last := &d.attempts[len(d.attempts)-1]
	if d.p.w.opt.Now().Before(last.ends) {
		return last
	}
	return nil
}

// status is the word for how the cluster stands.
func (d *Deployment) status() (word string, healthy bool) {
	running, healthy := d.cluster.Running()
	pending := d.pending()
	switch {
	case pending != nil && pending.action == "restart":
		return "restarting", false
	case pending != nil:
		return "reconfiguring", healthy
	case !running:
		return "stopped", false
	}
	return "started", healthy
}

// firstPlan is the plan that a deployment starts with. It holds fields that only some clients know, as real ones do:
// a client that drops them on the way changes the deployment.
func (d *Deployment) firstPlan() map[string]any {
	size := map[string]any{"resource": "memory", "value": number(4096)}
	plan := map[string]any{
		"cluster_topology": []any{map[string]any{
			"id": "hot_content", "zone_count": number(2), "size": size, "instance_configuration_id": d.instanceConfiguration(),
			"node_roles":    []any{"master", "ingest", "transform", "data_hot", "remote_cluster_client", "data_content"},
			"elasticsearch": map[string]any{"node_attributes": map[string]any{"data": "hot"}},
		}},
		"elasticsearch": map[string]any{
			"version":            d.cluster.Version().String(),
			"user_settings_yaml": "xpack.security.audit.enabled: true",
		},
		"deployment_template": map[string]any{"id": "default"},
		"autoscaling_enabled": false,
	}
	return plan
}

func (d *Deployment) instanceConfiguration() string {
	if d.p.kind == KindECE {
		return "data.default"
	}
	return "aws.es.datahot.c6gd"
}

// planInfo is info.plan_info of the Elasticsearch resource.
func (d *Deployment) planInfo(v view) map[string]any {
	healthy := true
	out := map[string]any{"healthy": healthy, "history": []any{}}
	pending := d.pending()
	var history []any
	for i := range d.attempts {
		a := &d.attempts[i]
		info := d.attemptInfo(a, a == pending, v)
		if a == pending {
			out["pending"] = info
			continue
		}
		out["current"] = info
		history = append(history, info)
	}
	if v.history {
		out["history"] = history
	}
	return out
}

func (d *Deployment) attemptInfo(a *attempt, pending bool, v view) map[string]any {
	out := map[string]any{
		"plan_attempt_id": a.id, "plan_attempt_name": "attempt-" + a.id[:8], "healthy": true, "attempt_start_time": stamp(a.begun),
		"plan_attempt_log": []any{}, "warnings": []any{},
		"source": map[string]any{"facilitator": "adminconsole", "action": a.action, "date": stamp(a.begun)},
	}
	if !pending {
		out["attempt_end_time"] = stamp(a.ends)
	}
	if v.plans {
		out["plan"] = d.plan
	}
	if v.logs {
		out["plan_attempt_log"] = a.log(pending)
	}
	return out
}

func (a *attempt) log(pending bool) []any {
	step := func(id, status, stage string) map[string]any {
		s := map[string]any{"step_id": id, "started": stamp(a.begun), "status": status, "stage": stage, "info_log": []any{}}
		if stage == "completed" {
			s["completed"], s["duration_in_millis"] = stamp(a.ends), number(int(a.ends.Sub(a.begun).Milliseconds()))
		}
		return s
	}
	if pending {
		return []any{step("plan-validator", "success", "completed"), step("rolling-restart", "pending", "in_progress")}
	}
	return []any{step("plan-validator", "success", "completed"), step("plan-completed", "success", "completed")}
}

// restartResource answers POST …/_restart.
func restartResource(c *call) (int, any, *apiError) {
	d, bad := c.resource()
	if bad != nil {
		return 0, nil, bad
	}
	if d.pending() != nil && !c.flag("cancel_pending", false) {
		return 0, nil, refuse(http.StatusUnprocessableEntity, "deployments.deployment_resource_plan_change_error", "There is a pending plan: "+d.pending().action)
	}
	d.begin("restart")
	d.cluster.RestartIn(d.p.w.opt.PlanTime)
	return http.StatusAccepted, map[string]any{}, nil
}
