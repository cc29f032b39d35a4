package link

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// evRoleFound is the role as it was before, as JSON; "null" for none. It is noted before the first write.
const evRoleFound = "role_found"

// roleChange changes a role of the local cluster, and puts it back. No role, before or after, is nil.
type roleChange struct {
	work
	step    string
	role    string          // its name
	want    json.RawMessage // as it was approved
	finding string
}

func (r *roleChange) Name() string    { return r.step }
func (r *roleChange) Finding() string { return r.finding }

func rolePath(name string) string { return "/_security/role/" + name }

func (r *roleChange) call(local Deployment, to json.RawMessage) []change.PlannedCall {
	c := change.PlannedCall{Step: r.step, System: elasticsearchOf(local), Method: "PUT", Path: rolePath(r.role), Body: string(to)}
	if to == nil {
		c.Method = "DELETE"
	}
	return []change.PlannedCall{c}
}

func (r *roleChange) read(ctx context.Context) (side, Roles, json.RawMessage, error) {
	local, err := r.local(ctx)
	if err != nil {
		return local, nil, nil, err
	}
	roles, ok := local.es.(Roles)
	if !ok {
		return local, nil, nil, refuse("The bot can't change roles of "+local.d.Name+".", "%s has no roles", local.d.Ref)
	}
	now, err := roles.Role(ctx, r.role)
	return local, roles, now, attempt("reading role "+r.role+" of "+local.d.Name, err)
}

// bring notes the role as it is, and makes it what was approved.
func (r *roleChange) bring(ctx context.Context, local side, roles Roles, now json.RawMessage, note change.Note) error {
	if err := note(ctx, change.Evidence{evRoleFound: string(orNull(now))}); err != nil {
		return err
	}
	return attempt("writing role "+r.role+" of "+local.d.Name, r.put(ctx, roles, r.want))
}

// put writes a role, or deletes it, and looks that it is so.
func (r *roleChange) put(ctx context.Context, roles Roles, to json.RawMessage) error {
	var err error
	if to == nil {
		err = roles.DeleteRole(ctx, r.role)
	} else {
		err = roles.PutRole(ctx, r.role, to)
	}
	if err != nil {
		return err
	}
	after, err := roles.Role(ctx, r.role)
	if err == nil && !sameRole(after, to) {
		err = change.Temporary(fmt.Errorf("role %s is not as it was written", r.role))
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
		before = withoutTransient(before)
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
	if err := r.put(ctx, roles, before); err != nil {
		return r.left(before, attempt("putting role "+r.role+" back", err))
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

func (r *roleChange) left(before json.RawMessage, err error) error {
	command := devTools("DELETE", rolePath(r.role), "")
	if before != nil {
		command = devTools("PUT", rolePath(r.role), string(before))
	}
	var l leftovers
	l.add(fmt.Sprintf("the role %s on %s (Dev Tools there)", r.role, r.c.Local), command, err)
	return l.of(r.step)
}
