package link

import (
	"context"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// StepWriteRole makes or extends a role on the local cluster.
const StepWriteRole = "write_role"

func (a roleArgs) planned(v view) change.PlannedStep {
	return planned(StepWriteRole, "Write the role "+a.Role, a, a.call(v)...)
}

// role is what c asks for: the role as it is, and as it is to be.
func roleOf(c ConnectParams, s PairState) roleArgs {
	a := roleArgs{Local: c.Local, Role: c.Role.Name, Alias: c.Alias, After: c.extended(s.role, s.Local.Version)}
	if s.role != nil {
		a.Before = withoutTransient(s.role)
	}
	return a
}

// writeRoleStep writes the role as it was approved. A role that is not the bot's is never written.
type writeRoleStep struct{ roleChange }

func (r *writeRoleStep) Apply(ctx context.Context, _ change.Evidence, note change.Note) error {
	local, roles, now, err := r.read(ctx)
	if err != nil {
		return err
	}
	r.finding = "give the role " + r.Role + " on " + local.d.Name + " to whom shall search " + r.Alias
	switch {
	case sameRole(now, r.After):
		return nil // an earlier attempt, or it grants all of it already
	case now != nil && !ours(now):
		return userError(fmt.Sprintf("The role %s exists on %s and is not the bot's, so it was left alone.", r.Role, local.d.Name),
			"role %s is not ours", r.Role)
	case !sameRole(now, r.Before):
		return userError(fmt.Sprintf("The role %s has changed since this was approved, so it was left alone.", r.Role),
			"role %s has changed", r.Role)
	}
	return r.bring(ctx, local, roles, now, note)
}
