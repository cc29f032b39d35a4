package link

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// needed are the parts without which nothing can be said about a connect.
var needed = []Part{PartLocalCluster, PartRemoteCluster, PartSettings, PartKeystore}

// Fields are what people read of a connect.
func (c ConnectParams) Fields(s PairState) []change.Field {
	fields := []change.Field{
		{Label: "Local", Value: Describe(s.Local) + " on " + SystemLabel(s.LocalOn)},
		{Label: "Remote", Value: Describe(s.Remote) + " on " + SystemLabel(s.RemoteOn)},
		{Label: "Alias", Value: c.Alias},
	}
	add := func(label, value string) {
		if value != "" {
			fields = append(fields, change.Field{Label: label, Value: value})
		}
	}
	if known := AddressFor(c.Model, s.Remote); c.ProxyAddress != known { // the platform's own is no choice of anybody
		add("Proxy address", c.ProxyAddress)
	}
	if c.ServerName != s.Remote.Endpoint {
		add("Server name", c.ServerName)
	}
	if c.ByCertificate() {
		fields = append(fields, c.trustFields(s)...)
	} else {
		add("May search", strings.Join(c.Access.Search, ", "))
		add("May replicate", strings.Join(c.Access.Replication, ", "))
		add("Key expires", Expiry(c.ExpiryDays))
	}
	fields = append(fields, c.identityFields(s)...)
	fields = append(fields, c.filterFields(s)...)
	add(LabelReaders, c.readersLine(s))
	if c.ProxySockets > 0 {
		add("Sockets", strconv.Itoa(c.ProxySockets))
	}
	add("Compression", c.Compress)
	add("Compression scheme", c.Scheme)
	add("Ping schedule", c.PingSchedule)
	return fields
}

// Expiry says in words how long a key lives.
func Expiry(days int) string {
	switch days {
	case 0:
		return "never"
	case 1:
		return "after 1 day"
	}
	return fmt.Sprintf("after %d days", days)
}

// SystemLabel is what people call a platform.
func SystemLabel(s System) string {
	if s.Label != "" {
		return s.Label
	}
	return s.Name
}

// Basis is what the plan rests on: when one of these changes, the approvals are void.
func (c ConnectParams) Basis(s PairState) []change.Field {
	return []change.Field{
		{Label: "Local version", Value: s.Local.Version},
		{Label: "Remote version", Value: s.Remote.Version},
		{Label: "Remote endpoint", Value: s.Remote.Endpoint},
		{Label: "Settings under " + c.Alias, Value: s.Settings.Of(c.Alias).String()},
		s.FilterBasis(),
	}
}
