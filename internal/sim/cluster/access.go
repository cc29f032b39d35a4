package cluster

import (
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// access is what a caller sees of a remote cluster: its own rights there and the key's.
type access struct {
	index  func(name string) bool
	view   func(index string) view // nil: all documents, whole
	refuse func(indices []string) *rest.Error
}

// remoteAccess works out a caller's access to a remote cluster. Under the API key model it is what the local role's
// remote_indices and the key have in common; under the certificate model it is what roles of the same names may there.
func (c *Cluster) remoteAccess(who identity, r remote, to *Cluster, action string) (access, *rest.Error) {
	if !r.keyModel {
		return c.certificateAccess(who, to, action), nil
	}
	var entries []IndicesPrivileges
	for _, role := range c.rolesOf(who.roles) {
		for _, ri := range role.RemoteIndices {
			if rest.AnyGlob(ri.Clusters, r.alias) {
				entries = append(entries, ri.IndicesPrivileges)
			}
		}
	}
	if who.internal {
		entries = []IndicesPrivileges{{Names: []string{"*"}, Privileges: []string{"all"}}}
	}
	if len(entries) == 0 {
		return access{}, rest.Forbidden("action [%s] towards remote cluster [%s] is unauthorized for user [%s] with effective roles [%s] because no remote indices privileges apply for the target cluster",
			action, r.alias, who.named(), strings.Join(who.roles, ","))
	}
	k, why := to.crossClusterKey(r.credentials, action)
	if why != nil {
		return access{}, why
	}
	a := access{
		index: func(name string) bool { return readable(entries, name) && k.access.searches(name) },
		view:  k.access.view,
		refuse: func(indices []string) *rest.Error {
			on := ""
			if len(indices) > 0 {
				on = " on indices [" + strings.Join(indices, ",") + "]"
			}
			return rest.Forbidden("action [%s] towards remote cluster is unauthorized for user [%s] with assigned roles [%s] authenticated by API key id [%s] of user [%s]%s, this action is granted by the index privileges [%s]",
				action, who.named(), strings.Join(who.roles, ","), k.id, k.user, on, grantsOf(to.version, action))
		},
	}
	if len(k.access.Search) == 0 { // a key for replication alone can't search at all
		return access{}, a.refuse(nil)
	}
	return a, nil
}

func (c *Cluster) certificateAccess(who identity, to *Cluster, action string) access {
	return access{
		index: func(name string) bool {
			if who.internal || who.superuser() {
				return true
			}
			return slices.ContainsFunc(to.rolesOf(who.roles), func(r Role) bool { return readable(r.Indices, name) })
		},
		refuse: func(indices []string) *rest.Error { return deniedIndices(action, who, indices) },
	}
}

const searchAction = "indices:data/read/search"

// grantedBy are the index privileges that allow an action, as refusals name them.
var grantedBy = map[string]string{
	searchAction:  "read,all",
	resolveAction: "view_index_metadata,manage,read,read_cross_cluster,all",
}

// grantsOf names the index privileges that allow an action, in the version's order.
func grantsOf(v rest.Version, action string) string {
	if v.Major >= 9 && action == resolveAction {
		return "read_cross_cluster,view_index_metadata,manage,read,all"
	}
	return grantedBy[action]
}

func deniedIndices(action string, who identity, indices []string) *rest.Error {
	on := ""
	if len(indices) > 0 {
		on = " on indices [" + strings.Join(indices, ",") + "]"
	}
	return rest.Forbidden("action [%s] is unauthorized for user [%s] with effective roles [%s]%s, this action is granted by the index privileges [%s]",
		action, who.named(), strings.Join(who.roles, ","), on, grantedBy[action])
}
