package platform

import (
	"time"
)

// view is what a caller asked to see of a deployment.
type view struct {
	metadata, plans, settings, history, logs bool
}

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

// plans are those of a deployment, and its restarts.
type plans struct {
	*host
	attempts []attempt // oldest first; the first is the deployment's creation
	faults   planFaults
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
func (p *plans) begin(action string, plan map[string]any) (good bool) {
	now := p.opt.Now()
	a := attempt{id: p.hexID(16), action: action, plan: plan, trouble: p.faults.next(), begun: now, ends: now.Add(p.opt.PlanTime)}
	p.attempts = append(p.attempts, a)
	return a.trouble == ""
}

// current is the attempt whose plan is in force: the latest that has ended well.
func (p *plans) current() *attempt {
	pending := p.pending()
	for i := len(p.attempts) - 1; i > 0; i-- {
		if a := &p.attempts[i]; a != pending && a.trouble == "" {
			return a
		}
	}
	return &p.attempts[0]
}

// planHealthy tells whether the last attempt has not failed; one that goes on has not.
func (p *plans) planHealthy() bool {
	return p.pending() != nil || p.attempts[len(p.attempts)-1].trouble == ""
}

// pending returns the attempt under way, or nil.
func (p *plans) pending() *attempt {
	last := &p.attempts[len(p.attempts)-1]
	if p.opt.Now().Before(last.ends) {
		return last
	}
	return nil
}

// planInfo is info.plan_info of the Elasticsearch resource. A failed attempt is in the history alone: the plan before it
// stays the current one.
func (p *plans) planInfo(v view) map[string]any {
	out := map[string]any{"healthy": p.planHealthy(), "history": []any{}, "current": p.attemptInfo(p.current(), false, v)}
	pending := p.pending()
	history := []any{}
	for i := range p.attempts {
		a := &p.attempts[i]
		if a == pending {
			out["pending"] = p.attemptInfo(a, true, v)
			continue
		}
		history = append(history, p.attemptInfo(a, false, v))
	}
	if v.history {
		out["history"] = history
	}
	return out
}

func (p *plans) attemptInfo(a *attempt, pending bool, v view) map[string]any {
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
