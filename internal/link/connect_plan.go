package link

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Fields are what people read of a connect.
func Fields(c ConnectParams, s PairState) []change.Field {
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
	if !c.Until.IsZero() {
		add(LabelUntil, UntilLine(c.Until))
	}
	if c.ByCertificate() {
		fields = append(fields, trustFields(c, s)...)
	} else {
		add("May search", strings.Join(c.Access.Search, ", "))
		add("May replicate", strings.Join(c.Access.Replication, ", "))
		add("Key expires", Expiry(c.ExpiryDays))
	}
	fields = append(fields, identityFields(c, s)...)
	fields = append(fields, filterFields(c, s)...)
	add(LabelReaders, readersLine(c, s))
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

// Basis is what the plan rests on: when one of these changes, the approvals are void.
func Basis(c ConnectParams, s PairState) []change.Field {
	return []change.Field{
		{Label: "Local version", Value: s.Local.Version},
		{Label: "Remote version", Value: s.Remote.Version},
		{Label: "Remote endpoint", Value: s.Remote.Endpoint},
		{Label: "Settings under " + c.Alias, Value: s.Settings.Of(c.Alias).String()},
		s.FilterBasis(),
	}
}

// KibanaRemoteClusters is Kibana's page Stack Management → Remote Clusters, below Kibana's own address.
const KibanaRemoteClusters = "/app/management/data/remote_clusters"

// Links are where people see what a connect has made, in Kibana's and the consoles' own words.
func Links(s PairState) []change.Field {
	var all []change.Field
	add := func(label, at string) {
		if u, err := url.Parse(at); err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") {
			all = append(all, change.Field{Label: label, Value: u.String()})
		}
	}
	if s.Local.KibanaURL != "" {
		add("Kibana of "+s.Local.Name+": Stack Management → Remote Clusters", strings.TrimRight(s.Local.KibanaURL, "/")+KibanaRemoteClusters)
	}
	add(SystemLabel(s.LocalOn)+": "+s.Local.Name+" → Security → Remote connections", console(s.LocalOn, s.Local))
	add(SystemLabel(s.RemoteOn)+": "+s.Remote.Name+" → Security", console(s.RemoteOn, s.Remote))
	return all
}

// console is a deployment's page Security in its platform's console, where its remote connections, keys and trust are
// seen (Elastic's docs, "Add trusted environment"); empty where the console's address is not known.
func console(on System, d elastic.Deployment) string {
	if on.ConsoleURL == "" {
		return ""
	}
	return strings.TrimRight(on.ConsoleURL, "/") + "/deployments/" + url.PathEscape(d.Deployment) + "/security"
}

// Extras are what a change does beside the connection itself: a network filter on the remote side, and a role on the
// local one.

// addsFilter reports whether the filters lack anything that c lets in.
func addsFilter(c ConnectParams, s PairState) bool {
	return len(Lacking(s, c.Filter).Allowed()) > 0
}

// ExtrasDiff are the lines of a card that say what an update adds; none where all of it is there.
func ExtrasDiff(c ConnectParams, s PairState) []change.Field {
	var out []change.Field
	if addsFilter(c, s) {
		out = filterFields(c, s)
	}
	if writesRole(c, s) {
		value := c.Role.Name + ", a new one"
		if s.Role != nil {
			value = c.Role.Name + ", extended"
		}
		out = append(out, change.Field{Label: "Role", Value: value})
	}
	return out
}

// RecordExtras keeps in mind what is found again by its name once c is applied.
func RecordExtras(c ConnectParams, m *ManagedConnection, s PairState, env, request string) {
	if addsFilter(c, s) {
		made := Ruleset(c, env, request, s)
		m.Ruleset, m.FilterSources = made.Name, made.Allowed()
	}
	if OwnsRole(c, s) {
		m.Role = c.Role.Name
	}
}

// WarnOrphaned warns where a change adds a second one of what the bot has added before: it remembers one of each.
func WarnOrphaned(w *WarningList, what, before, now string) {
	if before != "" && now != "" && before != now {
		w.Add("The existing %s %s is kept but no longer managed by the bot. Delete it when unused.", what, before)
	}
}

// restartProblems say what stands against a restart.
func restartProblems(s PairState, wrong *change.InvalidError, c ConnectParams) {
	if !c.Restart {
		return
	}
	if _, ok := s.LocalOn.Platform.(elastic.Restarts); !ok {
		wrong.Add(FieldRestart, "the bot can't restart deployments of %s", SystemLabel(s.LocalOn))
	}
	if c.ByCertificate() {
		wrong.Add(FieldRestart, "there is no key that a restart would load")
	}
}

func warnRestart(w *WarningList, s PairState, c ConnectParams) {
	if c.Restart {
		w.Add("%s WILL BE RESTARTED so that its nodes read the key. From 8.14 on, no restart is needed.", s.Local.Name)
	}
}
