package link

import (
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// fixFor is the change that mends a cause, where the bot has one.
func (x *HealthReport) fixFor(c Cause) (kind change.Kind, why string) {
	certified := x.certified() && (transportPort(x.Own.Options(x.Alias)["proxy_address"]) ||
		x.Managed != nil && transportPort(x.Managed.Settings["proxy_address"]))
	switch {
	case certified && (c.ofTrust() || c == CausePort) && canUseKeys(x.PairState.Local) && canUseKeys(x.Remote):
		return KindMigrate, "A migration makes an API key under the same alias, which needs no trust between certificates."
	case (c == CauseTrust || c == CauseTrustedNames || c == CauseServerName) && x.matchesPlatform():
		return "", "" // what the remote side shows is mended there
	case c == CauseNotRead, c == CauseStaleKey, c == CauseSkip, c == CauseExpired:
		return "", "" // for people, on the local cluster or on the platform
	case x.Managed == nil:
		return KindAdopt, "The bot changes nothing that was made by hand: adopt the connection, then it can be mended."
	case certified:
		return "", "" // what else is wrong with certificates is mended on the platforms
	}
	switch c { //nolint:exhaustive // the others are for people
	case CausePort, CauseTrust, CauseServerName, CauseUnknownHost, CauseUnreachable, CauseNotTold:
		if x.matchesPlatform() {
			return "", ""
		}
		return KindUpdate, "An update sets the address and server name that the platform tells."
	case CauseNoKey, CauseBadKey, CauseKeyType, CauseMalformedKey:
		return KindRotate, "A rotation makes a new key and stores it."
	case CauseIdentity:
		if x.unsigned() {
			return KindUpdate, "An update makes the local nodes sign again."
		}
	case CauseNotAllowed:
		return KindUpdate, "An update changes what the key may read."
	case CauseFilter:
		if x.CanAddFilters() {
			return KindUpdate, "An update adds a network filter that lets the local side in. A person confirms the addresses: behind NAT nobody else knows them."
		}
	case CauseNoPrivileges:
		if len(x.Roles) == 0 && x.mayWriteRoles() {
			return KindUpdate, "An update writes a role for it; whom to give it to, people decide."
		}
	}
	return "", ""
}

// matchesPlatform reports whether the connection goes where the platform says that the remote deployment is.
func (x *HealthReport) matchesPlatform() bool {
	now, told := PrefillUpdate(x.ConnectionState), FixParams(x.ConnectionState, CauseTrust)
	return x.HasRemote() && now.ProxyAddress == told.ProxyAddress && now.ServerName == told.ServerName
}

func (x *HealthReport) mayWriteRoles() bool {
	es, err := x.localOn.Cluster(x.PairState.Local)
	_, ok := es.(elastic.Roles)
	return err == nil && ok
}

// FixParams is the update that mends a cause: it sets what the platform says of the remote deployment, or adds a filter or
// a role. Everything else stays as it is.
func FixParams(e ConnectionState, c Cause) UpdateParams {
	u := PrefillUpdate(e)
	switch c { //nolint:exhaustive // the others are mended by the address, or by what people fill in
	case CauseFilter:
		addresses, _ := e.blockedAddresses()
		u.Filter = &FilterOptions{Sources: addresses}
	case CauseNoPrivileges:
		u.Role = &RoleOptions{Name: roleFor(e)}
	default:
		if e.HasRemote() && e.Remote.Endpoint != "" {
			u.ProxyAddress, u.ServerName = e.Remote.TakesKeysAt(), e.Remote.Endpoint
		}
	}
	return u
}

// blockedAddresses are the addresses of the local side that the remote's filters do not let in, and whether the operator has said
// that they are these. Of what an ECE's hosts call themselves IPv4 addresses count, as a filter takes no other; Elastic
// Cloud never sees the private ones.
func (s PairState) blockedAddresses() (addresses []string, known bool) {
	addresses, known = s.egress()
	out := uncovered(addresses, s.Rulesets)
	if known {
		return out, true
	}
	inside := s.remoteOn.Kind != elastic.KindECH || s.localOn.Name == s.remoteOn.Name
	return slices.DeleteFunc(out, func(a string) bool {
		p, err := prefix(a)
		return err != nil || !p.Addr().Is4() || !p.Addr().IsGlobalUnicast() || p.Addr().IsPrivate() && !inside
	}), false
}

// roleFor is the name of a role for those who shall search through a connection.
func roleFor(e ConnectionState) string {
	if e.Managed != nil && e.Managed.Role != "" {
		return e.Managed.Role
	}
	const suffix = "-readers"
	return strings.TrimLeft(e.Alias[:min(len(e.Alias), 100-len(suffix))], "_-") + suffix
}

// filtered looks whether the remote's network filters are what keeps the local side out. It asks only where the
// connection does not come up and nothing more specific is known.
func (x *HealthReport) filtered(f *finding) *finding {
	switch f.diagnosis.Cause { //nolint:exhaustive // the others say that the remote side was reached
	case CauseUnreachable, CauseDropped, CauseNotTold:
	default:
		return f
	}
	if x.open() || x.model() == ModelCertificate {
		return f
	}
	var w warnings
	w.filters(x.PairState)
	f.diagnosis.Fix = strings.Join(w, " ")
	addresses, known := x.egress()
	out := uncovered(addresses, x.Rulesets)
	if len(addresses) > 0 && len(out) == 0 {
		return f // it is something else
	}
	if known {
		f.diagnosis.Cause = CauseFilter
		f.diagnosis.Say = "The network filters of " + x.Remote.Name + " shut " + x.PairState.Local.Name + " out."
		f.say += "; no filter lets in " + list(out)
	}
	if !x.CanAddFilters() {
		f.diagnosis.Fix += " The bot's configuration does not let it add one: add it on the platform of " + x.Remote.Name + "."
	}
	f.fix, f.why = x.fixFor(CauseFilter)
	return f
}

// readers looks whether anybody but superusers may search through the connection. That is no fault of it, but what
// people meet first.
func (x *HealthReport) readers() *finding {
	const name = "Roles that name it"
	if x.Info.Credentials == "" || x.UsersUnread != nil {
		return nil // under the certificate model the remote cluster's roles decide
	}
	if len(x.Roles) > 0 {
		return pass(name, "%s", list(x.Roles))
	}
	say := "no role names " + x.Alias + ": only superusers may search it"
	if len(x.WideRoles) > 0 {
		say += ", and who has a role for every remote cluster (" + list(x.WideRoles) + ")"
	}
	f := pass(name, "%s", say)
	f.hint = &Diagnosis{
		Cause: CauseNoPrivileges, Say: "No role names " + x.Alias + ".",
		Fix: "Give those who shall search a role with remote_indices for the cluster " + x.Alias + ".",
	}
	f.fix, f.why = x.fixFor(CauseNoPrivileges)
	return f
}
