package link

import (
	"net"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// FieldElsewhere is the tick that a connection goes to an address which the platform does not know.
const FieldElsewhere = "elsewhere"

const (
	traitAddress = "address"
	traitUntil   = "until"
)

// AddressKind says whose address and server name c connects to. What the platform does not tell counts as other.
func AddressKind(s PairState, c ConnectParams) string {
	known := AddressFor(c.Model, s.Remote)
	if known != "" && c.ProxyAddress == known && c.ServerName == s.Remote.Endpoint {
		return AddressPlatform
	}
	host, _, err := net.SplitHostPort(c.ProxyAddress)
	if err == nil && private(s, host) && (c.ServerName == s.Remote.Endpoint || private(s, c.ServerName)) {
		return AddressPrivate
	}
	return AddressOther
}

// GoesElsewhere reports whether the traits of a change say that it goes to an address of nobody known.
func GoesElsewhere(traits map[string][]string) bool {
	return slices.Contains(traits[traitAddress], AddressOther)
}

func sameAddress(c ConnectParams, o ConnectParams) bool {
	return c.ProxyAddress == o.ProxyAddress && c.ServerName == o.ServerName
}

// ElsewhereProblems refuse an address of nobody known, unless who asks has said that it is meant, and a private one that can't be used.
func ElsewhereProblems(s PairState, wrong *change.InvalidError, c ConnectParams) {
	PrivateProblems(s, wrong, c)
	if len(wrong.Problems) > 0 || c.Elsewhere || AddressKind(s, c) != AddressOther {
		return
	}
	known, field, typed := AddressFor(c.Model, s.Remote), FieldAddress, c.ProxyAddress
	if c.ProxyAddress == known {
		field, typed = FieldServerName, c.ServerName
	}
	wrong.Add(field, "%s differs from what the platform reports for %s (%s, %s): use that, or select \"Use it anyway\" (under Advanced settings)",
		typed, s.Remote.Name, known, s.Remote.Endpoint)
}

// WarnElsewhere warns of an address of nobody known.
func WarnElsewhere(w *WarningList, s PairState, c ConnectParams) {
	if AddressKind(s, c) == AddressOther {
		w.Add("The address or server name differs from what the platform reports for %s (%s, %s).", s.Remote.Name, AddressFor(c.Model, s.Remote), s.Remote.Endpoint)
	}
}

// PrivateHostsOf are the private hosts that lead to d.
func (s System) PrivateHostsOf(d elastic.Deployment) []string {
	var all []string
	for _, p := range s.PrivateHosts {
		if p.Region != "" && p.Region != d.Region {
			continue
		}
		for _, h := range p.Hosts {
			if zone, each := strings.CutPrefix(h, "*"); each {
				h = d.ClusterID + zone
			}
			all = append(all, h)
		}
	}
	return all
}

// Leads reports whether a private host leads to d. In place of a * stands what names one deployment alone: the id of its
// Elasticsearch cluster, or an alias, which its endpoint begins with.
func (s System) Leads(host string, d elastic.Deployment) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if slices.ContainsFunc(s.PrivateHostsOf(d), func(h string) bool { return strings.EqualFold(h, host) }) {
		return host != ""
	}
	for _, p := range s.PrivateHosts {
		for _, h := range p.Hosts {
			zone, each := strings.CutPrefix(strings.ToLower(h), "*")
			name, under := strings.CutSuffix(host, zone)
			if each && under && (p.Region == "" || p.Region == d.Region) && firstLabel(name) == firstLabel(d.Endpoint) && name != "" {
				return true
			}
		}
	}
	return false
}

func firstLabel(host string) string {
	first, _, _ := strings.Cut(host, ".")
	return first
}

// private reports whether a host is a private one of the remote deployment that the local side can reach: deployments of
// Elastic Cloud are in networks of Elastic's, from which no private host resolves (Elastic's docs, "Remote clusters": connection
// paths).
func private(s PairState, host string) bool {
	return s.LocalOn.Kind != elastic.KindECH && s.RemoteOn.Leads(host, s.Remote)
}

// PrivateHint is what people should know of private addresses before they fill one in; empty: nothing.
func PrivateHint(s PairState) string {
	hosts := s.RemoteOn.PrivateHostsOf(s.Remote)
	switch {
	case s.LocalOn.Kind == elastic.KindECH && s.RemoteOn.Kind == elastic.KindECH:
		return "Elastic Cloud reaches Elastic Cloud only by the public address."
	case s.LocalOn.Kind == elastic.KindECH || len(hosts) == 0:
		return ""
	}
	return "Or the host of a private connection: " + JoinWords(hosts) + "."
}

// PrivateProblems refuse what a private host can't be used for.
func PrivateProblems(s PairState, wrong *change.InvalidError, c ConnectParams) {
	host, port, err := net.SplitHostPort(c.ProxyAddress)
	if err != nil || !s.RemoteOn.Leads(host, s.Remote) || host == s.Remote.Endpoint {
		return
	}
	known := AddressFor(c.Model, s.Remote)
	switch _, told, _ := net.SplitHostPort(known); {
	case s.LocalOn.Kind == elastic.KindECH:
		wrong.Add(FieldAddress, "%s is private: Elastic Cloud deployments reach each other only by their public address, %s", host, known)
	case s.RemoteOn.Kind != elastic.KindECH: // what an ECE's operator puts before it may answer at any port
	case port != told:
		wrong.Add(FieldAddress, "a private connection to Elastic Cloud uses port %s here, not %s", told, port)
	case !c.ByCertificate() && strings.HasPrefix(s.Remote.Region, "gcp-"):
		wrong.Add(FieldAddress, "Private Service Connect of Google Cloud does not support port %s for API keys: use the public address, %s", port, known)
	}
}

// RightAddress is where the connection is to go: a private host that it goes to stays, and so does an address that nobody knows and
// that a request has set on purpose; else it is what the platform says.
func RightAddress(e ConnectionState) (address, serverName string) {
	if m := e.Managed; m != nil && m.Elsewhere {
		return m.Settings["proxy_address"], m.Settings["server_name"]
	}
	return RightAddressOf(e.PairState, e.Params())
}

// RightAddressOf is where a connection by that model is to go that goes as c does.
func RightAddressOf(s PairState, c ConnectParams) (address, serverName string) {
	known := AddressFor(c.Model, s.Remote)
	host, port, err := net.SplitHostPort(c.ProxyAddress)
	if err != nil || !private(s, host) {
		return known, s.Remote.Endpoint
	}
	if _, told, _ := net.SplitHostPort(known); s.RemoteOn.Kind == elastic.KindECH || IsTransportPort(c.ProxyAddress) {
		port = told
	}
	if serverName = c.ServerName; !private(s, serverName) {
		serverName = s.Remote.Endpoint
	}
	return net.JoinHostPort(host, port), serverName
}

// GoesPrivately reports whether c goes to a private host of a deployment of Elastic Cloud: then the filter that names the private
// endpoint counts, not the one that names addresses.
func GoesPrivately(s PairState, c ConnectParams) bool {
	return s.RemoteOn.Kind == elastic.KindECH && AddressKind(s, c) == AddressPrivate
}

func warnPrivateFilters(w *WarningList, s PairState, apply string) {
	say := apply + ": for a private connection, only a filter that names its endpoint applies"
	kinds := []string{elastic.FilterAWS, elastic.FilterAzure, elastic.FilterGCP}
	if !slices.ContainsFunc(s.Rulesets, func(r elastic.Ruleset) bool { return slices.Contains(kinds, r.Type) }) {
		say += ", and there is none"
	}
	w.Add("%s.", say)
}
