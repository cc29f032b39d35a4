package link

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// StepRole makes or extends a role on the local cluster.
const StepRole = "role"

// evRoleFound is the role as it was before, as JSON; "null" for none. It is noted before the first write.
const evRoleFound = "role_found"

// roleStep writes the role as it was approved. A role that is not the bot's is never written.
type roleStep struct {
	work
	want    json.RawMessage // of the approved plan
	finding string
}

func (*roleStep) Name() string    { return StepRole }
func (r *roleStep) Title() string { return "Write the role " + r.c.Role.Name }

func rolePath(name string) string { return "/_security/role/" + name }

func (r *roleStep) calls(s Survey) []change.PlannedCall {
	return []change.PlannedCall{{
		Step: StepRole, System: elasticsearchOf(s.Local), Method: "PUT", Path: rolePath(r.c.Role.Name),
		Body: string(r.c.extended(s.role, s.Local.Version)),
	}}
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

func (r *roleStep) read(ctx context.Context) (side, Roles, json.RawMessage, error) {
	local, err := r.local(ctx)
	if err != nil {
		return local, nil, nil, err
	}
	roles, ok := local.es.(Roles)
	if !ok {
		return local, nil, nil, refuse("The bot can't change roles of "+local.d.Name+".", "%s has no roles", local.d.Ref)
	}
	now, err := roles.Role(ctx, r.c.Role.Name)
	return local, roles, now, attempt("reading role "+r.c.Role.Name+" of "+local.d.Name, err)
}

func (r *roleStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	if r.want == nil {
		return refuse("The approved plan does not say what the role shall be.", "%s: no role in the approved plan", StepRole)
	}
	local, roles, now, err := r.read(ctx)
	if err != nil {
		return err
	}
	r.finding = "give the role " + r.c.Role.Name + " on " + local.d.Name + " to whom shall search " + r.c.Alias
	doing := "writing role " + r.c.Role.Name + " of " + local.d.Name
	switch {
	case sameRole(now, r.want):
		return nil // an earlier attempt, or it grants all of it already
	case now != nil && !ours(now):
		return refuse(fmt.Sprintf("The role %s exists on %s and is not the bot's, so it was left alone.", r.c.Role.Name, local.d.Name),
			"role %s is not ours", r.c.Role.Name)
	case !sameRole(r.c.extended(now, local.d.Version), r.want):
		return refuse(fmt.Sprintf("The role %s has changed since this was approved, so it was left alone.", r.c.Role.Name),
			"role %s has changed", r.c.Role.Name)
	}
	if err := note(ctx, change.Evidence{evRoleFound: string(orNull(now))}); err != nil {
		return err
	}
	if err := roles.PutRole(ctx, r.c.Role.Name, r.want); err != nil {
		return attempt(doing, err)
	}
	after, err := roles.Role(ctx, r.c.Role.Name)
	if err == nil && !sameRole(after, r.want) {
		err = change.Temporary(errors.New("it is not as it was written"))
	}
	return attempt(doing, err)
}

// Undo puts the role back as it was, or deletes it if it was not there. One that somebody has changed since stays.
func (r *roleStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evRoleFound] == "" {
		return nil // Apply never wrote
	}
	var before json.RawMessage
	if found := json.RawMessage(had[evRoleFound]); !isNull(found) {
		before = withoutTransient(found)
	}
	_, roles, now, err := r.read(ctx)
	switch {
	case err != nil:
		return r.left(before, err)
	case sameRole(now, before):
		return nil
	case !sameRole(now, r.want):
		return r.left(before, errors.New("somebody has changed this role since the bot wrote it, so it left it alone"))
	}
	if before == nil {
		err = roles.DeleteRole(ctx, r.c.Role.Name)
	} else {
		err = roles.PutRole(ctx, r.c.Role.Name, before)
	}
	if err != nil {
		return r.left(before, attempt("putting role "+r.c.Role.Name+" back", err))
	}
	after, err := roles.Role(ctx, r.c.Role.Name)
	if err == nil && !sameRole(after, before) {
		err = change.Temporary(fmt.Errorf("role %s is not as it was before", r.c.Role.Name))
	}
	if err != nil {
		return r.left(before, err)
	}
	return nil
}

// withoutTransient leaves out what the API tells of a role and takes from nobody.
func withoutTransient(role json.RawMessage) json.RawMessage {
	fields := map[string]json.RawMessage{}
	if json.Unmarshal(role, &fields) != nil {
		return role
	}
	delete(fields, "transient_metadata")
	return rawJSON(fields)
}

func (r *roleStep) left(before json.RawMessage, err error) error {
	command := devTools("DELETE", rolePath(r.c.Role.Name), "")
	if before != nil {
		command = devTools("PUT", rolePath(r.c.Role.Name), string(before))
	}
	var l leftovers
	l.add(fmt.Sprintf("the role %s on %s (Dev Tools there)", r.c.Role.Name, r.c.Local), command, err)
	return l.of(StepRole)
}

func (r *roleStep) Finding() string { return r.finding }
