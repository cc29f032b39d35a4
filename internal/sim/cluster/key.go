package cluster

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// The types of API keys.
const (
	keyTypeREST         = "rest"
	keyTypeCrossCluster = "cross_cluster"
)

// apiKey is an API key of a cluster. Invalidated ones stay listed.
type apiKey struct {
	id, name, secret, kind string
	user, realm            string
	ownerRoles             []string // of the owner when the key was made
	roles                  []Role   // a REST key's own roles; none: its owner's
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
	Name        *string         `json:"name"`
	Access      json.RawMessage `json:"access"`
	Expiration  *string         `json:"expiration"`
	Metadata    map[string]any  `json:"metadata"`
	Identity    json.RawMessage `json:"certificate_identity"`
	Descriptors map[string]Role `json:"role_descriptors"`
}

// readKey decodes the body and refuses fields that the call does not have.
func (q *request) readKey(parser string, fields ...string) (keyRequest, *esError) {
	var in keyRequest
	present, bad := q.object(parser, fields...)
	if bad != nil {
		return in, bad
	}
	if _, given := present["certificate_identity"]; given && !q.c.version.has(hasSigning) {
		return in, parseError("[1:1] [%s] unknown field [certificate_identity]", parser)
	}
	return in, q.decode(parser, &in)
}

func (q *request) newKey(in keyRequest, kind string) (*apiKey, *esError) {
	if bad := checkKeyName(in.Name); bad != nil {
		return nil, bad
	}
	n := q.c.net
	k := &apiKey{
		id: n.shortID(15), name: *in.Name, secret: n.shortID(16), kind: kind, user: q.who.user, realm: q.who.realm,
		ownerRoles: q.who.roles, metadata: map[string]any{}, created: n.opt.Now(),
	}
	return k, q.set(k, in)
}

// set writes what creation and update have in common.
func (q *request) set(k *apiKey, in keyRequest) *esError {
	if in.Metadata != nil {
		for name := range in.Metadata {
			if strings.HasPrefix(name, "_") {
				return validation("API key metadata keys may not start with [_]")
			}
		}
		k.metadata = in.Metadata
	}
	if in.Expiration != nil {
		d, bad := parseTime("expiration", *in.Expiration)
		if bad != nil {
			return bad
		}
		if d <= 0 {
			return illegalArgument("failed to parse setting [expiration] with value [%s] as a time value: it must be greater than zero", *in.Expiration)
		}
		k.expires = q.c.net.opt.Now().Add(d)
	}
	if len(in.Identity) > 0 {
		var s *string
		if json.Unmarshal(in.Identity, &s) != nil {
			return parseError("[1:1] certificate_identity doesn't support values of type: START_OBJECT")
		}
		if bad := checkIdentity(s); bad != nil {
			return bad
		}
		k.identity = s
	}
	return nil
}

func checkKeyName(name *string) *esError {
	if name == nil {
		return &esError{status: 400, kind: "illegal_argument_exception", reason: "Required [name]"}
	}
	var problems []string
	if *name == "" {
		problems = append(problems, "api key name is required")
	}
	if len(*name) > 256 {
		problems = append(problems, "api key name may not be more than 256 characters long")
	}
	if strings.TrimSpace(*name) != *name {
		problems = append(problems, "api key name may not begin or end with whitespace")
	}
	if strings.HasPrefix(*name, "_") {
		problems = append(problems, "api key name may not begin with an underscore")
	}
	if len(problems) > 0 {
		return validation(problems...)
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
func createCrossClusterKey(q *request) (any, *esError) {
	in, bad := q.readKey("cross_cluster_api_key_request_payload", "name", "access", "expiration", "metadata", "certificate_identity")
	if bad != nil {
		return nil, bad
	}
	if q.who.key != nil {
		return nil, illegalArgument("authentication via API key not supported: An API key cannot be used to create a cross-cluster API key")
	}
	if !q.c.license.compliant() {
		return nil, nonCompliant()
	}
	k, bad := q.newKey(in, keyTypeCrossCluster)
	if bad != nil {
		return nil, bad
	}
	if k.access, bad = parseAccess(in.Access); bad != nil {
		return nil, bad
	}
	q.c.keys = append(q.c.keys, k)
	return k.issued(), nil
}

// updateCrossClusterKey answers PUT /_security/cross_cluster/api_key/{id}: what is given is replaced whole.
func updateCrossClusterKey(q *request) (any, *esError) {
	in, bad := q.readKey("update_cross_cluster_api_key_request_payload", "access", "expiration", "metadata", "certificate_identity")
	if bad != nil {
		return nil, bad
	}
	if q.who.key != nil {
		return nil, illegalArgument("authentication via API key not supported: only the owner user can update an API key")
	}
	if in.Access == nil && in.Expiration == nil && in.Metadata == nil && in.Identity == nil {
		return nil, validation("must update either [access] or [metadata] for cross-cluster API keys")
	}
	id := q.vars["id"]
	k := q.c.key(id)
	switch {
	case k == nil || k.user != q.who.user:
		return nil, &esError{status: 404, kind: "resource_not_found_exception", reason: "no API key owned by requesting user found for ID [" + id + "]"}
	case k.invalidated():
		return nil, illegalArgument("cannot update invalidated API key [%s]", id)
	case k.expired(q.c.net.opt.Now()):
		return nil, illegalArgument("cannot update expired API key [%s]", id)
	case k.kind != keyTypeCrossCluster:
		return nil, illegalArgument("cannot update API key of type [%s] while expected type is [cross_cluster]", k.kind)
	}
	before, after := *k, *k
	if in.Access != nil {
		if after.access, bad = parseAccess(in.Access); bad != nil {
			return nil, bad
		}
	}
	if bad := q.set(&after, in); bad != nil {
		return nil, bad
	}
	*k = after
	return map[string]any{"updated": fmt.Sprint(before) != fmt.Sprint(after)}, nil
}

// createKey answers POST /_security/api_key: an ordinary key for the REST port.
func createKey(q *request) (any, *esError) {
	in, bad := q.readKey("api_key_request", "name", "role_descriptors", "expiration", "metadata")
	if bad != nil {
		return nil, bad
	}
	k, bad := q.newKey(in, keyTypeREST)
	if bad != nil {
		return nil, bad
	}
	for _, r := range in.Descriptors {
		k.roles = append(k.roles, r)
	}
	if q.who.key != nil { // Elasticsearch lets a key derive only keys without any rights
		return nil, illegalArgument("creating derived api keys requires an explicit role descriptor that is empty (has no privileges)")
	}
	q.c.keys = append(q.c.keys, k)
	return k.issued(), nil
}
