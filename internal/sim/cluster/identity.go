package cluster

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// User is a native user of a cluster.
type User struct {
	Name     string
	Password string
	Roles    []string
}

// realm is where users come from.
type realm struct{ name, kind string }

var (
	nativeRealm   = realm{"default_native", "native"}
	reservedRealm = realm{"reserved", "reserved"} // of the users that each cluster has
	foundRealm    = realm{"found", "file"}        // of Elastic's platforms
)

// superuserName is the user that each cluster has.
const superuserName = "elastic"

// identity is who calls: a user, a REST API key, or the platform itself.
type identity struct {
	user     string
	realm    realm
	roles    []string
	by       string  // who acts as that user; empty: itself
	key      *apiKey // set if the caller authenticated with an API key
	internal bool    // the platform's own identity, through its proxy
}

// internalKey marks, on a request's context and never on the wire, that the platform itself calls through its proxy.
type internalKey struct{}

func (c *Cluster) user(name string) *User {
	for i := range c.users {
		if c.users[i].Name == name {
			return &c.users[i]
		}
	}
	return nil
}

// noGood is what is said of credentials that name no user.
const noGood = "unable to authenticate with provided credentials and anonymous access is not allowed for this request"

// authenticate finds out who calls from the Authorization header.
func (c *Cluster) authenticate(r *http.Request) (identity, *rest.Error) {
	if r.Context().Value(internalKey{}) != nil {
		return identity{user: "cloud-internal-user", realm: foundRealm, roles: []string{roleSuperuser}, internal: true}, nil
	}
	header := r.Header.Get("Authorization")
	scheme, value, _ := strings.Cut(header, " ")
	switch {
	case header == "":
		return identity{}, rest.Unauthenticated("missing authentication credentials for REST request [%s]", r.URL.RequestURI())
	case strings.EqualFold(scheme, "Basic"):
		name, password, ok := r.BasicAuth()
		u := c.user(name)
		if !ok || u == nil || u.Password == "" || u.Password != password {
			return identity{}, rest.Unauthenticated("unable to authenticate user [%s] for REST request [%s]", name, r.URL.RequestURI())
		}
		realm := nativeRealm
		if name == superuserName {
			realm = reservedRealm
		}
		return identity{user: u.Name, realm: realm, roles: slices.Clone(u.Roles)}, nil
	case strings.EqualFold(scheme, "ApiKey"):
		return c.authenticateKey(value)
	}
	return identity{}, rest.Unauthenticated(noGood)
}

func (c *Cluster) authenticateKey(encoded string) (identity, *rest.Error) {
	k, why := c.checkKey(encoded, keyTypeREST)
	switch {
	case why != nil && why.Kind != "":
		return identity{}, rest.Unauthenticated("%s", why.Reason)
	case why != nil:
		e := rest.Unauthenticated(noGood)
		e.Extra[otherCredentials] = "API key: " + why.Reason
		return identity{}, e
	}
	return identity{user: k.user, realm: k.realm, roles: slices.Clone(k.ownerRoles), key: k}, nil
}

// runAs is who a caller acts as: a user named by a header, where a role of the caller allows that. Of users that there are
// not, the refusal is the same.
func (c *Cluster) runAs(caller identity, r *http.Request, rt route) (identity, *rest.Error) {
	name := r.Header.Get("es-security-runas-user")
	if name == "" {
		return caller, nil
	}
	u, allowed := c.user(name), slices.ContainsFunc(c.rolesOf(caller.roles), func(r Role) bool { return rest.AnyGlob(r.RunAs, name) })
	if u == nil || !allowed {
		who := "user [" + caller.user + "]"
		return identity{}, rest.Forbidden("action [%s] is unauthorized for %s with effective roles [%s], because %s is unauthorized to run as [%s]",
			cmp.Or(rt.action, searchAction), who, strings.Join(caller.roles, ","), who, name)
	}
	return identity{user: u.Name, realm: nativeRealm, roles: slices.Clone(u.Roles), by: caller.user}, nil
}

// named is the caller as refusals name it.
func (who identity) named() string {
	if who.by != "" {
		return who.by + "] run as [" + who.user
	}
	return who.user
}

// otherCredentials is the field of an error that says why a key was not accepted.
const otherCredentials = "additional_unsuccessful_credentials"

// checkKey finds the key of an encoded credential and says why it is no good. A problem with a kind ends the
// authentication with just that text.
func (c *Cluster) checkKey(encoded, want string) (*apiKey, *rest.Error) {
	raw, err := base64.StdEncoding.DecodeString(encoded)
	id, secret, ok := strings.Cut(string(raw), ":")
	if at, bad := errors.AsType[base64.CorruptInputError](err); bad && int(at) < len(encoded) {
		return nil, &rest.Error{Reason: fmt.Sprintf("Illegal base64 character %x", encoded[at])}
	}
	if !ok {
		return nil, &rest.Error{Reason: "invalid ApiKey value"}
	}
	k := c.key(id)
	switch {
	case k == nil:
		return nil, &rest.Error{Reason: "unable to find apikey with id " + id}
	case k.invalidated():
		return nil, &rest.Error{Reason: "api key [" + id + "] has been invalidated"}
	case k.secret != secret:
		return nil, &rest.Error{Reason: "invalid credentials for API key [" + id + "]"}
	case k.kind != want:
		return nil, &rest.Error{Kind: "security_exception", Reason: "authentication expected API key type of [" + want + "], but API key [" + id + "] has type [" + k.kind + "]"}
	case k.expired(c.net.opt.Now()):
		return nil, &rest.Error{Reason: "api key is expired"}
	}
	return k, nil
}

// crossClusterKey is checkKey for a request from another cluster. Without a body it could not even be read.
func (c *Cluster) crossClusterKey(encoded, action string) (*apiKey, *rest.Error) {
	k, why := c.checkKey(encoded, keyTypeCrossCluster)
	id := credentialID(encoded)
	switch {
	case why == nil:
		return k, nil
	case why.Kind != "":
		return nil, rest.Unauthenticated("%s", why.Reason)
	case id == "":
		e := rest.Unauthenticated("error attempting to authenticate request")
		e.Cause = rest.IllegalArgument("cross cluster access header [_cross_cluster_access_credentials] value must be a valid API key credential")
		e.Cause.Cause = rest.IllegalArgument("invalid ApiKey value")
		return nil, e
	}
	e := rest.Unauthenticated("unable to authenticate user [%s] for action [%s]", id, action)
	e.Extra[otherCredentials] = "API key: " + why.Reason
	return nil, e
}

// credentialID is the id of the key in an encoded credential; empty if it can't be read.
func credentialID(encoded string) string {
	raw, err := base64.StdEncoding.DecodeString(encoded)
	id, _, ok := strings.Cut(string(raw), ":")
	if err != nil || !ok {
		return ""
	}
	return id
}

// may tells whether the caller holds a cluster privilege.
func (c *Cluster) may(who identity, privilege string) bool {
	if privilege == "" || who.internal {
		return true
	}
	roles := c.rolesOf(who.roles)
	if who.key != nil && len(who.key.roles) > 0 && !grants(slices.Collect(maps.Values(who.key.roles)), privilege) {
		return false // a key's own roles narrow what its owner may do
	}
	return grants(roles, privilege)
}

// superuser tells whether a caller sees everything.
func (who identity) superuser() bool { return slices.Contains(who.roles, roleSuperuser) }

func (c *Cluster) rolesOf(names []string) []Role {
	var out []Role
	for _, n := range names {
		if r, ok := c.role(n); ok {
			out = append(out, r)
		}
	}
	return out
}

func (c *Cluster) role(name string) (Role, bool) {
	if r, ok := builtinRoles()[name]; ok {
		return r, true
	}
	r, ok := c.roles[name]
	return r, ok
}

func grants(roles []Role, privilege string) bool {
	for _, r := range roles {
		for _, has := range r.Cluster {
			if has == privilege || slices.Contains(implied[has], privilege) {
				return true
			}
		}
	}
	return false
}

// implied are the cluster privileges that come with another.
var implied = map[string][]string{
	"all": {
		"manage", "manage_security", "read_security", "manage_api_key", "manage_own_api_key", "monitor",
	},
	"manage":          {"monitor"},
	"manage_security": {"read_security", "manage_api_key", "manage_own_api_key"},
	"manage_api_key":  {"manage_own_api_key"},
}

func denied(who identity, action string, privileges []string) *rest.Error {
	caller := "user [" + who.named() + "] with effective roles [" + strings.Join(who.roles, ",") + "]"
	if who.key != nil {
		caller = "API key id [" + who.key.id + "] of user [" + who.user + "]"
	}
	return rest.Forbidden("action [%s] is unauthorized for %s, this action is granted by the cluster privileges [%s]", action, caller, strings.Join(privileges, ","))
}
