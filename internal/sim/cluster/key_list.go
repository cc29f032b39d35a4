package cluster

import (
	"slices"
	"strings"
)

// getKeys answers GET /_security/api_key. Invalidated and expired keys are listed unless active_only is set.
func getKeys(q *request) (any, *esError) {
	id, name := q.query.Get("id"), q.query.Get("name")
	owner, bad := q.flag("owner")
	if bad != nil {
		return nil, bad
	}
	active, bad := q.flag("active_only")
	if bad != nil {
		return nil, bad
	}
	if id != "" && name != "" {
		return nil, validation("only one of [api key id, api key name] can be specified")
	}
	if owner && (q.query.Has("username") || q.query.Has("realm_name")) {
		return nil, validation("neither username nor realm-name may be specified when retrieving owned API keys")
	}
	if !owner && !q.c.mayAny(q.who, []string{"read_security", "manage_api_key"}) {
		return nil, denied(q.who, "cluster:admin/xpack/security/api_key/get", []string{"manage_api_key", "read_security", "manage_security", "all"})
	}
	out, now := []any{}, q.c.net.opt.Now()
	for _, k := range q.c.keys {
		switch {
		case id != "" && k.id != id, name != "" && !glob(name, k.name), owner && k.user != q.who.user,
			q.query.Has("username") && k.user != q.query.Get("username"), q.query.Has("realm_name") && k.realm != q.query.Get("realm_name"),
			active && (k.invalidated() || k.expired(now)):
			continue
		}
		out = append(out, k.listed())
	}
	if id != "" && len(out) == 0 {
		q.status = 404
	}
	return map[string]any{"api_keys": out}, nil
}

func (k *apiKey) listed() map[string]any {
	out := map[string]any{
		"id": k.id, "name": k.name, "type": k.kind, "creation": k.created.UnixMilli(), "invalidated": k.invalidated(),
		"username": k.user, "realm": k.realm, "realm_type": "native", "metadata": k.metadata,
	}
	if !k.expires.IsZero() {
		out["expiration"] = k.expires.UnixMilli()
	}
	if k.invalidated() {
		out["invalidation"] = k.ended.UnixMilli()
	}
	if k.kind != keyTypeCrossCluster {
		out["role_descriptors"] = map[string]any{}
		return out
	}
	out["access"] = k.access
	out["role_descriptors"] = map[string]any{"cross_cluster": k.access.descriptor()}
	if k.identity != nil {
		out["certificate_identity"] = *k.identity
	}
	return out
}

// descriptor is the role that the access stands for (Elasticsearch: CrossClusterApiKeyRoleDescriptorBuilder).
func (a keyAccess) descriptor() map[string]any {
	cluster, indices := []string{}, []any{}
	add := func(entries []accessEntry, privileges ...string) {
		for _, e := range entries {
			one := map[string]any{"names": e.Names, "privileges": privileges, "allow_restricted_indices": e.Restricted}
			if len(e.Query) > 0 {
				one["query"] = e.Query
			}
			if len(e.Fields) > 0 {
				one["field_security"] = e.Fields
			}
			indices = append(indices, one)
		}
	}
	if len(a.Search) > 0 {
		cluster = append(cluster, "cross_cluster_search")
	}
	if len(a.Replication) > 0 {
		cluster = append(cluster, "cross_cluster_replication")
	}
	add(a.Search, "read", "read_cross_cluster", "view_index_metadata")
	add(a.Replication, "cross_cluster_replication", "cross_cluster_replication_internal")
	return map[string]any{
		"cluster": cluster, "indices": indices, "applications": []any{}, "run_as": []any{}, "metadata": map[string]any{},
		"transient_metadata": map[string]any{"enabled": true},
	}
}

// invalidateKeys answers DELETE /_security/api_key.
func invalidateKeys(q *request) (any, *esError) {
	body, bad := q.object("invalidate_api_key", "id", "ids", "name", "owner", "realm_name", "username")
	if bad != nil {
		return nil, bad
	}
	text := func(name string) string {
		s, _ := body[name].(string)
		return s
	}
	owner, _ := body["owner"].(bool)
	ids, bad := idList(body["ids"])
	if bad != nil {
		return nil, bad
	}
	if text("id") != "" {
		ids = append(ids, text("id"))
	}
	if len(ids) == 0 && text("name") == "" && text("username") == "" && text("realm_name") == "" && !owner {
		return nil, validation("One of [api key id(s), api key name, username, realm name] must be specified if [owner] flag is false")
	}
	if len(ids) > 0 && (text("name") != "" || text("username") != "" || text("realm_name") != "") {
		return nil, validation("username, realm or api key name must not be specified when the api key id(s) is specified")
	}
	if !owner && !q.c.may(q.who, "manage_api_key") {
		return nil, denied(q.who, "cluster:admin/xpack/security/api_key/invalidate", []string{"manage_api_key", "manage_security", "all"})
	}
	return q.c.invalidate(q.who, func(k *apiKey) bool {
		return (len(ids) == 0 || slices.Contains(ids, k.id)) && (text("name") == "" || glob(text("name"), k.name)) &&
			(text("username") == "" || text("username") == k.user) && (text("realm_name") == "" || text("realm_name") == k.realm) &&
			(!owner || k.user == q.who.user)
	}), nil
}

func (c *Cluster) invalidate(who identity, wanted func(*apiKey) bool) map[string]any {
	now, previously, failed := []string{}, []string{}, []any{}
	for _, k := range c.keys {
		switch {
		case !wanted(k):
		case k.kind == keyTypeCrossCluster && !c.may(who, "manage_security"):
			failed = append(failed, map[string]any{
				"type":   "illegal_argument_exception",
				"reason": "Cannot invalidate cross-cluster API key [" + k.id + "]. This requires [manage_security] cluster privilege or higher",
			})
		case k.invalidated():
			previously = append(previously, k.id)
		default:
			k.ended = c.net.opt.Now()
			now = append(now, k.id)
		}
	}
	out := map[string]any{"invalidated_api_keys": now, "previously_invalidated_api_keys": previously, "error_count": len(failed)}
	if len(failed) > 0 {
		out["error_details"] = failed
	}
	return out
}

func idList(v any) ([]string, *esError) {
	if v == nil {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, parseError("[1:1] [invalidate_api_key] ids doesn't support values of type: VALUE_STRING")
	}
	var out []string
	for _, in := range list {
		s, ok := in.(string)
		if !ok || strings.TrimSpace(s) == "" {
			return nil, validation("Field [ids] must not contain blank id, but got blank id at index position: [0]")
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, validation("Field [ids] cannot be an empty array")
	}
	return out, nil
}
