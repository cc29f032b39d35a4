package security

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// Superuser is the role that may do everything.
const Superuser = "superuser"

// Role is a role as the security API writes it.
type Role struct {
	Cluster       []string             `json:"cluster"`
	Indices       []IndicesPrivileges  `json:"indices"`
	RemoteIndices []RemoteIndices      `json:"remote_indices,omitempty"`
	RemoteCluster []RemoteClusterRight `json:"remote_cluster,omitempty"`
	Applications  []json.RawMessage    `json:"applications"`
	RunAs         []string             `json:"run_as"`
	Metadata      map[string]any       `json:"metadata"`
	Description   string               `json:"description,omitempty"`
	Transient     map[string]any       `json:"transient_metadata"`
}

// IndicesPrivileges are rights on local indices.
type IndicesPrivileges struct {
	Names      []string        `json:"names"`
	Privileges []string        `json:"privileges"`
	Fields     json.RawMessage `json:"field_security,omitempty"`
	Query      json.RawMessage `json:"query,omitempty"`
	Restricted bool            `json:"allow_restricted_indices"`
}

// RemoteIndices are rights on indices of remote clusters, under the API key model.
type RemoteIndices struct {
	IndicesPrivileges
	Clusters []string `json:"clusters"`
}

// RemoteClusterRight are cluster privileges on remote clusters.
type RemoteClusterRight struct {
	Clusters   []string `json:"clusters"`
	Privileges []string `json:"privileges"`
}

// builtinRoles are the reserved roles that matter here.
func builtinRoles() map[string]Role {
	reserved := map[string]any{"_reserved": true} // how the security API tells its own roles from others
	all := []IndicesPrivileges{
		{Names: []string{"*"}, Privileges: []string{"all"}},
		{Names: []string{"*"}, Privileges: []string{"monitor", "read", "view_index_metadata", "read_cross_cluster"}, Restricted: true},
	}
	roles := map[string]Role{
		Superuser: {
			Metadata: reserved, Cluster: []string{"all"}, Indices: all, RunAs: []string{"*"},
			RemoteIndices: []RemoteIndices{{all[0], []string{"*"}}, {all[1], []string{"*"}}},
			RemoteCluster: []RemoteClusterRight{{Clusters: []string{"*"}, Privileges: []string{"monitor_enrich", "monitor_stats"}}},
			Applications:  []json.RawMessage{json.RawMessage(`{"application":"*","privileges":["*"],"resources":["*"]}`)},
			Description: "Grants full access to cluster management and data indices. This role also grants direct read-only access to restricted indices like .security. " +
				"A user with this role can impersonate any other user in the system, manage security and create roles with unlimited privileges. Take extra care when assigning it to a user.",
		},
		"viewer":          {Metadata: reserved, Indices: []IndicesPrivileges{{Names: []string{"*"}, Privileges: []string{"read", "view_index_metadata"}}}},
		"monitoring_user": {Metadata: reserved, Cluster: []string{"monitor"}},
	}
	for name, r := range roles {
		r = r.complete()
		r.Transient = map[string]any{}
		roles[name] = r
	}
	return roles
}

// complete is the role as it is shown: with all fields, and queries as text.
func (r Role) complete() Role {
	r.Cluster, r.RunAs = append([]string{}, r.Cluster...), append([]string{}, r.RunAs...)
	r.Indices, r.Applications = append([]IndicesPrivileges{}, r.Indices...), append([]json.RawMessage{}, r.Applications...)
	for i := range r.Indices {
		r.Indices[i].Query = asText(r.Indices[i].Query)
	}
	r.RemoteIndices = slices.Clone(r.RemoteIndices)
	for i := range r.RemoteIndices {
		r.RemoteIndices[i].Query = asText(r.RemoteIndices[i].Query)
	}
	if r.Metadata == nil {
		r.Metadata = map[string]any{}
	}
	r.Transient = map[string]any{"enabled": true}
	return r
}

var (
	clusterPrivileges = []string{
		"all", "none", "manage", "monitor", "manage_security", "read_security", "manage_api_key", "manage_own_api_key", "manage_ccr", "read_ccr",
		"cross_cluster_search", "cross_cluster_replication", "monitor_enrich", "monitor_stats", "manage_ilm", "read_ilm", "manage_slm", "read_slm",
		"manage_index_templates", "manage_ingest_pipelines", "manage_pipeline", "manage_ml", "monitor_ml", "manage_transform", "monitor_transform",
		"manage_watcher", "monitor_watcher", "manage_enrich", "manage_saml", "manage_token", "manage_oidc", "grant_api_key", "cancel_task", "delegate_pki",
		"transport_client", "create_snapshot", "monitor_snapshot", "manage_rollup", "manage_autoscaling", "manage_data_frame_transforms",
	}
	indexPrivileges = []string{
		"all", "none", "read", "read_cross_cluster", "view_index_metadata", "write", "index", "create", "create_doc", "create_index", "delete",
		"delete_index", "manage", "manage_ilm", "manage_follow_index", "manage_leader_index", "manage_data_stream_lifecycle", "monitor", "auto_configure",
		"cross_cluster_replication", "cross_cluster_replication_internal", "maintenance",
	}
	remoteClusterPrivileges = []string{"monitor_enrich", "monitor_stats"}
)

func (r Role) check(name string) *rest.Error {
	broken := func(what string) *rest.Error {
		return &rest.Error{Status: 400, Kind: "parse_exception", Reason: "failed to parse " + what}
	}
	var problems []string
	for _, p := range r.Cluster {
		if !slices.Contains(clusterPrivileges, p) && !isAction(p) {
			problems = append(problems, unknownClusterPrivilege(p))
		}
	}
	check := func(e IndicesPrivileges, what string) *rest.Error {
		switch {
		case len(e.Names) == 0:
			return broken(what + " privileges for role [" + name + "]. missing required [names] field")
		case len(e.Privileges) == 0:
			return broken(what + " privileges for role [" + name + "]. missing required [privileges] field")
		}
		for _, p := range e.Privileges {
			if !slices.Contains(indexPrivileges, p) && !isAction(p) {
				problems = append(problems, fmt.Sprintf("unknown index privilege [%s]. a privilege must be either one of the predefined fixed indices privileges [%s] or a pattern over one of the available index actions", p, strings.Join(indexPrivileges, ",")))
			}
		}
		return nil
	}
	for _, e := range r.Indices {
		if bad := check(e, "indices"); bad != nil {
			return bad
		}
	}
	for _, e := range r.RemoteIndices {
		if e.Clusters == nil {
			return broken("remote indices privileges for role [" + name + "]. missing required [clusters] field")
		}
		if bad := check(e.IndicesPrivileges, "remote indices"); bad != nil {
			return bad
		}
		if slices.Contains(e.Clusters, "") {
			problems = append(problems, "remote index cluster alias cannot be an empty string")
		}
	}
	for _, rc := range r.RemoteCluster {
		if len(rc.Clusters) == 0 || len(rc.Privileges) == 0 {
			return broken("remote_cluster for role [" + name + "]. [clusters] and [privileges] must be defined when building remote cluster privileges")
		}
		for _, p := range rc.Privileges {
			if !slices.Contains(remoteClusterPrivileges, p) {
				return broken("remote_cluster for role [" + name + "]. [" + strings.Join(remoteClusterPrivileges, ", ") +
					"] are the only values allowed for [privileges] within [remote_cluster]. Found [" + p + "]")
			}
		}
	}
	for k := range r.Metadata {
		if strings.HasPrefix(k, "_") {
			problems = append(problems, "role descriptor metadata keys may not start with [_]")
		}
	}
	if len(problems) > 0 {
		return rest.Validation(problems...)
	}
	return nil
}

func unknownClusterPrivilege(p string) string {
	return fmt.Sprintf("unknown cluster privilege [%s]. a privilege must be either one of the predefined cluster privilege names [%s] or a pattern over one of the available cluster actions", p, strings.Join(clusterPrivileges, ","))
}

func isAction(p string) bool {
	return strings.HasPrefix(p, "cluster:") || strings.HasPrefix(p, "indices:") || strings.HasPrefix(p, "internal:")
}
