package security

import (
	"fmt"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

func (d *Directory) newKey(who Identity, in keyRequest, kind string) (*Key, *rest.Error) {
	if bad := checkKeyName(*in.name); bad != nil {
		return nil, bad
	}
	k := &Key{
		ID: d.newID(15), name: *in.name, secret: d.newID(16), kind: kind, user: who.user, realm: who.realm,
		ownerRoles: who.roles, metadata: map[string]any{}, created: d.now(),
	}
	return k, k.set(in, d.now())
}

// set writes what creation and update have in common. An expiration may lie in the past.
func (k *Key) set(in keyRequest, now time.Time) *rest.Error {
	if in.metadata != nil {
		for name := range in.metadata {
			if strings.HasPrefix(name, "_") {
				return rest.Validation("API key metadata keys may not start with [_]")
			}
		}
		k.metadata = in.metadata
	}
	if in.expiration != nil {
		k.expires = now.Add(*in.expiration)
	}
	if in.access != nil {
		k.access, k.beforeEnrich = *in.access, false
	}
	if in.hasIdentity {
		k.Identity = in.identity
	}
	return nil
}

func (k *Key) issued() map[string]any {
	out := map[string]any{"id": k.ID, "name": k.name, "api_key": k.secret, "encoded": k.encoded()}
	if !k.expires.IsZero() {
		out["expiration"] = k.expires.UnixMilli()
	}
	return out
}

// CreateCrossClusterKey answers POST /_security/cross_cluster/api_key. Two keys of one name are legal.
func (d *Directory) CreateCrossClusterKey(q *rest.Request, who Identity) (any, *rest.Error) {
	in, bad := readKey(q, d.version, "cross_cluster_api_key_request", []string{"name", "access"}, []string{"expiration", "metadata", identityField})
	if bad != nil {
		return nil, bad
	}
	if who.key != nil {
		return nil, rest.IllegalArgument("authentication via API key not supported: An API key cannot be used to create a cross-cluster API key")
	}
	if !d.compliant() {
		return nil, rest.NonCompliant()
	}
	k, bad := d.newKey(who, in, keyTypeCrossCluster)
	if bad != nil {
		return nil, bad
	}
	d.keys = append(d.keys, k)
	return k.issued(), nil
}

// UpdateCrossClusterKey answers PUT /_security/cross_cluster/api_key/{id}: what is given is replaced whole.
func (d *Directory) UpdateCrossClusterKey(q *rest.Request, who Identity) (any, *rest.Error) {
	in, bad := readKey(q, d.version, "update_cross_cluster_api_key_request_payload", nil, []string{"access", "expiration", "metadata", identityField})
	if bad != nil {
		return nil, bad
	}
	if who.key != nil {
		return nil, rest.IllegalArgument("authentication via API key not supported: only the owner user can update an API key")
	}
	if !d.compliant() {
		return nil, rest.NonCompliant()
	}
	if in.access == nil && in.metadata == nil && !in.hasIdentity {
		what := "either [access] or [metadata]"
		if d.version.Has(rest.Signing) {
			what = "[access], [metadata], or [certificate_identity]"
		}
		return nil, rest.Validation("must update " + what + " for cross-cluster API keys")
	}
	id := q.Vars["id"]
	k := d.key(id)
	switch {
	case k == nil || k.user != who.user:
		return nil, &rest.Error{Status: 404, Kind: "resource_not_found_exception", Reason: "no API key owned by requesting user found for ID [" + id + "]"}
	case k.invalidated():
		return nil, rest.IllegalArgument("cannot update invalidated API key [%s]", id)
	case k.expired(d.now()):
		return nil, rest.IllegalArgument("cannot update expired API key [%s]", id)
	case k.kind != keyTypeCrossCluster:
		return nil, rest.IllegalArgument("cannot update API key of type [%s] while expected type is [cross_cluster]", k.kind)
	}
	before, after := *k, *k
	if bad := after.set(in, d.now()); bad != nil {
		return nil, bad
	}
	*k = after
	return map[string]any{"updated": fmt.Sprint(before) != fmt.Sprint(after)}, nil
}

// CreateKey answers POST /_security/api_key: an ordinary key for the REST port.
func (d *Directory) CreateKey(q *rest.Request, who Identity) (any, *rest.Error) {
	in, bad := readKey(q, d.version, "api_key_request", []string{"name"}, []string{"role_descriptors", "expiration", "metadata"})
	if bad != nil {
		return nil, bad
	}
	k, bad := d.newKey(who, in, keyTypeREST)
	if bad != nil {
		return nil, bad
	}
	k.roles = in.roles
	if who.key != nil { // Elasticsearch lets a key derive only keys without any rights
		return nil, rest.IllegalArgument("creating derived api keys requires an explicit role descriptor that is empty (has no privileges)")
	}
	d.keys = append(d.keys, k)
	return k.issued(), nil
}
