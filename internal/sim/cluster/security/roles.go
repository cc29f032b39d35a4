package security

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// roles are those of a cluster that are not built in, by name.
type roles map[string]Role

// PutRole answers PUT /_security/role/{name}.
func (all roles) PutRole(q *rest.Request, _ Identity) (any, *rest.Error) {
	name := q.Vars["name"]
	if _, reserved := builtinRoles()[name]; reserved {
		return nil, rest.Validation("Role [" + name + "] is reserved and may not be used.")
	}
	if strings.TrimSpace(name) != name || name == "" || len(name) > 1024 {
		bad := rest.Validation("Role names must be at least 1 and no more than 1024 characters. They can contain alphanumeric characters " +
			"(a-z, A-Z, 0-9), spaces, punctuation, and printable symbols in the Basic Latin (ASCII) block. Leading or trailing whitespace is not allowed.")
		bad.Kind = "validation_exception"
		return nil, bad
	}
	if len(name) > 507 { // another check, with another limit
		return nil, rest.Validation("Role names must be at least 1 and no more than 507 characters. They can contain alphanumeric characters " +
			"(a-z, A-Z, 0-9), spaces, punctuation, and printable symbols in the Basic Latin (ASCII) block. Leading or trailing whitespace is not allowed.")
	}
	r, bad := readRole(q, name)
	if bad != nil {
		return nil, bad
	}
	if bad := r.check(name); bad != nil {
		return nil, bad
	}
	_, had := all[name]
	all[name] = r.complete()
	return map[string]any{"role": map[string]any{"created": !had}}, nil
}

// AllRoles are the roles by name.
func (all roles) AllRoles() map[string]Role { return maps.Clone(map[string]Role(all)) }

// readRole reads the body of a request for a role.
func readRole(q *rest.Request, name string) (r Role, bad *rest.Error) {
	known := []string{"cluster", "indices", "index", "remote_indices", "remote_cluster", "applications", "run_as", "metadata", "description", "global", "transient_metadata"}
	if len(bytes.TrimSpace(q.Raw)) > 0 {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(q.Raw, &fields); err != nil {
			return r, rest.Unreadable("role", err)
		}
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			if !slices.Contains(known, field) {
				return r, &rest.Error{Status: 400, Kind: "parse_exception", Reason: "failed to parse role [" + name + "]. unexpected field [" + field + "]"}
			}
			if is := rest.Token(fields[field]); slices.Contains([]string{"cluster", "run_as"}, field) && is != "START_ARRAY" {
				e := &rest.Error{Status: 400, Kind: "parse_exception", Reason: "failed to parse role [" + name + "]"}
				e.Cause = &rest.Error{Kind: "parse_exception", Reason: "could not parse [" + field + "] field. expected a string array but found [" + is + "] value instead"}
				return r, e
			}
		}
	}
	if _, bad := q.Fields("role", known...); bad != nil {
		return r, bad
	}
	if err := json.Unmarshal(q.Raw, &r); err != nil {
		return r, &rest.Error{Status: 400, Kind: "parse_exception", Reason: "failed to parse role [" + name + "]"}
	}
	return r, nil
}

// GetRole answers GET /_security/role.
func (all roles) GetRole(q *rest.Request, _ Identity) (any, *rest.Error) {
	known := builtinRoles()
	maps.Copy(known, all)
	if q.Vars["name"] == "" {
		return known, nil
	}
	out := map[string]Role{}
	for name := range strings.SplitSeq(q.Vars["name"], ",") {
		if r, ok := known[name]; ok {
			out[name] = r
		}
	}
	if len(out) == 0 {
		q.Status = 404
	}
	return out, nil
}

// DeleteRole answers DELETE /_security/role/{name}.
func (all roles) DeleteRole(q *rest.Request, _ Identity) (any, *rest.Error) {
	name := q.Vars["name"]
	if _, reserved := builtinRoles()[name]; reserved {
		return nil, rest.IllegalArgument("role [%s] is reserved and cannot be deleted", name)
	}
	_, had := all[name]
	delete(all, name)
	if !had {
		q.Status = 404
	}
	return map[string]any{"found": had}, nil
}
