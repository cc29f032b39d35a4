package link

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// StepRole makes or extends a role on the local cluster.
const StepRole = "role"

// roleStep writes the role as it was approved. A role that is not the bot's is never written.
type roleStep struct{ roleChange }

func writeRole(w work, want json.RawMessage) *roleStep {
	return &roleStep{roleChange{work: w, step: StepRole, role: w.c.Role.Name, want: want}}
}

func (r *roleStep) Title() string { return "Write the role " + r.role }

func (r *roleStep) calls(s Survey) []change.PlannedCall {
	return r.call(s.Local, r.c.extended(s.role, s.Local.Version))
}

// approvedRole is the role of the approved plan.
func approvedRole(p change.Proposal) json.RawMessage {
	for _, call := range p.Plan {
		if call.Step == StepRole {
			return json.RawMessage(call.Body)
		}
	}
	return nil
}

func (r *roleStep) Apply(ctx context.Context, _ change.Evidence, note change.Note) error {
	if r.want == nil {
		return refuse("The approved plan does not say what the role shall be.", "%s: no role in the approved plan", StepRole)
	}
	local, roles, now, err := r.read(ctx)
	if err != nil {
		return err
	}
	r.finding = "give the role " + r.role + " on " + local.d.Name + " to whom shall search " + r.c.Alias
	switch {
	case sameRole(now, r.want):
		return nil // an earlier attempt, or it grants all of it already
	case now != nil && !ours(now):
		return refuse(fmt.Sprintf("The role %s exists on %s and is not the bot's, so it was left alone.", r.role, local.d.Name),
			"role %s is not ours", r.role)
	case !sameRole(r.c.extended(now, local.d.Version), r.want):
		return refuse(fmt.Sprintf("The role %s has changed since this was approved, so it was left alone.", r.role),
			"role %s has changed", r.role)
	}
	return r.bring(ctx, local, roles, now, note)
}
