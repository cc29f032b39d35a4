package link

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
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

// compressions are what transport.compress may be.
var compressions = []string{"", "true", "indexing_data", "false"}

// schemes are what transport.compression_scheme may be.
var schemes = []string{"", "lz4", "deflate"}

// timeForm is a time as Elasticsearch reads it; -1 switches the pings off.
var timeForm = regexp.MustCompile(`^(-1|[0-9]+(nanos|micros|ms|s|m|h|d))$`)

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

// Check looks at the parameters alone, not at the world. It returns nil or a *change.InvalidError with everything
// that is wrong, by field.
func (c ConnectParams) Check() error {
	var wrong change.InvalidError
	c.checkSides(&wrong)
	c.checkTrust(&wrong)
	c.checkFilter(&wrong)
	c.checkRole(&wrong)
	c.checkIdentity(&wrong)
	note(&wrong, FieldAlias, elastic.CheckAlias(c.Alias))
	note(&wrong, FieldAddress, checkAddressOf(c.Model, c.ProxyAddress))
	note(&wrong, FieldServerName, elastic.CheckServerName(c.ServerName))
	c.CheckAccess(&wrong)
	if c.ExpiryDays < 0 || c.ExpiryDays > MaxExpiryDays {
		wrong.Add(FieldExpiry, "the key expires after 1 to %d days; 0 is never", MaxExpiryDays)
	}
	if c.ProxySockets < 0 || c.ProxySockets > MaxProxySockets {
		wrong.Add(FieldSockets, "between 1 and %d connections; 0 leaves it to Elasticsearch", MaxProxySockets)
	}
	if !slices.Contains(compressions, c.Compress) {
		wrong.Add(FieldCompress, "compression is true, indexing_data or false")
	}
	if !slices.Contains(schemes, c.Scheme) {
		wrong.Add(FieldScheme, "the compression scheme is lz4 or deflate")
	}
	if c.PingSchedule != "" && !timeForm.MatchString(c.PingSchedule) {
		wrong.Add(FieldPing, "a time such as 30s, or -1 for off")
	}
	return wrong.Check()
}

func (c ConnectParams) checkSides(wrong *change.InvalidError) {
	if c.Local.Platform == "" || c.Local.Deployment == "" {
		wrong.Add(FieldLocal, "choose the deployment that will search")
	}
	if c.Remote.Platform == "" || c.Remote.Deployment == "" {
		wrong.Add(FieldRemote, "choose the deployment that will be searched")
	}
	if c.Local == c.Remote && c.Local != (elastic.Ref{}) {
		wrong.Add(FieldRemote, "a cluster can't be connected to itself")
	}
}

// CheckAccess says what is wrong with the patterns that may be read.
func (c ConnectParams) CheckAccess(wrong *change.InvalidError) {
	if len(c.Access.Search) == 0 && len(c.Access.Replication) == 0 && !c.ByCertificate() {
		wrong.Add(FieldSearch, "name the indices that the key may search or replicate")
	}
	CheckPatterns(wrong, FieldSearch, c.Access.Search)
	CheckPatterns(wrong, FieldReplication, c.Access.Replication)
}

// CheckPatterns says what is wrong with patterns of a field.
func CheckPatterns(wrong *change.InvalidError, field string, patterns []string) {
	if len(patterns) > MaxPatterns {
		wrong.Add(field, "at most %d index patterns", MaxPatterns)
		return
	}
	for _, p := range patterns {
		note(wrong, field, CheckPattern(p))
	}
}

func note(wrong *change.InvalidError, field string, err error) {
	if err != nil {
		wrong.Problems = append(wrong.Problems, change.Problem{Field: field, Say: err.Error()})
	}
}

// FieldRestart is the field of Connect.Restart.
const FieldRestart = "restart"
