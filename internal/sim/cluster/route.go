package cluster

import (
	"net/http"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/security"
)

// secured runs what answers about users, roles and keys.
func secured(do func(*security.Directory, *rest.Request, security.Identity) (any, *rest.Error)) handler {
	return func(q *request) (any, *rest.Error) { return do(q.c.security, q.Request, q.who) }
}

var commonParams = []string{"pretty", "human", "error_trace", "filter_path", "format"}

func routes() []route {
	get, put, post, del := http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete
	path := func(p string) []string { return strings.Split(strings.Trim(p, "/"), "/") }
	keyParams := []string{"id", "name", "username", "realm_name", "owner", "active_only", "with_limited_by", "with_profile_uid"}
	multi := []string{"ignore_unavailable", "allow_no_indices", "expand_wildcards", "ignore_throttled"}
	return append(taskRoutes(path), []route{
		{[]string{get, http.MethodHead}, []string{""}, nil, "cluster:monitor/main", []string{"monitor", "manage", "all"}, rest.Version{}, getRoot},
		{[]string{get}, path("_cluster/settings"), []string{"flat_settings", "include_defaults", "local", "master_timeout", "timeout"}, "cluster:monitor/settings", []string{"monitor", "manage", "all"}, rest.Version{}, getSettings},
		{[]string{put}, path("_cluster/settings"), []string{"flat_settings", "master_timeout", "timeout"}, "cluster:admin/settings/update", []string{"manage", "all"}, rest.Version{}, putSettings},
		{[]string{get}, path("_cluster/health"), []string{"timeout", "wait_for_status", "level"}, "cluster:monitor/health", []string{"monitor", "manage", "all"}, rest.Version{}, getHealth},
		{[]string{get}, path("_remote/info"), nil, "cluster:monitor/remote/info", []string{"monitor", "manage", "all"}, rest.Version{}, getRemoteInfo},
		{[]string{get}, path("_resolve/cluster"), append([]string{"timeout"}, multi...), "", nil, rest.ResolvesNothing, resolveCluster},
		{[]string{get}, path("_resolve/cluster/{name}"), append([]string{"timeout"}, multi...), "", nil, rest.ResolveCluster, resolveCluster},
		{[]string{get}, path("_nodes/remote_cluster_server"), nil, "cluster:monitor/nodes/info", []string{"monitor", "manage", "all"}, rest.KeyModel, getKeyServers},
		{[]string{post}, path("_nodes/reload_secure_settings"), []string{"timeout"}, "cluster:admin/nodes/reload_secure_settings", []string{"manage", "all"}, rest.Version{}, reloadSecureSettings},
		{[]string{post}, path("_nodes/{node}/reload_secure_settings"), []string{"timeout"}, "cluster:admin/nodes/reload_secure_settings", []string{"manage", "all"}, rest.Version{}, reloadSecureSettings},
		{[]string{post}, path("_security/cross_cluster/api_key"), []string{"refresh"}, "cluster:admin/xpack/security/cross_cluster/api_key/create", []string{"manage_security", "all"}, rest.KeyModel, secured((*security.Directory).CreateCrossClusterKey)},
		{[]string{put}, path("_security/cross_cluster/api_key/{id}"), nil, "cluster:admin/xpack/security/cross_cluster/api_key/update", []string{"manage_security", "all"}, rest.KeyModel, secured((*security.Directory).UpdateCrossClusterKey)},
		{[]string{put, post}, path("_security/api_key"), []string{"refresh"}, "cluster:admin/xpack/security/api_key/create", []string{"manage_own_api_key", "manage_api_key", "manage_security", "all"}, rest.Version{}, secured((*security.Directory).CreateKey)},
		{[]string{get}, path("_security/api_key"), keyParams, "cluster:admin/xpack/security/api_key/get", nil, rest.Version{}, secured((*security.Directory).GetKeys)},
		{[]string{del}, path("_security/api_key"), nil, "cluster:admin/xpack/security/api_key/invalidate", nil, rest.Version{}, secured((*security.Directory).InvalidateKeys)},
		{[]string{get}, path("_security/_authenticate"), nil, "", nil, rest.Version{}, secured((*security.Directory).GetAuthenticate)},
		{[]string{get, post}, path("_security/user/_has_privileges"), nil, "", nil, rest.Version{}, secured((*security.Directory).HasPrivileges)},
		{[]string{get}, path("_security/role"), nil, "cluster:admin/xpack/security/role/get", []string{"read_security", "manage_security", "all"}, rest.Version{}, secured((*security.Directory).GetRole)},
		{[]string{get}, path("_security/role/{name}"), nil, "cluster:admin/xpack/security/role/get", []string{"read_security", "manage_security", "all"}, rest.Version{}, secured((*security.Directory).GetRole)},
		{[]string{put, post}, path("_security/role/{name}"), []string{"refresh"}, "cluster:admin/xpack/security/role/put", []string{"manage_security", "all"}, rest.Version{}, secured((*security.Directory).PutRole)},
		{[]string{del}, path("_security/role/{name}"), []string{"refresh"}, "cluster:admin/xpack/security/role/delete", []string{"manage_security", "all"}, rest.Version{}, secured((*security.Directory).DeleteRole)},
		{[]string{get}, path("_all/_ccr/info"), []string{"master_timeout"}, "cluster:monitor/xpack/ccr/follow_info", []string{"monitor", "manage", "all"}, rest.Version{}, getFollowInfo},
		{[]string{get}, path("_ccr/auto_follow"), []string{"master_timeout"}, "cluster:admin/xpack/ccr/auto_follow_pattern/get", []string{"manage_ccr", "manage", "all"}, rest.Version{}, getAutoFollow},
		{[]string{get}, path("_license"), []string{"local", "accept_enterprise"}, "cluster:monitor/xpack/license/get", []string{"monitor", "manage", "all"}, rest.Version{}, getLicense},
		{[]string{get}, path("_cat/indices"), []string{"h", "s", "v", "bytes", "expand_wildcards"}, "indices:monitor/stats", []string{"monitor", "manage", "all"}, rest.Version{}, catIndices},
		{[]string{get}, path("_cat/indices/{index}"), []string{"h", "s", "v", "bytes", "expand_wildcards"}, "indices:monitor/stats", []string{"monitor", "manage", "all"}, rest.Version{}, catIndices},
		{[]string{get, post}, path("{index}/_search"), append([]string{"size", "ccs_minimize_roundtrips", "timeout", "track_total_hits", "rest_total_hits_as_int", "typed_keys"}, multi...), "", nil, rest.Version{}, search},
	}...)
}

// route finds the handler, checks parameters, credentials and privileges, and runs it.
func (q *request) route(w http.ResponseWriter) (any, *rest.Error) {
	caller, bad := q.c.security.Authenticate(q.HTTP)
	if bad != nil {
		w.Header()["Www-Authenticate"] = rest.Challenges // not where it is another cluster that refuses a key
		return nil, bad
	}
	q.Query = q.HTTP.URL.Query()
	rt, bad := q.find(w)
	if bad != nil {
		return nil, bad
	}
	who, bad := q.c.security.RunAs(caller, q.HTTP, rt.action)
	if bad != nil {
		return nil, bad
	}
	q.who = who
	for p := range q.Query {
		if !slices.Contains(rt.params, p) && !slices.Contains(commonParams, p) {
			return nil, rest.IllegalArgument("request [%s] contains unrecognized parameter: [%s]", q.HTTP.URL.Path, p)
		}
	}
	if len(rt.privileges) > 0 && !q.c.security.MayAny(who, rt.privileges) {
		return nil, security.Denied(who, rt.action, rt.privileges)
	}
	return rt.do(q)
}

func (q *request) find(w http.ResponseWriter) (route, *rest.Error) {
	segments := strings.Split(strings.Trim(q.HTTP.URL.Path, "/"), "/")
	var allowed []string
	for _, rt := range routes() {
		vars, ok := rt.match(segments)
		if !ok || !q.c.version.Has(rt.since) {
			continue
		}
		if slices.Contains(rt.methods, q.HTTP.Method) {
			q.Vars = vars
			return rt, nil
		}
		allowed = append(allowed, rt.methods...)
	}
	if len(allowed) > 0 {
		order := []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete}
		slices.SortFunc(allowed, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) })
		w.Header().Set("Allow", strings.Join(allowed, ","))
		return route{}, &rest.Error{Status: 405, Plain: true, Reason: "Incorrect HTTP method for uri [" + q.HTTP.URL.RequestURI() +
			"] and method [" + q.HTTP.Method + "], allowed: [" + strings.Join(allowed, ", ") + "]"}
	}
	return route{}, &rest.Error{Status: 400, Plain: true, Reason: "no handler found for uri [" + q.HTTP.URL.RequestURI() + "] and method [" + q.HTTP.Method + "]"}
}
