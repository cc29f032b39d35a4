package platform

import (
	"net/http"
	"time"
)

// attempt is one change of a deployment that takes a while: a plan or a restart.
type attempt struct {
	id          string
	action      string
	plan        map[string]any
	trouble     string // why it is going to fail; empty: it won't
	begun, ends time.Time
}

// planFaults are failures of plans to come.
type planFaults struct {
	skip, times int
	trouble     string
}

// FailPlans makes plans and restarts of the deployment fail: after skip good ones, as many as times say. What a failed
// one was to bring does not reach the cluster. No times make the platform well again.
func (d *Deployment) FailPlans(skip, times int, trouble string) {
	d.p.w.mu.Lock()
	defer d.p.w.mu.Unlock()
	d.faults = planFaults{skip: skip, times: times, trouble: trouble}
}

// next is what becomes of the plan that begins now.
func (f *planFaults) next() (trouble string) {
	switch {
	case f.skip > 0:
		f.skip--
	case f.times > 0:
		f.times--
		return f.trouble
	}
	return ""
}

// begin starts an attempt and reports whether it will succeed. Its end is where it takes effect.
func (d *Deployment) begin(action string, plan map[string]any) (good bool) {
	now := d.p.w.opt.Now()
	a := attempt{id: d.p.w.hexID(16), action: action, plan: plan, trouble: d.faults.next(), begun: now, ends: now.Add(d.p.w.opt.PlanTime)}
	d.attempts = append(d.attempts, a)
	return a.trouble == ""
}

// current is the attempt whose plan is in force: the latest that has ended well.
func (d *Deployment) current() *attempt {
	pending := d.pending()
	for i := len(d.attempts) - 1; i > 0; i-- {
		if a := &d.attempts[i]; a != pending && a.trouble == "" {
			return a
		}
	}
	return &d.attempts[0]
}

// planHealthy tells whether the last attempt has not failed; one that goes on has not.
func (d *Deployment) planHealthy() bool {
	return d.pending() != nil || d.attempts[len(d.attempts)-1].trouble == ""
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

// planInfo is info.plan_info of the Elasticsearch resource. A failed attempt is in the history alone: the plan before it
// stays the current one.
func (d *Deployment) planInfo(v view) map[string]any {
	out := map[string]any{"healthy": d.planHealthy(), "history": []any{}, "current": d.attemptInfo(d.current(), false, v)}
	pending := d.pending()
	history := []any{}
	for i := range d.attempts {
		a := &d.attempts[i]
		if a == pending {
			out["pending"] = d.attemptInfo(a, true, v)
			continue
		}
		history = append(history, d.attemptInfo(a, false, v))
	}
	if v.history {
		out["history"] = history
	}
	return out
}

func (d *Deployment) attemptInfo(a *attempt, pending bool, v view) map[string]any {
	failed := !pending && a.trouble != ""
	out := map[string]any{
		"plan_attempt_id": a.id, "plan_attempt_name": "attempt-" + a.id[:8], "healthy": !failed, "attempt_start_time": stamp(a.begun),
		"plan_attempt_log": []any{}, "warnings": []any{},
		"source": map[string]any{"facilitator": "adminconsole", "action": a.action, "date": stamp(a.begun)},
	}
	if !pending {
		out["attempt_end_time"] = stamp(a.ends)
	}
	if failed {
		out["error"] = map[string]any{
			"message": a.trouble, "timestamp": stamp(a.ends), "failure_type": "InfrastructureFailure:NotEnoughCapacity", "details": map[string]any{},
		}
	}
	if v.plans {
		out["plan"] = a.plan
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
	steps := []any{step("plan-validator", "success", "completed")}
	switch {
	case pending:
		return append(steps, step("rolling-restart", "pending", "in_progress"))
	case a.trouble != "":
		return append(steps, step("rolling-restart", "error", "completed"), step("plan-completed", "error", "completed"))
	}
	return append(steps, step("plan-completed", "success", "completed"))
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
	if d.begin("restart", d.current().plan) {
		d.cluster.RestartIn(d.p.w.opt.PlanTime)
	}
	return http.StatusAccepted, map[string]any{}, nil
}
