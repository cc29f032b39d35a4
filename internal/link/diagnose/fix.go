package diagnose

import (
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// fixFor is the change that mends a cause, where the bot has one.
func (x *HealthReport) fixFor(c link.Cause) (kind change.Kind, why string) {
	certified := x.Certified() && (link.IsTransportPort(x.Own.Options(x.Alias)["proxy_address"]) ||
		x.Managed != nil && link.IsTransportPort(x.Managed.Settings["proxy_address"]))
	switch {
	case certified && (c.OfTrust() || c == link.CausePort) && link.CanUseKeys(x.PairState.Local) && link.CanUseKeys(x.Remote):
		return link.KindMigrate, "A migration creates an API key for the same alias, which requires no trust between certificates."
	case (c == link.CauseTrust || c == link.CauseTrustedNames || c == link.CauseServerName) && x.matchesPlatform():
		return "", "" // what the remote side shows is mended there
	case c == link.CauseNotRead, c == link.CauseStaleKey, c == link.CauseSkip, c == link.CauseExpired:
		return "", "" // for people, on the local cluster or on the platform
	case x.Managed == nil:
		return link.KindAdopt, "The bot doesn't change connections created by hand. Adopt it first, then the bot can fix it."
	case certified:
		return "", "" // what else is wrong with certificates is mended on the platforms
	}
	switch c { //nolint:exhaustive // the others are for people
	case link.CauseEnrich:
		return link.KindUpdate, "An update that changes nothing else writes the key's access anew, or makes a new key where the bot does not own this one."
	case link.CauseForgotten:
		return link.KindUpdate, "An update makes the nodes rebuild the connection. No setting changes."
	case link.CausePort, link.CauseTrust, link.CauseServerName, link.CauseUnknownHost, link.CauseUnreachable, link.CauseNotTold:
		if x.matchesPlatform() {
			return "", ""
		}
		if told := FixParams(x.ConnectionState, c); told.ProxyAddress != x.Remote.TakesKeysAt() {
			return link.KindUpdate, "An update sets the address " + told.ProxyAddress + "."
		}
		return link.KindUpdate, "An update sets the address and server name that the platform reports."
	case link.CauseNoKey, link.CauseBadKey, link.CauseKeyType, link.CauseMalformedKey:
		return link.KindRotate, "A rotation creates a new key and stores it."
	case link.CauseIdentity:
		if link.Unsigned(x.ConnectionState) {
			return link.KindUpdate, "An update makes the local nodes sign again."
		}
	case link.CauseNotAllowed:
		return link.KindUpdate, "An update changes what the key may read."
	case link.CauseFilter:
		if x.CanAddFilters() {
			return link.KindUpdate, x.filterHelps()
		}
	case link.CauseNoPrivileges:
		if len(x.Readers.Named) == 0 && x.mayWriteRoles() {
			return link.KindUpdate, "An update creates the role; assigning it is up to you."
		}
	}
	return "", ""
}

func (x *HealthReport) filterHelps() string {
	if x.ByCluster() {
		return "An update adds a remote cluster filter that allows the local cluster."
	}
	return "An update adds a network filter that allows the local side. You confirm the addresses, because the bot can't know those after NAT."
}

// matchesPlatform reports whether the connection goes where it is to go, which as a rule is what the platform says.
func (x *HealthReport) matchesPlatform() bool {
	now, told := link.PrefillUpdate(x.ConnectionState), FixParams(x.ConnectionState, link.CauseTrust)
	return x.HasRemote() && now.ProxyAddress == told.ProxyAddress && now.ServerName == told.ServerName
}

func (x *HealthReport) mayWriteRoles() bool {
	es, err := x.LocalOn.Cluster(x.PairState.Local)
	_, ok := es.(elastic.Roles)
	return err == nil && ok
}

// FixParams is the update that mends a cause: it sets what the platform says of the remote deployment, or adds a filter or
// a role. Everything else stays as it is.
func FixParams(e link.ConnectionState, c link.Cause) link.UpdateParams {
	u := link.PrefillUpdate(e)
	switch c { //nolint:exhaustive // the others are mended by the address, or by what people fill in
	case link.CauseFilter:
		u.Filter, _ = e.FilterNeeded()
	case link.CauseNoPrivileges:
		u.Role = &link.RoleOptions{Name: roleFor(e)}
	default:
		if e.HasRemote() && e.Remote.Endpoint != "" {
			u.ProxyAddress, u.ServerName = link.RightAddress(e)
			u.Elsewhere = e.Managed != nil && e.Managed.Elsewhere
		}
	}
	return u
}

// roleFor is the name of a role for those who are to search through a connection.
func roleFor(e link.ConnectionState) string {
	if e.Managed != nil && e.Managed.Role != "" {
		return e.Managed.Role
	}
	return link.RoleName(e.Alias)
}

// filtered looks whether the remote's network filters are what keeps the local side out. It asks only where the
// connection does not come up and nothing more specific is known.
func (x *HealthReport) filtered(f *finding) *finding {
	switch f.diagnosis.Cause { //nolint:exhaustive // the others say that the remote side was reached
	case link.CauseUnreachable, link.CauseDropped, link.CauseNotTold:
	default:
		return f
	}
	if x.Open() || x.model() == link.ModelCertificate {
		return f
	}
	var w link.WarningList
	link.WarnAdmission(&w, x.PairState, x.Params())
	f.diagnosis.Fix = strings.Join(w, " ")
	if link.Admitted(x.PairState) || link.GoesPrivately(x.PairState, x.Params()) {
		return f // it is something else
	}
	if out, known := link.ShutOut(x.PairState); known {
		f.diagnosis.Cause = link.CauseFilter
		f.diagnosis.Say = "The network filters of " + x.Remote.Name + " block " + x.PairState.Local.Name + "."
		f.say += "; no filter allows " + link.JoinWords(out)
	}
	if !x.CanAddFilters() {
		f.diagnosis.Fix += " The bot's configuration does not permit adding one. Add it on the platform of " + x.Remote.Name + "."
	}
	f.fix, f.why = x.fixFor(link.CauseFilter)
	return f
}

// readers looks whether anybody but superusers may search through the connection. That is no fault of it, but what
// people meet first.
func (x *HealthReport) readers() *finding {
	const name = "Roles that may search it"
	if x.Info.Credentials == "" || x.Readers.Unread != nil {
		return nil // under the certificate model the remote cluster's roles decide
	}
	readers, missing := x.Readers.Named, "No role lets anyone search through "+x.Alias+"."
	if len(x.Searched()) == 0 { // what may be searched is not known: then a role that names it is enough
		readers, missing = x.Roles, "No role names "+x.Alias+"."
	}
	if len(readers) > 0 {
		return pass(name, "%s", link.JoinWords(readers))
	}
	f := pass(name, "%s", link.Readers{Wide: x.WideRoles}.String())
	f.hint = &Diagnosis{
		Cause: link.CauseNoPrivileges, Say: missing,
		Fix: "Assign a role with remote_indices for the cluster " + x.Alias + " to everyone who should search it.",
	}
	f.fix, f.why = x.fixFor(link.CauseNoPrivileges)
	return f
}

// enrich looks whether the key is as old as to keep one kind of search out, which an error text tells only to who uses it.
func (x *HealthReport) enrich() *finding {
	if !x.LacksEnrich() {
		return nil
	}
	f := pass("ES|QL's ENRICH", "refused, since the key was last written before 8.15 (monitor_enrich is missing): an update that changes nothing else writes it anew")
	d := diagnosisOf(link.CauseEnrich, "", x.symptoms())
	f.hint = &d
	f.fix, f.why = x.fixFor(link.CauseEnrich)
	return f
}

// esql looks whether the licenses let ES|QL through a connection by certificates, which works with any.
func (x *HealthReport) esql() *finding {
	lacks := link.NotEnterprise(x.PairState)
	if !x.ByCertificate() || len(lacks) == 0 || x.ReadError(link.PartLocalCluster, link.PartLocalLicense, link.PartRemoteCluster, link.PartRemoteLicense) != nil {
		return nil
	}
	f := pass("ES|QL across clusters", "%s", link.JoinWords(lacks))
	f.hint = &Diagnosis{Cause: link.CauseLicense, Say: "ES|QL across clusters requires an Enterprise license on both.", Fix: "All other searches work."}
	return f
}
