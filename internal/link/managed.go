package link

import (
	"cmp"
	"encoding/json"
	"maps"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Name names the connection.
func (m ManagedConnection) Name() Name { return Name{Local: m.Local, Alias: m.Alias} }

// On is what people call the local deployment: its name, or its id where no name is remembered.
func (m ManagedConnection) On() string { return cmp.Or(m.LocalName, m.Local.String()) }

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

// EndNoticed is when people are asked whether the connection is to be extended: a day before its end, or at half of a
// shorter life. Zero: never.
func (m ManagedConnection) EndNoticed() time.Time {
	if m.Until.IsZero() {
		return time.Time{}
	}
	return m.Until.Add(-min(day, m.Until.Sub(m.Record.At)/2))
}

// EndsSoon reports whether they are asked by then.
func (m ManagedConnection) EndsSoon(by time.Time) bool {
	return !m.Until.IsZero() && !by.Before(m.EndNoticed())
}

// Maker is who asked for the connection at first.
func (m ManagedConnection) Maker() string { return cmp.Or(m.MadeBy, m.Record.By.User) }

// First is the request that made or adopted the connection.
func (m ManagedConnection) First() string { return cmp.Or(m.FirstRequest, m.Record.Request) }

// Since is when it was made or adopted; zero: not known.
func (m ManagedConnection) Since() time.Time {
	if m.FirstRequest != "" {
		return m.MadeAt
	}
	return m.Record.At
}

// ApprovedAt is when people approved what it allows: a rotation leaves that as it was.
func (m ManagedConnection) ApprovedAt() time.Time { return cmp.Or(m.Record.Approved, m.Record.At) }

// AsRecord is what a change leaves to remember of a connection.
func (m ManagedConnection) AsRecord() change.Record {
	return change.Record{Key: Target(m.Local, m.Alias), Value: elastic.RawJSON(m), Until: m.Until}
}

// Forget is what a change leaves that ends a connection.
func Forget(n Name) change.Record { return change.Record{Key: Target(n.Local, n.Alias)} }

// FollowedBy is m after another change: it keeps who began it, and what was made for it.
func (m ManagedConnection) FollowedBy(next ManagedConnection) ManagedConnection {
	next.Adopted = m.Adopted
	next.Elsewhere = next.Elsewhere || m.Elsewhere && sameAddress(next.AsConnect(ConnectParams{}), m.AsConnect(ConnectParams{}))
	if next.Ruleset == "" {
		next.Ruleset, next.FilterSources = m.Ruleset, m.FilterSources
	}
	next.Role, next.Trust, next.Authority = cmp.Or(next.Role, m.Role), cmp.Or(next.Trust, m.Trust), cmp.Or(next.Authority, m.Authority)
	next.LocalName, next.RemoteName = cmp.Or(next.LocalName, m.LocalName), cmp.Or(next.RemoteName, m.RemoteName)
	next.MadeBy, next.MadeAt, next.FirstRequest = m.Maker(), m.Since(), m.First()
	return next
}

// Managed is a connect as it is remembered.
func (c ConnectParams) Managed(keyName string) ManagedConnection {
	return ManagedConnection{
		Local: c.Local, Remote: c.Remote, Alias: c.Alias, KeyName: keyName, Access: c.Access, KeyDays: c.ExpiryDays,
		Settings: c.Settings().Options(c.Alias), Identity: c.IdentityPattern(), Until: c.Until,
	}
}

// Making is the connection as it is remembered, with what is made for it in the world as it is. others are the managed
// connections: what the bot added to a trust for one of them is shared by c where c rests on it too.
func (c ConnectParams) Making(s PairState, env, request string, others map[Name]ManagedConnection) ManagedConnection {
	m := c.Managed(c.KeyName(env, request)).Named(s)
	RecordExtras(c, &m, s, env, request)
	m.Elsewhere = c.Elsewhere && AddressKind(s, c) == AddressOther
	m.Authority = c.believed(s, others)
	if !c.ByCertificate() || s.Trust == nil {
		return m
	}
	e := Entries(s, c)
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
// to that. Like a trust it is shared with others that rest on it, so that the one who ends last takes it back.
func (c ConnectParams) believed(s PairState, others map[Name]ManagedConnection) string {
	if c.Identity == nil || s.Signing == nil || s.WantsPasted() { // where people make the key, they set this, too
		return ""
	}
	file, _ := OwnAuthority(s)
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
	return KeySpec(c, env, request).Name
}

// AsConnect fills the settings that were approved into c.
func (m ManagedConnection) AsConnect(c ConnectParams) ConnectParams {
	c.ProxyAddress, c.ServerName = m.Settings["proxy_address"], m.Settings["server_name"]
	c.SkipUnavailable = m.Settings["skip_unavailable"] != "false"
	c.Compress, c.Scheme = m.Settings["transport.compress"], m.Settings["transport.compression_scheme"]
	c.PingSchedule = m.Settings["transport.ping_schedule"]
	c.Identity = identityOf(m.Identity, m.Settings)
	return c
}

// Settings are what makes the connection on the local cluster, all sent in one call: Elasticsearch refuses an option
// without an address, and an address without the mode.
func (c ConnectParams) Settings() elastic.Settings {
	set := map[string]any{
		"mode":             "proxy", // the only one that works with ECE and Elastic Cloud
		"proxy_address":    c.ProxyAddress,
		"server_name":      c.ServerName,
		"skip_unavailable": c.SkipUnavailable, // always written: its default changed with 8.15
	}
	if c.ProxySockets > 0 {
		set["proxy_socket_connections"] = c.ProxySockets
	}
	if c.Compress != "" {
		set["transport.compress"] = c.Compress
	}
	if c.Scheme != "" {
		set["transport.compression_scheme"] = c.Scheme
	}
	if c.PingSchedule != "" {
		set["transport.ping_schedule"] = c.PingSchedule
	}
	if c.Identity != nil {
		maps.Copy(set, c.Identity.options())
	}
	s := elastic.Settings{Persistent: map[string]json.RawMessage{}}
	for name, value := range set {
		s.Persistent[elastic.RemotePrefix+c.Alias+"."+name] = elastic.RawJSON(value)
	}
	return s
}
