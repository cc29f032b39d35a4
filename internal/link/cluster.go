package link

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// Cluster is one Elasticsearch cluster, as the local or the remote side of a connection.
type Cluster interface {
	RemoteSettings
	RemoteClusters
	Keys
	// License returns the licence's type and whether it is active.
	License(ctx context.Context) (License, error)
}

// RemoteSettings are the cluster settings that begin with cluster.remote.
type RemoteSettings interface {
	RemoteSettings(ctx context.Context) (Settings, error)
	// PutSettings sends both maps as they are; a JSON null removes a setting. A 200 says nothing about a connection.
	PutSettings(ctx context.Context, s Settings) error
}

// Settings are flat cluster settings with their values as JSON.
type Settings struct {
	Persistent map[string]json.RawMessage `json:"persistent,omitempty"`
	Transient  map[string]json.RawMessage `json:"transient,omitempty"`
}

// RemoteClusters tells how the local cluster's connections stand.
type RemoteClusters interface {
	RemoteInfo(ctx context.Context) (map[string]RemoteInfo, error)
	// Resolve asks what patterns match on a remote cluster, through the alias; it connects if need be. Clusters before
	// 8.13 can't be asked: ErrNoResolve.
	Resolve(ctx context.Context, alias string, patterns []string) (Resolved, error)
	// ProbeSearch searches through the alias, for nothing. It connects if need be, unless skip_unavailable is true.
	ProbeSearch(ctx context.Context, alias string) (Searched, error)
	// ReloadSecureSettings makes the nodes read their keystore again; it fails if any node did.
	ReloadSecureSettings(ctx context.Context) error
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
	Credentials     string `json:"cluster_credentials"` // set only under the API key model, and always redacted
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

// Keys are the cross-cluster API keys of a cluster. Issuing wants a user as the caller, never an API key.
type Keys interface {
	// IssueKey creates a key. It is never repeated by the client: after an ambiguous answer look by name.
	IssueKey(ctx context.Context, spec KeySpec) (IssuedKey, error)
	// ActiveKeys returns the cross-cluster keys of that exact name that are neither invalidated nor expired.
	ActiveKeys(ctx context.Context, name string) ([]Key, error)
	InvalidateKeys(ctx context.Context, ids []string) error
}

// Keyring is a Cluster that changes keys in place. Only the user who owns a key may do that.
type Keyring interface {
	// UpdateKeyAccess replaces what a key may read; its secret stays.
	UpdateKeyAccess(ctx context.Context, id string, a Access) error
	// Caller is the user that the bot calls as; empty if it is not known.
	Caller() string
}

// Verifier is a Cluster that verifies who signs requests to it, as those of 9.3 and later do.
type Verifier interface {
	// SigningTrust returns whose signatures it believes. What is written is written by PutSettings.
	SigningTrust(ctx context.Context) (SigningTrust, error)
	// IdentityKeys returns the active cross-cluster keys that demand a certificate.
	IdentityKeys(ctx context.Context) ([]Key, error)
}

// Privileged is a Cluster that knows what its caller may do.
type Privileged interface {
	// MissingPrivileges returns which of these cluster privileges the caller lacks.
	MissingPrivileges(ctx context.Context, cluster []string) ([]string, error)
}

// The settings of a remote cluster that say whose signatures it believes; all are dynamic (Elastic's docs: remote
// cluster settings).
const (
	SigningAuthorities = remotePrefix + "signing.certificate_authorities" // a list of files in PEM
	SigningTruststore  = remotePrefix + "signing.truststore.path"         // can't stand beside the other
)

// SigningTrust are files with certificate authorities, by where they are set; the first that is set counts alone, in
// the order of the fields.
type SigningTrust struct {
	Transient, Persistent, Declared []string // the last in elasticsearch.yml
	Truststore                      string
}

// Uses is a Cluster that tells what on it goes through its remote connections.
type Uses interface {
	// Followers returns the follower indices and auto-follow patterns by alias.
	Followers(ctx context.Context) ([]Follower, error)
	// RemoteRoles returns the roles that name remote clusters.
	RemoteRoles(ctx context.Context) ([]RemoteRole, error)
}

// Follower is a follower index, or a pattern by which they come to be.
type Follower struct {
	Name    string
	Alias   string
	Pattern bool // an auto-follow pattern
}

// RemoteRole is a role with privileges on remote clusters.
type RemoteRole struct {
	Name     string
	Clusters []string // aliases or patterns of them
	Reserved bool     // Elasticsearch's own
}

// Versioned is a Cluster that tells the version it runs.
type Versioned interface {
	Version(ctx context.Context) (string, error)
}

// Issuer is a Cluster that knows beforehand whether its caller may issue keys. Elasticsearch refuses every API key as
// the caller, so people hear of it before they approve.
type Issuer interface {
	// MayIssue returns why not, or nil.
	MayIssue() error
}

// KeySpec is a cross-cluster API key as it is asked for.
type KeySpec struct {
	Name       string            `json:"name"`
	Access     Access            `json:"access"`
	Expiration time.Duration     `json:"expiration_ns"` // 0: never
	Metadata   map[string]string `json:"metadata"`
	Identity   string            `json:"certificate_identity"` // a regular expression; empty: none is demanded. From 9.3 on
}

// Access is what a cross-cluster API key may read.
type Access struct {
	Search      []string `json:"search,omitempty"`      // index patterns
	Replication []string `json:"replication,omitempty"` // index patterns
}

// Key is what a cluster tells of a key.
type Key struct {
	ID, Name string
	Expires  time.Time // zero: never
	Metadata map[string]string
	Access   Access // what it may read, where the cluster tells
	Owner    string // the user who made it
	Identity string // whose certificates it takes, a regular expression; empty: none is demanded
}

// IssuedKey is a key with the secret that is shown only once.
type IssuedKey struct {
	Key
	Encoded secret.Secret // what goes into the local keystore
}

// License is a cluster's licence.
type License struct {
	Type   string // basic, standard, gold, platinum, enterprise, trial
	Active bool
}

// ErrNoCredentials says that the configuration has nothing to reach a cluster with.
var ErrNoCredentials = errors.New("no credentials are configured for this cluster")

// CallError is a call to Elastic that did not end well.
type CallError struct {
	System string // "ece-prod", "Elasticsearch of logs-prod"
	Call   string // "PATCH /deployments/…/keystore"
	Status int    // 0: no answer
	Code   string // of the platform, or the type of an Elasticsearch error
	Reason string // scrubbed and shortened
	// Ambiguous: the request may have been carried out although no good answer came. Read before writing again.
	Ambiguous bool
	// Starting: credentials were refused that had been accepted shortly before. A node that starts does that until it
	// has its users.
	Starting bool
	// RetryAfter is how long the server asks to be left alone; 0: it does not ask.
	RetryAfter time.Duration
	Err        error
}

// CodeNotElasticsearch is the Code of an answer without the header by which Elasticsearch makes itself known.
const CodeNotElasticsearch = "not_elasticsearch"

func (e *CallError) Error() string {
	if e.Status == 0 {
		return fmt.Sprintf("%s: %s: no answer: %s", e.System, e.Call, e.Reason)
	}
	return fmt.Sprintf("%s: %s: %d %s: %s", e.System, e.Call, e.Status, e.Code, e.Reason)
}

func (e *CallError) Unwrap() error { return e.Err }

// CodeForeign is the Code of a 404 that is no JSON: something between wrote it, and what was asked for may well be there.
const CodeForeign = "foreign_answer"

// StatusNotElevated is the platform's answer to a key without elevated permissions: some calls want a key whose user has
// them (cloud-sdk-go: apierror.ErrMissingElevatedPermissions).
const StatusNotElevated = 449

// After is RetryAfter, for whoever tries again.
func (e *CallError) After() time.Duration { return e.RetryAfter }

// NotFound reports whether what was asked for is not there, by Elastic's own word.
func (e *CallError) NotFound() bool { return e.Status == 404 && e.Code != CodeForeign }

// Temporary reports whether another try may do better: no answer, too many requests, a node that starts, or the server's
// own fault.
func (e *CallError) Temporary() bool {
	return e.Starting || e.Status == 0 || e.Status == 408 || e.Status == 429 || e.Status >= 500
}

// IsNotFound reports whether err is a call that found nothing.
func IsNotFound(err error) bool {
	call, ok := errors.AsType[*CallError](err)
	return ok && call.NotFound()
}
