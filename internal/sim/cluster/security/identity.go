// Package security is who may do what in a cluster: users, roles, API keys, and what they let a caller see on another
// cluster.
package security

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

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

// Identity is who calls: a user, a REST API key, or the platform itself.
type Identity struct {
	user     string
	realm    realm
	roles    []string
	by       string // who acts as that user; empty: itself
	key      *Key   // set if the caller authenticated with an API key
	Internal bool   // the platform's own identity, through its proxy
}

// internalKey marks, on a request's context and never on the wire, that the platform itself calls through its proxy.
type internalKey struct{}

// AsPlatform is the context of a call by the platform itself.
func AsPlatform(ctx context.Context) context.Context {
	return context.WithValue(ctx, internalKey{}, true)
}

// Directory is who may do what in a cluster: its users, its roles and its API keys.
type Directory struct {
	roles
	keyring
	users     []User
	version   rest.Version
	compliant func() bool
}

// Options are what a directory begins with. The superuser that each cluster has is added if it is not among the users.
type Options struct {
	Version rest.Version
	Users   []User
	Roles   map[string]Role
	Now     func() time.Time
	NewID   func(bytes int) string
	// Compliant tells whether the license allows the API key model.
	Compliant func() bool
}

// New makes a directory.
func New(o Options) *Directory {
	d := &Directory{
		roles: roles{}, keyring: keyring{now: o.Now, newID: o.NewID}, users: slices.Clone(o.Users), version: o.Version, compliant: o.Compliant,
	}
	if d.user(superuserName) == nil {
		d.users = append(d.users, User{Name: superuserName, Password: d.newID(16), Roles: []string{Superuser}})
	}
	for name, r := range o.Roles {
		d.roles[name] = r.complete()
	}
	return d
}

// Password is a user's; empty: there is no such user.
func (d *Directory) Password(user string) string {
	if u := d.user(user); u != nil {
		return u.Password
	}
	return ""
}

// SetUser adds a user, or gives one of that name another password and other roles.
func (d *Directory) SetUser(u User) {
	if old := d.user(u.Name); old != nil {
		*old = u
		return
	}
	d.users = append(d.users, u)
}

func (d *Directory) user(name string) *User {
	for i := range d.users {
		if d.users[i].Name == name {
			return &d.users[i]
		}
	}
	return nil
}

// noGood is what is said of credentials that name no user.
const noGood = "unable to authenticate with provided credentials and anonymous access is not allowed for this request"

// Authenticate finds out who calls from the Authorization header.
func (d *Directory) Authenticate(r *http.Request) (Identity, *rest.Error) {
	if r.Context().Value(internalKey{}) != nil {
		return Identity{user: "cloud-internal-user", realm: foundRealm, roles: []string{Superuser}, Internal: true}, nil
	}
	header := r.Header.Get("Authorization")
	scheme, value, _ := strings.Cut(header, " ")
	switch {
	case header == "":
		return Identity{}, rest.Unauthenticated("missing authentication credentials for REST request [%s]", r.URL.RequestURI())
	case strings.EqualFold(scheme, "Basic"):
		name, password, ok := r.BasicAuth()
		u := d.user(name)
		if !ok || u == nil || u.Password == "" || u.Password != password {
			return Identity{}, rest.Unauthenticated("unable to authenticate user [%s] for REST request [%s]", name, r.URL.RequestURI())
		}
		realm := nativeRealm
		if name == superuserName {
			realm = reservedRealm
		}
		return Identity{user: u.Name, realm: realm, roles: slices.Clone(u.Roles)}, nil
	case strings.EqualFold(scheme, "ApiKey"):
		return d.authenticateKey(value)
	}
	return Identity{}, rest.Unauthenticated(noGood)
}

func (d *Directory) authenticateKey(encoded string) (Identity, *rest.Error) {
	k, why := d.checkKey(encoded, keyTypeREST)
	switch {
	case why != nil && why.Kind != "":
		return Identity{}, rest.Unauthenticated("%s", why.Reason)
	case why != nil:
		e := rest.Unauthenticated(noGood)
		e.Extra[OtherCredentials] = "API key: " + why.Reason
		return Identity{}, e
	}
	return Identity{user: k.user, realm: k.realm, roles: slices.Clone(k.ownerRoles), key: k}, nil
}

// RunAs is who a caller acts as: a user named by a header, where a role of the caller allows that. Of users that there are
// not, the refusal is the same.
func (d *Directory) RunAs(caller Identity, r *http.Request, action string) (Identity, *rest.Error) {
	name := r.Header.Get("es-security-runas-user")
	if name == "" {
		return caller, nil
	}
	u, allowed := d.user(name), slices.ContainsFunc(d.rolesOf(caller.roles), func(r Role) bool { return rest.AnyGlob(r.RunAs, name) })
	if u == nil || !allowed {
		who := "user [" + caller.user + "]"
		return Identity{}, rest.Forbidden("action [%s] is unauthorized for %s with effective roles [%s], because %s is unauthorized to run as [%s]",
			cmp.Or(action, SearchAction), who, strings.Join(caller.roles, ","), who, name)
	}
	return Identity{user: u.Name, realm: nativeRealm, roles: slices.Clone(u.Roles), by: caller.user}, nil
}

// named is the caller as refusals name it.
func (who Identity) named() string {
	if who.by != "" {
		return who.by + "] run as [" + who.user
	}
	return who.user
}

// superuser tells whether a caller sees everything.
func (who Identity) superuser() bool { return slices.Contains(who.roles, Superuser) }

// GetAuthenticate answers GET /_security/_authenticate.
func (d *Directory) GetAuthenticate(_ *rest.Request, who Identity) (any, *rest.Error) {
	realm, roles := map[string]any{"name": who.realm.name, "type": who.realm.kind}, who.roles
	metadata := map[string]any{}
	if who.realm == reservedRealm {
		metadata["_reserved"] = true
	}
	out := map[string]any{"authentication_type": "realm"}
	if k := who.key; k != nil {
		realm, roles = map[string]any{"name": "_es_api_key", "type": "_es_api_key"}, []string{}
		about := map[string]any{"id": k.ID, "name": k.name}
		if d.version.Major >= 9 {
			about["managed_by"] = "elasticsearch"
		}
		out = map[string]any{"authentication_type": "api_key", "api_key": about}
	}
	maps.Copy(out, map[string]any{
		"username": who.user, "roles": roles, "full_name": nil, "email": nil, "metadata": metadata, "enabled": true,
		"authentication_realm": realm, "lookup_realm": realm,
	})
	return out, nil
}
