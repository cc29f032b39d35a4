package link

import (
	"context"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// StepUnrole takes an alias's privileges out of a role that the bot wrote.
const StepUnrole = "unrole"

// unroleStep brings the role from what it was when the plan was made to what was approved.
type unroleStep struct {
	roleChange
	spare spareRole
}

func unroling(w work, s spareRole) *unroleStep {
	return &unroleStep{roleChange: roleChange{work: w, step: StepUnrole, role: s.Role, want: s.After}, spare: s}
}

func (u *unroleStep) Title() string {
	if u.want == nil {
		return "Delete the role " + u.role
	}
	return "Take " + u.spare.Alias + " out of the role " + u.role
}

func (u *unroleStep) calls(s Survey) []change.PlannedCall { return u.call(s.Local, u.want) }

// Apply leaves a role alone that somebody has changed since the approval.
func (u *unroleStep) Apply(ctx context.Context, _ change.Evidence, note change.Note) error {
	local, roles, now, err := u.read(ctx)
	switch {
	case err != nil:
		return err
	case sameRole(now, u.want):
		return nil
	case !sameRole(now, u.spare.Before):
		u.finding = "somebody has changed the role " + u.role + " since this was approved: it was left alone"
		return nil
	}
	u.finding = "took back " + u.spare.say()
	return u.bring(ctx, local, roles, now, note)
}
