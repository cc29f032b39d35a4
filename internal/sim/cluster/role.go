package cluster

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

const roleSuperuser = "superuser"

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
	everything := IndicesPrivileges{Names: []string{"*"}, Privileges: []string{"all"}}
	reserved := map[string]any{"_reserved": true} // how the security API tells its own roles from others
	return map[string]Role{
		roleSuperuser: {
			Metadata: reserved,
			Cluster:  []string{"all"}, Indices: []IndicesPrivileges{everything},
			RemoteIndices: []RemoteIndices{{everything, []string{"*"}}},
			RemoteCluster: []RemoteClusterRight{{Clusters: []string{"*"}, Privileges: []string{"monitor_enrich", "monitor_stats"}}},
		},
		"viewer":          {Metadata: reserved, Indices: []IndicesPrivileges{{Names: []string{"*"}, Privileges: []string{"read", "view_index_metadata"}}}},
		"monitoring_user": {Metadata: reserved, Cluster: []string{"monitor"}},
	}
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

func putRole(q *request) (any, *esError) {
	name := q.vars["name"]
	if _, reserved := builtinRoles()[name]; reserved {
		return nil, validation("Role [" + name + "] is reserved and may not be used.")
	}
	if strings.TrimSpace(name) != name || name == "" || len(name) > 507 {
		return nil, validation("Role names must be at least 1 and no more than 507 characters. They can contain alphanumeric characters " +
			"(a-z, A-Z, 0-9), spaces, punctuation, and printable symbols in the Basic Latin (ASCII) block. Leading or trailing whitespace is not allowed.")
	}
	var r Role
	if err := q.decode("role", &r); err != nil {
		return nil, err
	}
	if err := r.check(name); err != nil {
		return nil, err
	}
	_, had := q.c.roles[name]
	r.Transient = map[string]any{"enabled": true}
	q.c.roles[name] = r
	return map[string]any{"role": map[string]any{"created": !had}}, nil
}

func (r Role) check(name string) *esError {
	var problems []string
	for _, p := range r.Cluster {
		if !slices.Contains(clusterPrivileges, p) && !isAction(p) {
			return illegalArgument("unknown cluster privilege [%s]. a privilege must be either one of the predefined cluster privilege names [%s] or a pattern over one of the available cluster actions", p, strings.Join(clusterPrivileges, ","))
		}
	}
	entries := slices.Clone(r.Indices)
	for _, ri := range r.RemoteIndices {
		if len(ri.Clusters) == 0 {
			return &esError{status: 400, kind: "parse_exception", reason: "failed to parse remote indices privileges for role [" + name + "]. missing required [clusters] field"}
		}
		entries = append(entries, ri.IndicesPrivileges)
	}
	for _, e := range entries {
		if len(e.Names) == 0 {
			return &esError{status: 400, kind: "parse_exception", reason: "failed to parse indices privileges for role [" + name + "]. missing required [names] field"}
		}
		if len(e.Privileges) == 0 {
			return &esError{status: 400, kind: "parse_exception", reason: "failed to parse indices privileges for role [" + name + "]. missing required [privileges] field"}
		}
		for _, p := range e.Privileges {
			if !slices.Contains(indexPrivileges, p) && !isAction(p) {
				return illegalArgument("unknown index privilege [%s]. a privilege must be either one of the predefined fixed indices privileges [%s] or a pattern over one of the available index actions", p, strings.Join(indexPrivileges, ","))
			}
		}
	}
	for _, rc := range r.RemoteCluster {
		if len(rc.Clusters) == 0 || len(rc.Privileges) == 0 {
			return &esError{status: 400, kind: "parse_exception", reason: "failed to parse remote_cluster for role [" + name + "]. [clusters] and [privileges] must be defined when building remote cluster privileges"}
		}
		for _, p := range rc.Privileges {
			if !slices.Contains(remoteClusterPrivileges, p) {
				return illegalArgument("unknown remote cluster privilege [%s]", p)
			}
		}
	}
	for k := range r.Metadata {
		if strings.HasPrefix(k, "_") {
			problems = append(problems, "role metadata keys may not start with [_]")
		}
	}
	if len(problems) > 0 {
		return validation(problems...)
	}
	return nil
}

func isAction(p string) bool {
	return strings.HasPrefix(p, "cluster:") || strings.HasPrefix(p, "indices:") || strings.HasPrefix(p, "internal:")
}

func getRole(q *request) (any, *esError) {
	all := builtinRoles()
	maps.Copy(all, q.c.roles)
	if q.vars["name"] == "" {
		return all, nil
	}
	out := map[string]Role{}
	for name := range strings.SplitSeq(q.vars["name"], ",") {
		if r, ok := all[name]; ok {
			out[name] = r
		}
	}
	if len(out) == 0 {
		q.status = 404
	}
	return out, nil
}

func deleteRole(q *request) (any, *esError) {
	name := q.vars["name"]
	if _, reserved := builtinRoles()[name]; reserved {
		return nil, illegalArgument("role [%s] is reserved and cannot be deleted", name)
	}
	_, had := q.c.roles[name]
	delete(q.c.roles, name)
	if !had {
		q.status = 404
	}
	return map[string]any{"found": had}, nil
}
