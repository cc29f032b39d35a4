package link

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// The fields of Connect, as a *change.InvalidError names them.
const (
	FieldLocal       = "local"
	FieldRemote      = "remote"
	FieldAlias       = "alias"
	FieldAddress     = "proxy_address"
	FieldServerName  = "server_name"
	FieldSearch      = "search"
	FieldReplication = "replication"
	FieldExpiry      = "expiry"
	FieldSkip        = "skip_unavailable"
	FieldSockets     = "proxy_sockets"
	FieldCompress    = "compress"
	FieldScheme      = "compression_scheme"
	FieldPing        = "ping_schedule"
	FieldReason      = "reason"
	FieldAliases     = "aliases"
)

// ConnectParams are the parameters of a new connection: the local cluster will read from the remote one.
type ConnectParams struct {
	Local        elastic.Ref    `json:"local"`
	Remote       elastic.Ref    `json:"remote"`
	Alias        string         `json:"alias"`
	ProxyAddress string         `json:"proxy_address"` // host:port
	ServerName   string         `json:"server_name"`
	Elsewhere    bool           `json:"elsewhere,omitempty"` // who asks has said that an address of nobody known is meant
	Access       elastic.Access `json:"access"`

	Model Model         `json:"model,omitempty"` // empty: ModelKey
	Trust *TrustOptions `json:"trust,omitempty"` // under ModelCertificate only

	Filter  *FilterOptions `json:"filter,omitempty"`  // a network filter to add; nil: none
	Restart bool           `json:"restart,omitempty"` // restart the local deployment, so that its nodes read the key
	Role    *RoleOptions   `json:"role,omitempty"`    // a role to write on the local cluster; nil: none

	Identity *IdentityOptions `json:"identity,omitempty"` // strong identity verification; nil: none

	Until time.Time `json:"until,omitzero"` // when the bot removes it, by UTC; zero: never

	ExpiryDays      int    `json:"expiry_days"` // of the key; 0: never
	SkipUnavailable bool   `json:"skip_unavailable"`
	ProxySockets    int    `json:"proxy_sockets,omitempty"`      // 0: Elasticsearch's default
	Compress        string `json:"compress,omitempty"`           // "true", "indexing_data", "false"; empty: Elasticsearch's default
	Scheme          string `json:"compression_scheme,omitempty"` // "lz4", "deflate"; empty: Elasticsearch's default
	PingSchedule    string `json:"ping_schedule,omitempty"`      // a time such as "30s", "-1" for off; empty: Elasticsearch's default
}

// Limits of the parameters that Elasticsearch leaves open.
const (
	MaxExpiryDays   = 3650
	MaxProxySockets = 256
)

// ParseConnectParams reads the parameters of a connect. An unknown field is an error: it was meant to do something.
func ParseConnectParams(params json.RawMessage) (ConnectParams, error) {
	dec := json.NewDecoder(bytes.NewReader(params))
	dec.DisallowUnknownFields()
	var c ConnectParams
	if err := dec.Decode(&c); err != nil {
		return ConnectParams{}, fmt.Errorf("parameters of a connect: %w", err)
	}
	return c, nil
}

// FilterOptions ask for a network filter that lets the local side in: by its addresses, which a person has confirmed, as
// nobody else knows them behind NAT; or as the cluster that it is.
type FilterOptions struct {
	Sources []string `json:"sources,omitempty"` // IPv4 addresses or CIDRs that the local side's connections come from
	Cluster bool     `json:"cluster,omitempty"` // a remote cluster filter that names the local cluster
	First   bool     `json:"first,omitempty"`   // even if no filter applies yet, so that it locks everybody else out
}

// IdentityOptions are strong identity verification: the local nodes sign each request with a certificate, and the key
// takes no other. Who connects asks for it by empty terms; the plan fills them in.
type IdentityOptions struct {
	Organization bool `json:"organization,omitempty"` // of every cluster of the local side's organization, not of the local one alone

	Pattern     string `json:"pattern,omitempty"`     // of the key's certificate_identity, over the certificate's whole DN
	Certificate string `json:"certificate,omitempty"` // file on the local nodes, in PEM
	Key         string `json:"key,omitempty"`         // file of its private key
	Others      string `json:"others,omitempty"`      // what else the remote cluster believes, as it was typed: see ParseAuthorities
}

// RoleOptions ask for a role on the local cluster that may search through the alias.
type RoleOptions struct {
	Name string `json:"name"`
}

// Model is how the remote cluster knows the local one.
type Model string

// The models, by the words of Elastic's page. A connect that names none uses API keys.
const (
	ModelKey         Model = "api_key"
	ModelCertificate Model = "certificate" // deprecated in 9.0
)

// TrustOptions say whom the two sides are to trust under the certificate model. No platform verifies these ids: a wrong
// one trusts a stranger, or nobody.
type TrustOptions struct {
	LocalScope  string   `json:"local_scope"`        // of the local side: an ECE's environment id or an organization's id
	RemoteScope string   `json:"remote_scope"`       // of the remote side
	All         bool     `json:"all,omitempty"`      // the local side trusts every deployment of the remote one
	Clusters    []string `json:"clusters,omitempty"` // else these: ids of Elasticsearch clusters, never of deployments
	Regions     []string `json:"regions,omitempty"`  // of the remote side, whose certificate authorities count beside the deployment's own
}

// ByCertificate reports whether c uses the certificate model.
func (c ConnectParams) ByCertificate() bool { return c.Model == ModelCertificate }

// FieldRestart is the field of Connect.Restart.
const FieldRestart = "restart"

// The values of the trait address.
const (
	AddressPlatform = "platform" // what the platform says of the remote deployment
	AddressPrivate  = "private"  // a host of the operator's private networks, see System.PrivateHosts
	AddressOther    = "other"    // any other: the host that answers there is shown the key
)

// IdentityPattern is what the key requires; empty: nothing.
func (c ConnectParams) IdentityPattern() string {
	if c.Identity == nil {
		return ""
	}
	return c.Identity.Pattern
}
