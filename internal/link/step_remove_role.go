package link

import (
	"context"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// StepRemoveRole takes an alias's privileges out of a role that the bot wrote.
const StepRemoveRole = "remove_role"

func (a roleArgs) plannedRemoval(v view) change.PlannedStep {
	title := "Take " + a.Alias + " out of the role " + a.Role
	if a.After == nil {
		title = "Delete the role " + a.Role
	}
	return planned(StepRemoveRole, title, a, a.call(v)...)
}

// removeRoleStep brings the role from what it was when the plan was made to what was approved.
type removeRoleStep struct{ roleChange }

// Apply leaves a role alone that somebody has changed since the approval.
func (u *removeRoleStep) Apply(ctx context.Context, _ change.Evidence, note change.Note) error {
	local, roles, now, err := u.read(ctx)
	switch {
	case err != nil:
		return err
	case sameRole(now, u.After):
		return nil
	case !sameRole(now, u.Before):
		u.finding = "somebody has changed the role " + u.Role + " since this was approved: it was left alone"
		return nil
	}
	u.finding = "took back " + u.spare().say()
	return u.bring(ctx, local, roles, now, note)
}

func (a roleArgs) spare() unusedRole {
	return unusedRole{Role: a.Role, Alias: a.Alias, Before: a.Before, After: a.After}
}
