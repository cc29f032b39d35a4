package steps

import (
	"context"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// StepWriteRole makes or extends a role on the local cluster.
const StepWriteRole = "write_role"

// Planned is the step as it stands in a plan.
func (a RoleArgs) Planned(v View) change.PlannedStep {
	return with(planned(StepWriteRole, "Write the role "+a.Role, a, a.call(v)...), roleEffects(a.Role, v.local.Name, a.Before, a.After)...)
}

// RoleOf is what c asks for: the role as it is, and as it is to be.
func RoleOf(c link.ConnectParams, s link.PairState) RoleArgs {
	a := RoleArgs{Local: c.Local, Role: c.Role.Name, Alias: c.Alias, After: c.Extended(s.Role, s.Local.Version)}
	if s.Role != nil {
		a.Before = inventory.WithoutTransient(s.Role)
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
	r.finding = "assign the role " + r.Role + " on " + local.d.Name + " to everyone who should search " + r.Alias
	switch {
	case link.SameRole(now, r.After):
		return nil // an earlier attempt, or it grants all of it already
	case now != nil && !link.IsOurRole(now):
		return link.UserError(fmt.Sprintf("The role %s exists on %s and was not created by the bot, so it was not changed.", r.Role, local.d.Name),
			"role %s is not ours", r.Role)
	case !link.SameRole(now, r.Before):
		return link.UserError(fmt.Sprintf("The role %s has changed since this was approved, so it was not changed.", r.Role),
			"role %s has changed", r.Role)
	}
	return r.bring(ctx, local, roles, now, note)
}
