package steps

import (
	"context"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// StepRemoveRole takes an alias's privileges out of a role that the bot wrote.
const StepRemoveRole = "remove_role"

// PlannedRemoval is the step that removes the role as it stands in a plan.
func (a RoleArgs) PlannedRemoval(v View) change.PlannedStep {
	title := "Take " + a.Alias + " out of the role " + a.Role
	if a.After == nil {
		title = "Delete the role " + a.Role
	}
	return with(planned(StepRemoveRole, title, a, a.call(v)...), roleEffects(a.Role, v.local.Name, a.Before, a.After)...)
}

// removeRoleStep brings the role from what it was when the plan was made to what was approved.
type removeRoleStep struct{ roleChange }

// Apply leaves a role alone that somebody has changed since the approval.
func (u *removeRoleStep) Apply(ctx context.Context, _ change.Evidence, note change.Note) error {
	local, roles, now, err := u.read(ctx)
	switch {
	case err != nil:
		return err
	case link.SameRole(now, u.After):
		return nil
	case !link.SameRole(now, u.Before):
		u.finding = "someone changed the role " + u.Role + " after this was approved, so it was not changed"
		return nil
	}
	u.finding = "removed " + u.spare().Say()
	return u.bring(ctx, local, roles, now, note)
}

func (a RoleArgs) spare() inventory.UnusedRole {
	return inventory.UnusedRole{Role: a.Role, Alias: a.Alias, Before: a.Before, After: a.After}
}
