package link

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Part is something that a survey reads beside the two deployments.
type Part string

// The parts of a survey, in words that follow "could not be read:".
const (
	PartLocalCluster  Part = "Elasticsearch of the local deployment" // its address or credentials are wanting
	PartRemoteCluster Part = "Elasticsearch of the remote deployment"
	PartSettings      Part = "the remote clusters of the local cluster"
	PartKeystore      Part = "the keystore of the local deployment"
	PartLocalLicense  Part = "the license of the local cluster"
	PartRemoteLicense Part = "the license of the remote cluster"
	PartRulesets      Part = "the network filters of the remote deployment"
	PartScope         Part = "the organization or environment of the local deployment"
	PartEgress        Part = "the outgoing addresses of the local platform"
)

// Unread is a part that could not be read. It is not empty: nothing is known about it.
type Unread struct {
	Part Part
	Err  error
}

// PairState is how the two sides of a connection stand.
type PairState struct {
	Local, Remote     elastic.Deployment
	Aliases           map[string]string // in use on the local cluster, with the address that each points to
	Stored            []string          // aliases that the local keystore holds a key for
	Settings          elastic.Settings  // of all remote clusters of the local cluster
	LocalLicense      elastic.License
	RemoteLicense     elastic.License
	Rulesets          []elastic.Ruleset   // that apply to the remote deployment
	Egress            []string            // addresses that the local platform's hosts call themselves
	LocalScope        elastic.Environment // the local side's organization or ECE; read where a filter may name it
	Unread            []Unread            // what could not be read
	LocalOn, RemoteOn System
	Pasting           bool  // a person may paste a key instead
	ShowsKeys         bool  // a person may be shown a key, to put it into keystores
	CantIssue         error // why no key can be issued on the remote cluster
	Trust             *TrustState
	Proxies           proxyState      // of the remote platform, where they may be strangers to the local deployment
	Signing           *AuthorityPlan  // of the remote cluster; nil: none was made
	MayNotManage      bool            // the bot's user may not change settings of the remote cluster
	Role              json.RawMessage // the role that a connect names, on the local cluster; nil: none
	Readers           Readers         // who may search what a connect names, before it
}

// ReadError returns the error that kept a part from being read; nil if it was read.
func (s PairState) ReadError(parts ...Part) error {
	for _, u := range s.Unread {
		if slices.Contains(parts, u.Part) {
			return u.Err
		}
	}
	return nil
}

// RequireRead fails if one of the parts could not be read.
func (s PairState) RequireRead(parts ...Part) error {
	for _, p := range parts {
		if err := s.ReadError(p); err != nil {
			return WrapCall("reading "+string(p), err)
		}
	}
	return nil
}

// Prefill is a connect between the two deployments as far as they tell: alias, address and server name. What is read
// and for how long is for a person to say.
func Prefill(s PairState) ConnectParams {
	return ConnectParams{
		Local:  s.Local.Ref,
		Remote: s.Remote.Ref,
		Alias: elastic.SuggestAlias(s.Remote.Given(), func(alias string) bool {
			_, used := s.Aliases[alias]
			return used || slices.Contains(s.Stored, alias)
		}),
		ProxyAddress:    s.Remote.TakesKeysAt(),
		ServerName:      s.Remote.Endpoint,
		SkipUnavailable: true,
	}
}

// Describe is a deployment for people: its name, version and region.
func Describe(d elastic.Deployment) string {
	about := []string{d.Version}
	if d.Region != "" {
		about = append(about, d.Region)
	}
	return fmt.Sprintf("%s (%s)", d.Name, strings.Join(about, ", "))
}

// AuthorityFile is a file with certificate authorities on the nodes of a remote cluster, by which it believes signatures.
type AuthorityFile struct {
	File         string      `json:"file"`
	Certificates []Authority `json:"certificates,omitempty"` // that are in it, as far as somebody has said so
}

// AuthorityPlan is how the authorities of a remote cluster change for a connection.
type AuthorityPlan struct {
	Before, After []AuthorityFile
	Recorded      bool // Before is, at least in part, what the bot has set
}

// Authority is a certificate authority of a platform.
type Authority struct {
	Name        string    `json:"subject"`
	Until       time.Time `json:"until"`
	Fingerprint string    `json:"sha256"` // of the certificate in DER, in hex
}

// proxyState is how the proxies before the remote cluster stand with the local one.
type proxyState struct {
	Certificate elastic.ProxyCertificate
	Authority   Authority
	Trusts      elastic.TrustSettings // of the local deployment
}

// Readers are the roles of a local cluster that let search through an alias, by their definitions. Elasticsearch's own are
// left out: superusers may search everything.
type Readers struct {
	Named  []string // that name the alias, or a pattern of it
	Wide   []string // that name every remote cluster (*)
	Unread error    // why they are not known
}

// TrustState is how the two sides' trust stands.
type TrustState struct{ Local, Remote SideTrust }

// SideTrust is one side of it.
type SideTrust struct {
	On          string // the platform, for people
	Environment elastic.Environment
	Unread      error           // why the platform suggests no id
	Authorities []string        // PEM: what signs its nodes' certificates, or is to
	Trusted     elastic.Trusted // whom it trusts now
}

// WantsPasted reports whether a person has to make the key, because the bot can't on that cluster.
func (s PairState) WantsPasted() bool {
	return s.Pasting && (errors.Is(s.ReadError(PartRemoteCluster), elastic.ErrNoCredentials) || s.CantIssue != nil)
}

// needed are the parts without which nothing can be said about a connect.
var needed = []Part{PartLocalCluster, PartRemoteCluster, PartSettings, PartKeystore}
