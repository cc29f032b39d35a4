package elastic

import (
	"context"
	"encoding/json"
	"errors"
	"path"
	"slices"
)

// Cluster is one Elasticsearch cluster, as the local or the remote side of a connection.
type Cluster interface {
	RemoteSettings
	RemoteClusters
	Keys
	// License returns the license's type and whether it is active.
	License(ctx context.Context) (License, error)
}

// RemoteSettings are the cluster settings that begin with cluster.remote.
type RemoteSettings interface {
	RemoteSettings(ctx context.Context) (Settings, error)
	// PutSettings sends both maps as they are; a JSON null removes a setting. A 200 says nothing about a connection.
	PutSettings(ctx context.Context, s Settings) error
}

// RemoteClusters tells how the local cluster's connections stand.
type RemoteClusters interface {
	RemoteInfo(ctx context.Context) (map[string]RemoteInfo, error)
	// Resolve asks what patterns match on a remote cluster, through the alias; it connects if need be. Clusters before
	// 8.13 can't be asked: ErrNoResolve.
	Resolve(ctx context.Context, alias string, patterns []string) (Resolved, error)
	// ProbeSearch searches through the alias, for nothing. It connects if need be, unless skip_unavailable is true.
	ProbeSearch(ctx context.Context, alias string) (Searched, error)
	// ReloadSecureSettings makes the nodes read their keystore again; it fails if any node did. From 9.5 on they tell what
	// they have found there.
	ReloadSecureSettings(ctx context.Context) ([]NodeSecrets, error)
}

// RemoteInfo is an alias's part of _remote/info.
type RemoteInfo struct {
	Connected       bool   `json:"connected"`
	Mode            string `json:"mode"`
	ProxyAddress    string `json:"proxy_address"`
	ServerName      string `json:"server_name"`
	Sockets         int    `json:"num_proxy_sockets_connected"`
	MaxSockets      int    `json:"max_proxy_socket_connections"`
	SkipUnavailable bool   `json:"skip_unavailable"`
	InitialTimeout  string `json:"initial_connect_timeout"` // cluster.remote.initial_connect_timeout, a setting of the nodes
	Credentials     string `json:"cluster_credentials"`     // set only under the API key model, and always redacted
}

// Resolved is an alias's part of _resolve/cluster.
type Resolved struct {
	Known           bool // the alias was in the answer at all
	Connected       bool
	SkipUnavailable bool
	MatchingIndices *bool
	Error           string
	Version         string
}

// ErrNoResolve says that a cluster has no _resolve/cluster.
var ErrNoResolve = errors.New("this version of Elasticsearch has no _resolve/cluster")

// Searched is what became of a search through an alias.
type Searched struct {
	Known   bool   // the local cluster knows the alias
	Reached bool   // the remote cluster has answered
	Error   string // every reason why not, the outermost first
}

// Privileged is a Cluster that knows what its caller may do.
type Privileged interface {
	// MissingPrivileges returns which of these cluster privileges the caller lacks.
	MissingPrivileges(ctx context.Context, cluster []string) ([]string, error)
}

// Uses is a Cluster that tells whose roles let search through its remote connections.
type Uses interface {
	// RemoteRoles returns the roles that name remote clusters.
	RemoteRoles(ctx context.Context) ([]RemoteRole, error)
}

// RemoteRole is a role with privileges on remote clusters.
type RemoteRole struct {
	Name     string
	Clusters []string // aliases or patterns of them
	Reserved bool     // Elasticsearch's own
	Indices  []RemoteIndices
}

// RemoteIndices are rights on indices of remote clusters; the security API's remote_indices.
type RemoteIndices struct {
	Clusters   []string `json:"clusters"`
	Names      []string `json:"names"`
	Privileges []string `json:"privileges"`
}

// RunAs is a Cluster that searches as somebody else.
type RunAs interface {
	// SearchAs searches a pattern through an alias as another user, for nothing but whether that user may.
	SearchAs(ctx context.Context, user, alias, pattern string) (SearchedAs, error)
}

// SearchedAs is what became of another user's search.
type SearchedAs struct {
	NotAllowed bool   // the caller may not act as that user, or there is no such user
	Refused    string // why that user may not search; empty: the search was answered
	Shards     int    // that it has seen on the remote cluster; none: nothing matches, or nothing that the user may read
}

// Versioned is a Cluster that tells the version it runs.
type Versioned interface {
	Version(ctx context.Context) (string, error)
}

// License is a cluster's license.
type License struct {
	Type   string // basic, standard, gold, platinum, enterprise, trial
	Active bool
}

// Enterprise reports whether its type covers connections by API key, and ES|QL through any; a trial covers everything.
func (l License) Enterprise() bool { return l.Type == "enterprise" || l.Type == "trial" }

// Roles is a Cluster whose roles can be changed.
type Roles interface {
	// Role returns a role as the security API writes it; nil if there is none of that name.
	Role(ctx context.Context, name string) (json.RawMessage, error)
	PutRole(ctx context.Context, name string, role json.RawMessage) error
	// DeleteRole forgives a role that is gone.
	DeleteRole(ctx context.Context, name string) error
}

// Names reports whether a role names an alias, itself or by a pattern; one for every remote cluster (*) does not.
func (r RemoteRole) Names(alias string) bool {
	return slices.ContainsFunc(r.Clusters, func(pattern string) bool {
		ok, err := path.Match(pattern, alias)
		return pattern == alias || pattern != "*" && err == nil && ok
	})
}
