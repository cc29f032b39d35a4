package link

import (
	"cmp"
	"fmt"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// ManagedConnection is a connection that the bot made or adopted, as the last change that was approved left it.
type ManagedConnection struct {
	Local        elastic.Ref       `json:"local"`
	Remote       elastic.Ref       `json:"remote"`
	Alias        string            `json:"alias"`
	LocalName    string            `json:"local_name,omitempty"`  // the deployments' names at the time of the last change; memos of
	RemoteName   string            `json:"remote_name,omitempty"` // earlier versions have none
	KeyName      string            `json:"key_name,omitempty"`    // on the remote cluster; empty: not known
	Access       elastic.Access    `json:"access"`
	Identity     string            `json:"certificate_identity,omitempty"` // that the key demands; empty: none
	KeyDays      int               `json:"key_days,omitempty"`             // how long a key lives, from the change that made it; 0: forever
	Expires      time.Time         `json:"expires,omitzero"`               // of a key that is older than the last change
	Settings     map[string]string `json:"settings"`                       // by option, as approved
	Until        time.Time         `json:"until,omitzero"`                 // when the bot removes it; zero: never
	Elsewhere    bool              `json:"elsewhere,omitempty"`            // its address, which nobody knows, was set on purpose
	Adopted      bool              `json:"adopted,omitempty"`              // made by hand and taken under management later
	MadeBy       string            `json:"made_by,omitempty"`              // who asked for it at first, where later changes followed
	FirstRequest string            `json:"first_request,omitempty"`        // the request that made or adopted it, where later ones followed
	MadeAt       time.Time         `json:"made_at,omitzero"`               // when that was applied, likewise

	// What was made for it beside its settings and its key, so that its end can take that back. What was there before,
	// or what people made, is not named.
	Ruleset       string     `json:"ruleset,omitempty"`        // name of the network filter on the remote side
	FilterSources []string   `json:"filter_sources,omitempty"` // what that filter let in when it was made
	Role          string     `json:"role,omitempty"`           // that the bot wrote on the local cluster
	Trust         *TrustMade `json:"trust,omitempty"`          // under the certificate model

	Authority string `json:"authority,omitempty"` // a file by which the remote cluster has come to believe signatures

	// Of the last change, not part of the memo.
	Record change.StoredRecord `json:"-"`
}

// Name is how people and buttons name a connection: "platform/deployment/alias".
type Name struct {
	Local elastic.Ref
	Alias string
}

// String returns "platform/deployment/alias", the form that ParseName reads.
func (n Name) String() string { return n.Local.String() + "/" + n.Alias }

// ParseName reads "platform/deployment/alias".
func ParseName(s string) (Name, error) {
	i := lastSlash(s)
	if i < 0 {
		return Name{}, fmt.Errorf("%q is not of the form platform/deployment/alias", s)
	}
	ref, err := elastic.ParseRef(s[:i])
	if err != nil || s[i+1:] == "" {
		return Name{}, fmt.Errorf("%q is not of the form platform/deployment/alias", s)
	}
	return Name{Local: ref, Alias: s[i+1:]}, nil
}

func lastSlash(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '/' {
			return i
		}
	}
	return -1
}

// To is what people call the remote deployment.
func (m ManagedConnection) To() string { return cmp.Or(m.RemoteName, m.Remote.String()) }
