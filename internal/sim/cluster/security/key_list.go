package security

import (
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// GetKeys answers GET /_security/api_key. Invalidated and expired keys are listed unless active_only is set.
func (d *Directory) GetKeys(q *rest.Request, who Identity) (any, *rest.Error) {
	id, name := q.Query.Get("id"), q.Query.Get("name")
	owner, bad := q.Flag("owner")
	if bad != nil {
		return nil, bad
	}
	active, bad := q.Flag("active_only")
	if bad != nil {
		return nil, bad
	}
	if id != "" && name != "" {
		return nil, rest.Validation("only one of [api key id, api key name] can be specified")
	}
	if owner && (q.Query.Has("username") || q.Query.Has("realm_name")) {
		return nil, rest.Validation("neither username nor realm-name may be specified when retrieving owned API keys")
	}
	if bad := d.mayKeys(who, "get", owner, "read_security", "manage_api_key", "manage_security", "all"); bad != nil {
		return nil, bad
	}
	out, now := []any{}, d.now()
	for _, k := range d.keys {
		switch {
		case id != "" && k.ID != id, name != "" && !rest.Glob(name, k.name), owner && k.user != who.user,
			q.Query.Has("username") && k.user != q.Query.Get("username"), q.Query.Has("realm_name") && k.realm.name != q.Query.Get("realm_name"),
			active && (k.invalidated() || k.expired(now)):
			continue
		}
		out = append(out, k.listed())
	}
	if id != "" && len(out) == 0 {
		q.Status = 404
	}
	return map[string]any{"api_keys": out}, nil
}

// mayKeys refuses a caller without the privileges to do something with all keys, or with its own.
func (d *Directory) mayKeys(who Identity, do string, own bool, privileges ...string) *rest.Error {
	if own {
		privileges = append([]string{"manage_own_api_key"}, privileges...)
	}
	if d.MayAny(who, privileges) {
		return nil
	}
	return Denied(who, "cluster:admin/xpack/security/api_key/"+do, privileges)
}

func (k *Key) listed() map[string]any {
	out := map[string]any{
		"id": k.ID, "name": k.name, "type": k.kind, "creation": k.created.UnixMilli(), "invalidated": k.invalidated(),
		"username": k.user, "realm": k.realm.name, "realm_type": k.realm.kind, "metadata": k.metadata,
	}
	if !k.expires.IsZero() {
		out["expiration"] = k.expires.UnixMilli()
	}
	if k.invalidated() {
		out["invalidation"] = k.ended.UnixMilli()
	}
	if k.kind != keyTypeCrossCluster {
		roles := map[string]any{}
		for name, r := range k.roles {
			roles[name] = r.complete()
		}
		out["role_descriptors"] = roles
		return out
	}
	out["access"] = k.access
	out["role_descriptors"] = map[string]any{"cross_cluster": k.access.descriptor(k.beforeEnrich)}
	if k.Identity != nil {
		out["certificate_identity"] = *k.Identity
	}
	return out
}

// descriptor is the role that the access stands for (Elasticsearch: CrossClusterApiKeyRoleDescriptorBuilder).
func (a keyAccess) descriptor(beforeEnrich bool) map[string]any {
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
		if !beforeEnrich {
			cluster = append(cluster, "monitor_enrich")
		}
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

// InvalidateKeys answers DELETE /_security/api_key.
func (d *Directory) InvalidateKeys(q *rest.Request, who Identity) (any, *rest.Error) {
	fields := []string{"id", "ids", "name", "owner", "realm_name", "username"}
	if _, bad := q.Fields("invalidate_api_key", fields...); bad != nil {
		return nil, bad
	}
	body, bad := q.Object("invalidate_api_key", fields...)
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
		return nil, rest.Built("invalidate_api_key", bad)
	}
	if text("id") != "" {
		ids = append(ids, text("id"))
	}
	if len(ids) == 0 && text("name") == "" && text("username") == "" && text("realm_name") == "" && !owner {
		return nil, rest.Validation("One of [api key id(s), api key name, username, realm name] must be specified if [owner] flag is false")
	}
	if len(ids) > 0 && text("name") != "" {
		return nil, rest.Validation("only one of [api key id(s), api key name] can be specified")
	}
	if len(ids) > 0 && (text("username") != "" || text("realm_name") != "") {
		return nil, rest.Validation("username, realm or api key name must not be specified when the api key id(s) is specified")
	}
	if bad := d.mayKeys(who, "invalidate", owner, "manage_api_key", "manage_security", "all"); bad != nil {
		return nil, bad
	}
	return d.invalidate(who, func(k *Key) bool {
		return (len(ids) == 0 || slices.Contains(ids, k.ID)) && (text("name") == "" || rest.Glob(text("name"), k.name)) &&
			(text("username") == "" || text("username") == k.user) && (text("realm_name") == "" || text("realm_name") == k.realm.name) &&
			(!owner || k.user == who.user)
	}), nil
}

// invalidate ends keys. Those that have ended before are not named, whatever the field previously_invalidated_api_keys
// seems to promise.
func (d *Directory) invalidate(who Identity, wanted func(*Key) bool) map[string]any {
	now, failed := []string{}, []any{}
	for _, k := range d.keys {
		switch {
		case !wanted(k), k.invalidated():
		case k.kind == keyTypeCrossCluster && !d.may(who, "manage_security"):
			failed = append(failed, map[string]any{
				"type":   "security_exception",
				"reason": "Cannot invalidate cross-cluster API key [" + k.ID + "]. This requires [manage_security] cluster privilege or higher",
			})
		default:
			k.ended = d.now()
			now = append(now, k.ID)
		}
	}
	out := map[string]any{"invalidated_api_keys": now, "previously_invalidated_api_keys": []string{}, "error_count": len(failed)}
	if len(failed) > 0 {
		out["error_details"] = failed
	}
	return out
}

func idList(v any) ([]string, *rest.Error) {
	if v == nil {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var out []string
	for _, in := range list {
		s, ok := in.(string)
		if !ok || strings.TrimSpace(s) == "" {
			return nil, rest.Validation("Field [ids] must not contain blank id, but got blank id at index position: [0]")
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, rest.Validation("Field [ids] cannot be an empty array")
	}
	return out, nil
}
