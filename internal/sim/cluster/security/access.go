package security

import (
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// Access is what a caller sees of a remote cluster: its own rights there and the key's.
type Access struct {
	Index  func(name string) bool
	View   func(index string) View // nil: all documents, whole
	Refuse func(indices []string) *rest.Error
}

// AccessByKey works out a caller's access to a remote cluster under the API key model: what the local roles'
// remote_indices and the key have in common.
func (all roles) AccessByKey(who Identity, alias string, to *Directory, credentials, action string) (Access, *rest.Error) {
	var entries []IndicesPrivileges
	for _, role := range all.rolesOf(who.roles) {
		for _, ri := range role.RemoteIndices {
			if rest.AnyGlob(ri.Clusters, alias) {
				entries = append(entries, ri.IndicesPrivileges)
			}
		}
	}
	if who.Internal {
		entries = []IndicesPrivileges{{Names: []string{"*"}, Privileges: []string{"all"}}}
	}
	if len(entries) == 0 {
		return Access{}, rest.Forbidden("action [%s] towards remote cluster [%s] is unauthorized for user [%s] with effective roles [%s] because no remote indices privileges apply for the target cluster",
			action, alias, who.named(), strings.Join(who.roles, ","))
	}
	k, why := to.CrossClusterKey(credentials, action)
	if why != nil {
		return Access{}, why
	}
	a := Access{
		Index: func(name string) bool { return readable(entries, name) && k.access.searches(name) },
		View:  k.access.view,
		Refuse: func(indices []string) *rest.Error {
			on := ""
			if len(indices) > 0 {
				on = " on indices [" + strings.Join(indices, ",") + "]"
			}
			return rest.Forbidden("action [%s] towards remote cluster is unauthorized for user [%s] with assigned roles [%s] authenticated by API key id [%s] of user [%s]%s, this action is granted by the index privileges [%s]",
				action, who.named(), strings.Join(who.roles, ","), k.ID, k.user, on, grantsOf(to.version, action))
		},
	}
	if len(k.access.Search) == 0 { // a key for replication alone can't search at all
		return Access{}, a.Refuse(nil)
	}
	return a, nil
}

// AccessByCertificate is a caller's access under the certificate model: what roles of the same names may on the remote
// cluster, whose these are.
func (all roles) AccessByCertificate(who Identity, action string) Access {
	return Access{
		Index: func(name string) bool {
			if who.Internal || who.superuser() {
				return true
			}
			return slices.ContainsFunc(all.rolesOf(who.roles), func(r Role) bool { return readable(r.Indices, name) })
		},
		Refuse: func(indices []string) *rest.Error { return DeniedIndices(action, who, indices) },
	}
}

// What a caller does on indices.
const (
	SearchAction  = "indices:data/read/search"
	ResolveAction = "indices:admin/resolve/cluster"
)

// grantedBy are the index privileges that allow an action, as refusals name them.
var grantedBy = map[string]string{
	SearchAction:  "read,all",
	ResolveAction: "view_index_metadata,manage,read,read_cross_cluster,all",
}

// grantsOf names the index privileges that allow an action, in the version's order.
func grantsOf(v rest.Version, action string) string {
	if v.Major >= 9 && action == ResolveAction {
		return "read_cross_cluster,view_index_metadata,manage,read,all"
	}
	return grantedBy[action]
}

// DeniedIndices says that a caller may not do that on indices.
func DeniedIndices(action string, who Identity, indices []string) *rest.Error {
	on := ""
	if len(indices) > 0 {
		on = " on indices [" + strings.Join(indices, ",") + "]"
	}
	return rest.Forbidden("action [%s] is unauthorized for user [%s] with effective roles [%s]%s, this action is granted by the index privileges [%s]",
		action, who.named(), strings.Join(who.roles, ","), on, grantedBy[action])
}
