package cluster

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// The types of API keys.
const (
	keyTypeREST         = "rest"
	keyTypeCrossCluster = "cross_cluster"
)

// apiKey is an API key of a cluster. Invalidated ones stay listed.
type apiKey struct {
	id, name, secret, kind string
	user                   string
	realm                  realm
	ownerRoles             []string        // of the owner when the key was made
	roles                  map[string]Role // a REST key's own roles; none: its owner's
	access                 keyAccess
	identity               *string // certificate_identity; nil: none is demanded. An empty one fits no certificate
	metadata               map[string]any
	created                time.Time
	expires, ended         time.Time // zero: never, not yet
}

func (k *apiKey) invalidated() bool          { return !k.ended.IsZero() }
func (k *apiKey) expired(now time.Time) bool { return !k.expires.IsZero() && !now.Before(k.expires) }

func (k *apiKey) encoded() string {
	return base64.StdEncoding.EncodeToString([]byte(k.id + ":" + k.secret))
}

func (c *Cluster) key(id string) *apiKey {
	for _, k := range c.keys {
		if k.id == id {
			return k
		}
	}
	return nil
}

// keyRequest is what creation and update take; which fields count depends on the call.
type keyRequest struct {
	name        *string
	access      *keyAccess
	expiration  *time.Duration
	metadata    map[string]any
	identity    *string // certificate_identity; nil with hasIdentity: none is demanded any more
	hasIdentity bool
	roles       map[string]Role
}

// keyFields are the fields of all requests about keys and the type that each has.
var keyFields = map[string]string{
	"name": "VALUE_STRING", "access": "START_OBJECT", "expiration": "VALUE_STRING", "metadata": "START_OBJECT", "role_descriptors": "START_OBJECT",
}

// readKey reads the body and refuses fields that the call does not have.
func (q *request) readKey(parser string, required, optional []string) (in keyRequest, bad *rest.Error) {
	raw, bad := q.Fields(parser, append(slices.Clone(required), optional...)...)
	if bad != nil {
		return in, bad
	}
	if _, given := raw[identityField]; given && !q.c.version.Has(rest.Signing) {
		return in, rest.ParseError("[1:1] [%s] unknown field [%s]", parser, identityField)
	}
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		if want, typed := keyFields[name]; typed && rest.Token(raw[name]) != want {
			return in, rest.WrongType(parser, name, raw[name])
		}
	}
	if v, given := raw["access"]; given {
		if in.access, bad = readAccess(v); bad != nil {
			return in, rest.InField(parser, "access", bad)
		}
	}
	if bad := in.readIdentity(parser, raw, len(required) > 0); bad != nil {
		return in, bad
	}
	for _, name := range required {
		if _, given := raw[name]; !given {
			return in, rest.IllegalArgument("Required [%s]", name)
		}
	}
	bad = in.build(raw)
	if len(required) > 0 {
		bad = rest.Built(parser, bad)
	}
	return in, bad
}

// build reads what is looked at once all is there.
func (in *keyRequest) build(raw map[string]json.RawMessage) *rest.Error {
	for name, into := range map[string]any{"name": &in.name, "metadata": &in.metadata, "role_descriptors": &in.roles} {
		if v, given := raw[name]; given && json.Unmarshal(v, into) != nil {
			return rest.IllegalArgument("[%s] can't be read", name)
		}
	}
	if v, given := raw["expiration"]; given {
		var text string
		_ = json.Unmarshal(v, &text) // its type has been looked at
		d, bad := rest.ParseTime("expiration", text)
		if bad != nil {
			return bad
		}
		in.expiration = &d
	}
	if in.access != nil {
		return in.access.check()
	}
	return nil
}

func (q *request) newKey(in keyRequest, kind string) (*apiKey, *rest.Error) {
	if bad := checkKeyName(*in.name); bad != nil {
		return nil, bad
	}
	n := q.c.net
	k := &apiKey{
		id: n.shortID(15), name: *in.name, secret: n.shortID(16), kind: kind, user: q.who.user, realm: q.who.realm,
		ownerRoles: q.who.roles, metadata: map[string]any{}, created: n.opt.Now(),
	}
	return k, q.set(k, in)
}

// set writes what creation and update have in common. An expiration may lie in the past.
func (q *request) set(k *apiKey, in keyRequest) *rest.Error {
	if in.metadata != nil {
		for name := range in.metadata {
			if strings.HasPrefix(name, "_") {
				return rest.Validation("API key metadata keys may not start with [_]")
			}
		}
		k.metadata = in.metadata
	}
	if in.expiration != nil {
		k.expires = q.c.net.opt.Now().Add(*in.expiration)
	}
	if in.access != nil {
		k.access = *in.access
	}
	if in.hasIdentity {
		k.identity = in.identity
	}
	return nil
}

func checkKeyName(name string) *rest.Error {
	var problems []string
	if name == "" {
		problems = append(problems, "api key name is required")
	}
	if len(name) > 256 {
		problems = append(problems, "api key name may not be more than 256 characters long")
	}
	if strings.TrimSpace(name) != name {
		problems = append(problems, "api key name may not begin or end with whitespace")
	}
	if strings.HasPrefix(name, "_") {
		problems = append(problems, "api key name may not begin with an underscore")
	}
	if len(problems) > 0 {
		return rest.Validation(problems...)
	}
	return nil
}

func (k *apiKey) issued() map[string]any {
	out := map[string]any{"id": k.id, "name": k.name, "api_key": k.secret, "encoded": k.encoded()}
	if !k.expires.IsZero() {
		out["expiration"] = k.expires.UnixMilli()
	}
	return out
}

// createCrossClusterKey answers POST /_security/cross_cluster/api_key. Two keys of one name are legal.
func createCrossClusterKey(q *request) (any, *rest.Error) {
	in, bad := q.readKey("cross_cluster_api_key_request", []string{"name", "access"}, []string{"expiration", "metadata", identityField})
	if bad != nil {
		return nil, bad
	}
	if q.who.key != nil {
		return nil, rest.IllegalArgument("authentication via API key not supported: An API key cannot be used to create a cross-cluster API key")
	}
	if !q.c.license.compliant() {
		return nil, rest.NonCompliant()
	}
	k, bad := q.newKey(in, keyTypeCrossCluster)
	if bad != nil {
		return nil, bad
	}
	q.c.keys = append(q.c.keys, k)
	return k.issued(), nil
}

// updateCrossClusterKey answers PUT /_security/cross_cluster/api_key/{id}: what is given is replaced whole.
func updateCrossClusterKey(q *request) (any, *rest.Error) {
	in, bad := q.readKey("update_cross_cluster_api_key_request_payload", nil, []string{"access", "expiration", "metadata", identityField})
	if bad != nil {
		return nil, bad
	}
	if q.who.key != nil {
		return nil, rest.IllegalArgument("authentication via API key not supported: only the owner user can update an API key")
	}
	if !q.c.license.compliant() {
		return nil, rest.NonCompliant()
	}
	if in.access == nil && in.metadata == nil && !in.hasIdentity {
		what := "either [access] or [metadata]"
		if q.c.version.Has(rest.Signing) {
			what = "[access], [metadata], or [certificate_identity]"
		}
		return nil, rest.Validation("must update " + what + " for cross-cluster API keys")
	}
	id := q.Vars["id"]
	k := q.c.key(id)
	switch {
	case k == nil || k.user != q.who.user:
		return nil, &rest.Error{Status: 404, Kind: "resource_not_found_exception", Reason: "no API key owned by requesting user found for ID [" + id + "]"}
	case k.invalidated():
		return nil, rest.IllegalArgument("cannot update invalidated API key [%s]", id)
	case k.expired(q.c.net.opt.Now()):
		return nil, rest.IllegalArgument("cannot update expired API key [%s]", id)
	case k.kind != keyTypeCrossCluster:
		return nil, rest.IllegalArgument("cannot update API key of type [%s] while expected type is [cross_cluster]", k.kind)
	}
	before, after := *k, *k
	if bad := q.set(&after, in); bad != nil {
		return nil, bad
	}
	*k = after
	return map[string]any{"updated": fmt.Sprint(before) != fmt.Sprint(after)}, nil
}

// createKey answers POST /_security/api_key: an ordinary key for the REST port.
func createKey(q *request) (any, *rest.Error) {
	in, bad := q.readKey("api_key_request", []string{"name"}, []string{"role_descriptors", "expiration", "metadata"})
	if bad != nil {
		return nil, bad
	}
	k, bad := q.newKey(in, keyTypeREST)
	if bad != nil {
		return nil, bad
	}
	k.roles = in.roles
	if q.who.key != nil { // Elasticsearch lets a key derive only keys without any rights
		return nil, rest.IllegalArgument("creating derived api keys requires an explicit role descriptor that is empty (has no privileges)")
	}
	q.c.keys = append(q.c.keys, k)
	return k.issued(), nil
}
