package link

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// ConnectionState is how one connection stands, read now from both sides.
type ConnectionState struct {
	Name
	PairState                     // of both sides; the remote one is empty where it is not known
	Own        elastic.Settings   // of the alias
	Info       elastic.RemoteInfo // of the alias
	Listed     bool               // _remote/info lists it
	Forgotten  bool               // it does not, though the settings name it: the nodes do not know it
	HasKey     bool               // the local keystore has an entry for it
	Managed    *ManagedConnection // nil: made by hand, or unknown
	Keys       []elastic.Key      // active ones of the managed key's name
	KeysUnread error              // why the keys could not be read
	Users      []string           // what goes through it, in words
	Tasks      []elastic.Task     // of what goes through it, all but roles
	UsesUnread []UnreadUse        // what may go through it, and could not be looked at
	Roles      []string           // that name the alias, or a pattern of it; not Elasticsearch's own
	WideRoles  []string           // that name every remote cluster (*), likewise
}

// HasRemote reports whether the remote deployment is known.
func (e ConnectionState) HasRemote() bool { return e.Remote.Deployment != "" }

// Exists reports whether the local cluster knows the alias.
func (e ConnectionState) Exists() bool { return e.Listed || !e.Own.Empty() }

// KeyGone reports whether the key that the bot made for it is known to be valid no more.
func (e ConnectionState) KeyGone() bool {
	return e.Managed != nil && e.Managed.KeyName != "" && e.HasRemote() && e.KeysUnread == nil && len(e.Keys) == 0
}

// LacksEnrich reports whether ES|QL's ENRICH is refused through the connection for the age of its key alone.
func (e ConnectionState) LacksEnrich() bool {
	v, err := elastic.ParseVersion(e.Remote.Version)
	return err == nil && v.AtLeast(8, 15) && slices.ContainsFunc(e.Keys, func(k elastic.Key) bool { return k.NoEnrich })
}

// Params is the connection as parameters: what is set now, and of the rest what is remembered.
func (e ConnectionState) Params() ConnectParams {
	set := e.Own.Options(e.Alias)
	c := ConnectParams{
		Local: e.Name.Local, Remote: e.Remote.Ref, Alias: e.Alias,
		ProxyAddress: set["proxy_address"], ServerName: set["server_name"],
		SkipUnavailable: set["skip_unavailable"] != "false", Compress: set["transport.compress"],
		Scheme: set["transport.compression_scheme"], PingSchedule: set["transport.ping_schedule"],
	}
	c.Identity = e.identity()
	if n, err := strconv.Atoi(set["proxy_socket_connections"]); err == nil {
		c.ProxySockets = n
	}
	if e.Managed != nil {
		c.Access, c.ExpiryDays, c.Until = e.Managed.Access, e.Managed.KeyDays, e.Managed.Until
		if !e.HasRemote() {
			c.Remote = e.Managed.Remote
		}
	}
	return c
}

// Searched are the patterns that may be searched through the connection: by its key, or as approved. Empty: not known.
func (e ConnectionState) Searched() []string {
	for _, k := range e.Keys {
		if len(k.Access.Search) > 0 {
			return k.Access.Search
		}
	}
	if e.Managed != nil {
		return e.Managed.Access.Search
	}
	return nil
}

// Certified reports whether the connection uses certificates, and is meant to. A key that the nodes have left of an
// earlier connection does not change that.
func (e ConnectionState) Certified() bool {
	stale := e.ReadError(PartKeystore) == nil && IsTransportPort(e.Own.Options(e.Alias)["proxy_address"])
	return !e.HasKey && (e.Managed == nil || e.Managed.KeyName == "") && (e.Info.Credentials == "" || stale)
}

// ByCertificate reports whether the connection uses TLS certificates. One that points to the port for keys only lacks
// its key.
func (e ConnectionState) ByCertificate() bool {
	return e.Exists() && e.Certified() && !strings.HasSuffix(e.Own.Options(e.Alias)["proxy_address"], ":"+strconv.Itoa(elastic.KeyPort))
}

// Title is "<verb> <alias> of <local>".
func (e ConnectionState) Title(verb string) string {
	s := fmt.Sprintf("%s %s of %s", verb, e.Alias, e.PairState.Local.Name)
	if e.HasRemote() {
		s += " (to " + e.Remote.Name + ")"
	}
	return s
}

// Sides are the lines of a card that say which connection is meant.
func (e ConnectionState) Sides() []change.Field {
	remote := "not a deployment that the bot can see"
	switch {
	case e.HasRemote():
		remote = Describe(e.Remote) + " on " + SystemLabel(e.RemoteOn)
	case e.Managed != nil:
		remote = e.Managed.To() + ", which no longer exists"
	}
	sides := []change.Field{
		{Label: "Local", Value: Describe(e.PairState.Local) + " on " + SystemLabel(e.LocalOn)},
		{Label: "Remote", Value: remote},
		{Label: "Alias", Value: e.Alias},
	}
	if end := e.End(); !end.IsZero() {
		sides = append(sides, change.Field{Label: LabelUntil, Value: UntilLine(end)})
	}
	return sides
}

// End is when the bot removes the connection; zero: never.
func (e ConnectionState) End() time.Time {
	if e.Managed == nil {
		return time.Time{}
	}
	return e.Managed.Until
}

// Basis is what a change of an existing connection rests on.
func (e ConnectionState) Basis() []change.Field {
	var keys []string
	for _, k := range e.Keys {
		keys = append(keys, k.ID)
	}
	slices.Sort(keys)
	basis := []change.Field{
		{Label: "Local version", Value: e.PairState.Local.Version},
		{Label: "Remote version", Value: e.Remote.Version},
		{Label: "Remote endpoint", Value: e.Remote.Endpoint},
		{Label: "Settings under " + e.Alias, Value: e.Own.String()},
		{Label: "Key in the local keystore", Value: strconv.FormatBool(e.HasKey)},
		{Label: "Active keys", Value: strings.Join(keys, ", ")},
	}
	if end := e.End(); !end.IsZero() {
		basis = append(basis, change.Field{Label: LabelUntil, Value: SayUntil(end)})
	}
	return basis
}

// IsTransportPort reports whether an address is at a port for certificates.
func IsTransportPort(address string) bool {
	_, text, err := net.SplitHostPort(address)
	port, err2 := strconv.Atoi(text)
	return err == nil && err2 == nil && elastic.TransportPorts[port]
}

// identity are the terms of the connection, as they are set and remembered, so that a new key demands the same.
func (e ConnectionState) identity() *IdentityOptions {
	pattern := ""
	if e.Managed != nil {
		pattern = e.Managed.Identity
	}
	for _, k := range e.Keys {
		pattern = cmp.Or(pattern, k.Identity)
	}
	if pattern != "" && Unsigned(e) {
		return identityOf(pattern, e.Managed.Settings)
	}
	t := identityOf(pattern, e.Own.Options(e.Alias))
	if t != nil && t.Certificate == "" { // what the nodes sign with is shown to nobody
		by, _ := signature(e.PairState) // what is wrong with it is told where a key is to be made
		t.Certificate, t.Key = by.Certificate, by.Key
	}
	return t
}

// KeyLine describes the active keys of a connection in a line; empty where none is known.
func (e ConnectionState) KeyLine() string {
	if len(e.Keys) == 0 {
		return ""
	}
	k := e.Keys[0]
	s := k.Name + " (" + k.ID + ")"
	if !k.Expires.IsZero() {
		s += ", expires on " + k.Expires.UTC().Format("2006-01-02")
	}
	return s
}

// Drift says what is not as it was approved; empty if nothing is.
func (e ConnectionState) Drift() string {
	if e.Own.Empty() || e.Managed == nil {
		return "" // lost, and said so
	}
	var diff []string
	m := *e.Managed
	now := e.Own.Options(e.Alias)
	options := slices.Sorted(maps.Keys(m.Settings))
	for _, option := range slices.Sorted(maps.Keys(now)) {
		if _, ok := m.Settings[option]; !ok {
			options = append(options, option)
		}
	}
	for _, option := range options {
		if now[option] != m.Settings[option] {
			diff = append(diff, fmt.Sprintf("%s is %s and was approved as %s", option, OrDefault(now[option]), OrDefault(m.Settings[option])))
		}
	}
	for _, k := range e.Keys {
		if m.Identity != "" && k.Identity != m.Identity {
			diff = append(diff, fmt.Sprintf("the key requires certificates of %s and was approved for %s", OrDefault(k.Identity), m.Identity))
		}
		if len(k.Access.Search)+len(k.Access.Replication) > 0 && len(Grants(m.Access)) > 0 && !k.Access.Equal(m.Access) {
			diff = append(diff, fmt.Sprintf("the key may read %s and was approved for %s", AccessWords(k.Access), AccessWords(m.Access)))
		}
	}
	return strings.Join(diff, "; ")
}

// AccessWords are the patterns that may be read, and their limits.
func AccessWords(a elastic.Access) string {
	var patterns []string
	for _, g := range Grants(a) {
		patterns = append(patterns, g.Pattern)
	}
	if limits := Limits(a); limits != "" {
		return JoinWords(patterns) + " (" + limits + ")"
	}
	return JoinWords(patterns)
}
