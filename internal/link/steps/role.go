package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
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
	a := RoleArgs{Local: c.Local, Role: c.Role.Name, Alias: c.Alias, After: link.Extended(c, s.Role, s.Local.Version)}
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

// evRoleFound is the role as it was before, as JSON; "null" for none. It is noted before the first write.
const evRoleFound = "role_found"

// RoleArgs say what becomes of a role of the local cluster. None, before or after, is null.
type RoleArgs struct {
	Local  elastic.Ref     `json:"local"`
	Role   string          `json:"role"`
	Alias  string          `json:"alias"` // through which it lets search
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"`
}

// call writes the role, or deletes it.
func (a RoleArgs) call(v View) []change.Call {
	if a.After == nil {
		return v.onLocal(v.toLocal.DeleteRole(a.Role))
	}
	return v.onLocal(v.toLocal.PutRole(a.Role, a.After))
}

// roleChange changes a role, and puts it back.
type roleChange struct {
	ports
	RoleArgs
	finding string
}

func newRoleChange(p ports, a RoleArgs) roleChange {
	a.Before, a.After = present(a.Before), present(a.After)
	return roleChange{ports: p, RoleArgs: a}
}

// Finding says what became of it.
func (r *roleChange) Finding() string { return r.finding }

func (r *roleChange) read(ctx context.Context) (side, elastic.Roles, json.RawMessage, error) {
	local, err := r.reach(ctx, r.Local)
	if err != nil {
		return local, nil, nil, err
	}
	roles, ok := local.es.(elastic.Roles)
	if !ok {
		return local, nil, nil, link.UserError("The bot can't change roles of "+local.d.Name+".", "%s has no roles", local.d.Ref)
	}
	now, err := roles.Role(ctx, r.Role)
	return local, roles, now, link.WrapCall("reading role "+r.Role+" of "+local.d.Name, err)
}

// bring notes the role as it is, and makes it what was approved.
func (r *roleChange) bring(ctx context.Context, local side, roles elastic.Roles, now json.RawMessage, note change.Note) error {
	if err := note(ctx, change.Evidence{evRoleFound: string(link.OrNull(now))}); err != nil {
		return err
	}
	return link.WrapCall("writing role "+r.Role+" of "+local.d.Name, r.put(ctx, roles, r.After))
}

// put writes a role, or deletes it, and looks that it is so.
func (r *roleChange) put(ctx context.Context, roles elastic.Roles, to json.RawMessage) error {
	var err error
	if to == nil {
		err = roles.DeleteRole(ctx, r.Role)
	} else {
		err = roles.PutRole(ctx, r.Role, to)
	}
	if err != nil {
		return err
	}
	after, err := roles.Role(ctx, r.Role)
	if err == nil && !link.SameRole(after, to) {
		err = change.Temporary(fmt.Errorf("role %s is not as it was written", r.Role))
	}
	return err
}

// Undo puts the role back as it was, or deletes it if it was not there. One that somebody has changed since stays.
func (r *roleChange) Undo(ctx context.Context, had change.Evidence) error {
	if had[evRoleFound] == "" {
		return nil // Apply never wrote
	}
	before := orNil(had[evRoleFound])
	if before != nil {
		before = inventory.WithoutTransient(before)
	}
	_, roles, now, err := r.read(ctx)
	switch {
	case err != nil:
		return r.left(before, err)
	case link.SameRole(now, before):
		return nil
	case !link.SameRole(now, r.After):
		return r.left(before, errors.New("someone changed this role after the bot wrote it, so the bot did not touch it"))
	}
	if err := r.put(ctx, roles, before); err != nil {
		return r.left(before, link.WrapCall("putting role "+r.Role+" back", err))
	}
	return nil
}

func (r *roleChange) left(before json.RawMessage, err error) error {
	command := r.byHand(r.Local.Platform, func(c elastic.Calls) []change.Call {
		if before == nil {
			return []change.Call{c.DeleteRole(r.Role)}
		}
		return []change.Call{c.PutRole(r.Role, before)}
	})
	return leftBehind(fmt.Sprintf("the role %s on %s (Dev Tools there)", r.Role, r.Local), command, err)
}
