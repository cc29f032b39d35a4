package link

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
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
	KeyDays      int               `json:"key_days,omitempty"`             // how long a key lives, from the change that made it; 0: for ever
	Expires      time.Time         `json:"expires,omitzero"`               // of a key that is older than the last change
	Settings     map[string]string `json:"settings"`                       // by option, as approved
	Elsewhere    bool              `json:"elsewhere,omitempty"`            // its address, which nobody knows, was set on purpose
	Adopted      bool              `json:"adopted,omitempty"`              // made by hand and taken under management later
	MadeBy       string            `json:"made_by,omitempty"`              // who asked for it at first, where later changes followed
	FirstRequest string            `json:"first_request,omitempty"`        // the request that made or adopted it, where later ones followed

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

// Name names the connection.
func (m ManagedConnection) Name() Name { return Name{Local: m.Local, Alias: m.Alias} }

// On is what people call the local deployment: its name, or its id where no name is remembered.
func (m ManagedConnection) On() string { return cmp.Or(m.LocalName, m.Local.String()) }

// To is what people call the remote deployment.
func (m ManagedConnection) To() string { return cmp.Or(m.RemoteName, m.Remote.String()) }

// givenRemoteName is what the owner of the remote deployment called it: the name that is remembered, without the part of
// the id that tells it from its namesakes.
func (m ManagedConnection) givenRemoteName() string {
	i := strings.LastIndex(m.RemoteName, " [")
	if i < 0 {
		return m.RemoteName
	}
	if id := strings.TrimSuffix(m.RemoteName[i+2:], "]"); id == "" || !strings.HasPrefix(m.Remote.Deployment, id) {
		return m.RemoteName
	}
	return m.RemoteName[:i]
}

// Named is m with the names that the deployments have now.
func (m ManagedConnection) Named(s PairState) ManagedConnection {
	m.LocalName, m.RemoteName = s.Local.Name, s.Remote.Name
	return m
}

// KeyExpires is when the key stops being accepted; zero: never, or nobody knows.
func (m ManagedConnection) KeyExpires() time.Time {
	switch {
	case !m.Expires.IsZero():
		return m.Expires
	case m.KeyDays > 0 && !m.Record.At.IsZero():
		return m.Record.At.Add(time.Duration(m.KeyDays) * day)
	}
	return time.Time{}
}

// Maker is who asked for the connection at first.
func (m ManagedConnection) Maker() string { return cmp.Or(m.MadeBy, m.Record.By.User) }

// AsRecord is what a change leaves to remember of a connection.
func (m ManagedConnection) AsRecord() change.Record {
	return change.Record{Key: Target(m.Local, m.Alias), Value: elastic.RawJSON(m)}
}

// Forget is what a change leaves that ends a connection.
func Forget(n Name) change.Record { return change.Record{Key: Target(n.Local, n.Alias)} }

// FollowedBy is m after another change: it keeps who began it, and what was made for it.
func (m ManagedConnection) FollowedBy(next ManagedConnection) ManagedConnection {
	next.Adopted = m.Adopted
	next.Elsewhere = next.Elsewhere || m.Elsewhere && next.AsConnect(ConnectParams{}).sameAddress(m.AsConnect(ConnectParams{}))
	if next.Ruleset == "" {
		next.Ruleset, next.FilterSources = m.Ruleset, m.FilterSources
	}
	next.Role, next.Trust, next.Authority = cmp.Or(next.Role, m.Role), cmp.Or(next.Trust, m.Trust), cmp.Or(next.Authority, m.Authority)
	next.LocalName, next.RemoteName = cmp.Or(next.LocalName, m.LocalName), cmp.Or(next.RemoteName, m.RemoteName)
	next.MadeBy = m.Maker()
	next.FirstRequest = cmp.Or(m.FirstRequest, m.Record.Request)
	return next
}

// Managed is a connect as it is remembered.
func (c ConnectParams) Managed(keyName string) ManagedConnection {
	return ManagedConnection{
		Local: c.Local, Remote: c.Remote, Alias: c.Alias, KeyName: keyName, Access: c.Access, KeyDays: c.ExpiryDays,
		Settings: c.Settings().Options(c.Alias), Identity: c.IdentityPattern(),
	}
}

// Making is the connection as it is remembered, with what is made for it in the world as it is. others are the managed
// connections: what the bot added to a trust for one of them is shared by c where c rests on it too.
func (c ConnectParams) Making(s PairState, env, request string, others map[Name]ManagedConnection) ManagedConnection {
	m := c.Managed(c.KeyName(env, request)).Named(s)
	c.RecordExtras(&m, s, env, request)
	m.Elsewhere = c.Elsewhere && s.AddressKind(c) == AddressOther
	m.Authority = c.believed(s, others)
	if !c.ByCertificate() || s.Trust == nil {
		return m
	}
	e := s.Entries(c)
	m.Trust = &TrustMade{Local: added(s.Trust.Local.Trusted.Settings, e.Local), Remote: added(s.Trust.Remote.Trusted.Settings, e.Remote)}
	for _, o := range others {
		for _, theirs := range o.trustOf(c.Local) {
			m.Trust.Local = m.Trust.Local.sharing(theirs, e.Local)
		}
		for _, theirs := range o.trustOf(c.Remote) {
			m.Trust.Remote = m.Trust.Remote.sharing(theirs, e.Remote)
		}
	}
	return m
}

// believed is the file by which the remote cluster comes to believe the local one's signatures; empty if people have seen
// to that. Like a trust it is shared with others that rest on it, so that whoever ends last takes it back.
func (c ConnectParams) believed(s PairState, others map[Name]ManagedConnection) string {
	if c.Identity == nil || s.Signing == nil || s.WantsPasted() { // where people make the key, they set this, too
		return ""
	}
	file, _ := s.Authority()
	if s.Signing.Changes() {
		return file
	}
	for _, o := range others {
		if o.Remote == c.Remote && o.Authority == file {
			return file
		}
	}
	return ""
}

// trustOf is what was added for m to whom a deployment trusts.
func (m ManagedConnection) trustOf(of elastic.Ref) []AddedTrust {
	var all []AddedTrust
	if m.Trust != nil && m.Local == of {
		all = append(all, m.Trust.Local)
	}
	if m.Trust != nil && m.Remote == of {
		all = append(all, m.Trust.Remote)
	}
	return all
}

// KeyName is the name of the key that a connect makes; empty under the certificate model, which has none.
func (c ConnectParams) KeyName(env, request string) string {
	if c.ByCertificate() {
		return ""
	}
	return c.KeySpec(env, request).Name
}

// SortNames puts names in order.
func SortNames(names []Name) {
	slices.SortFunc(names, func(a, b Name) int { return cmp.Compare(a.String(), b.String()) })
}
