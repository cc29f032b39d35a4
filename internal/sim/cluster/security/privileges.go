package security

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// may tells whether the caller holds a cluster privilege.
func (all roles) may(who Identity, privilege string) bool {
	if privilege == "" || who.Internal {
		return true
	}
	roles := all.rolesOf(who.roles)
	if who.key != nil && len(who.key.roles) > 0 && !grants(slices.Collect(maps.Values(who.key.roles)), privilege) {
		return false // a key's own roles narrow what its owner may do
	}
	return grants(roles, privilege)
}

// MayAny tells whether the caller holds one of the cluster privileges.
func (all roles) MayAny(who Identity, privileges []string) bool {
	return slices.ContainsFunc(privileges, func(p string) bool { return all.may(who, p) })
}

func (all roles) rolesOf(names []string) []Role {
	var out []Role
	for _, n := range names {
		if r, ok := all.role(n); ok {
			out = append(out, r)
		}
	}
	return out
}

func (all roles) role(name string) (Role, bool) {
	if r, ok := builtinRoles()[name]; ok {
		return r, true
	}
	r, ok := all[name]
	return r, ok
}

func grants(roles []Role, privilege string) bool {
	for _, r := range roles {
		for _, has := range r.Cluster {
			if has == privilege || slices.Contains(implied[has], privilege) {
				return true
			}
		}
	}
	return false
}

// implied are the cluster privileges that come with another.
var implied = map[string][]string{
	"all": {
		"manage", "manage_security", "read_security", "manage_api_key", "manage_own_api_key", "monitor",
	},
	"manage":          {"monitor"},
	"manage_security": {"read_security", "manage_api_key", "manage_own_api_key"},
	"manage_api_key":  {"manage_own_api_key"},
}

// Denied says that a caller lacks all of the cluster privileges.
func Denied(who Identity, action string, privileges []string) *rest.Error {
	caller := "user [" + who.named() + "] with effective roles [" + strings.Join(who.roles, ",") + "]"
	if who.key != nil {
		caller = "API key id [" + who.key.ID + "] of user [" + who.user + "]"
	}
	return rest.Forbidden("action [%s] is unauthorized for %s, this action is granted by the cluster privileges [%s]", action, caller, strings.Join(privileges, ","))
}

// MayRead returns which local indices a caller may read.
func (all roles) MayRead(who Identity) func(string) bool {
	roles := all.rolesOf(who.roles)
	return func(index string) bool {
		if who.Internal {
			return true
		}
		return slices.ContainsFunc(roles, func(r Role) bool { return readable(r.Indices, index) })
	}
}

func readable(entries []IndicesPrivileges, index string) bool {
	return slices.ContainsFunc(entries, func(e IndicesPrivileges) bool {
		reads := slices.Contains(e.Privileges, "read") || slices.Contains(e.Privileges, "all") || slices.Contains(e.Privileges, "read_cross_cluster")
		return reads && rest.AnyGlob(e.Names, index)
	})
}

// HasPrivileges answers POST /_security/user/_has_privileges, for privileges on the cluster and on indices.
func (all roles) HasPrivileges(q *rest.Request, who Identity) (any, *rest.Error) {
	raw := struct {
		Cluster []string
		Index   []IndicesPrivileges
	}{}
	if len(bytes.TrimSpace(q.Raw)) == 0 {
		return nil, &rest.Error{Status: 400, Kind: "parse_exception", Reason: "request body or source parameter is required"}
	}
	fields, bad := q.Fields("has_privileges_request", "cluster", "index", "application")
	if bad != nil {
		return nil, bad
	}
	if len(fields) == 0 {
		return nil, &rest.Error{Status: 400, Kind: "parse_exception", Reason: "failed to parse privileges check [" + who.user +
			"/has_privileges]. All privilege fields [cluster,index,applications] are missing"}
	}
	if err := json.Unmarshal(q.Raw, &raw); err != nil {
		return nil, rest.Unreadable("has_privileges_request", err)
	}
	if len(raw.Cluster)+len(raw.Index) == 0 {
		return nil, rest.Validation("must specify at least one privilege")
	}
	every, cluster, index := true, map[string]bool{}, map[string]map[string]bool{}
	for _, p := range raw.Cluster {
		if !slices.Contains(clusterPrivileges, p) {
			return nil, rest.IllegalArgument("%s", unknownClusterPrivilege(p))
		}
		cluster[p] = all.may(who, p)
		every = every && cluster[p]
	}
	for _, e := range raw.Index {
		for _, name := range e.Names {
			index[name] = map[string]bool{}
			for _, p := range e.Privileges {
				index[name][p] = all.mayIndex(who, name, p)
				every = every && index[name][p]
			}
		}
	}
	return map[string]any{
		"username": who.user, "has_all_requested": every, "cluster": cluster, "index": index, "application": map[string]any{},
	}, nil
}

// mayIndex tells whether a caller holds a privilege on an index, or on all that a pattern names.
func (all roles) mayIndex(who Identity, index, privilege string) bool {
	return who.Internal || slices.ContainsFunc(all.rolesOf(who.roles), func(r Role) bool {
		return slices.ContainsFunc(r.Indices, func(e IndicesPrivileges) bool {
			return rest.AnyGlob(e.Names, index) && (slices.Contains(e.Privileges, "all") || slices.Contains(e.Privileges, privilege))
		})
	})
}
