package link

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Warnings are what people should know of c before they approve it, the gravest first. None of them stands in its way.
func Warnings(s PairState, c ConnectParams) []string {
	var w WarningList
	w.restart(s, c)
	if c.ByCertificate() {
		w.certificates(s, c)
	} else {
		w.Access(c)
	}
	w.Elsewhere(s, c)
	w.direction(s, c)
	if c.Identity != nil && c.Identity.Organization {
		w.Add("Every cluster of the organization %s may use the key, not %s alone.", s.LocalScope.ID, s.Local.Name)
	}
	if !c.ByCertificate() {
		if s.WantsPasted() {
			w.Add("The bot can't issue keys on %s: the approver of the remote side creates the key and pastes it.", s.Remote.Name)
		}
		w.Licence("local", s.Local, s.LocalLicense, s.ReadError(PartLocalCluster, PartLocalLicense))
		w.Licence("remote", s.Remote, s.RemoteLicense, s.ReadError(PartRemoteCluster, PartRemoteLicense))
		if c.Filter == nil || !c.Filter.Cluster { // that is what it is for
			w.Filters(s, c)
		}
		w.FilterWarnings(s, c)
		w.warnReplaced(s)
	}
	w.Versions(s, c.Access)
	w.Health(s.Local)
	w.Health(s.Remote)
	return w
}

// WarningList is what approvers are warned of.
type WarningList []string

// Add adds a warning.
func (w *WarningList) Add(format string, args ...any) { *w = append(*w, fmt.Sprintf(format, args...)) }

// Access warns of what is wide.
func (w *WarningList) Access(c ConnectParams) {
	if everything(c.Access.Search) {
		w.Add("The key may search every index of the remote cluster (*).")
	}
	if everything(c.Access.Replication) {
		w.Add("The key may replicate every index of the remote cluster (*).")
	}
	if c.ExpiryDays == 0 {
		w.Add("The key never expires.")
	}
}

// Versions warns of versions that do not fit.
func (w *WarningList) Versions(s PairState, a elastic.Access) {
	local, err := elastic.ParseVersion(s.Local.Version)
	remote, err2 := elastic.ParseVersion(s.Remote.Version)
	if err != nil || err2 != nil {
		return // a problem, not a warning
	}
	*w = append(*w, elastic.Mismatches(local, remote, a)...)
}

// Licence warns of a licence that does not cover the connection.
func (w *WarningList) Licence(side string, d elastic.Deployment, l elastic.License, unread error) {
	switch {
	case unread != nil:
		w.Add("The licence of %s (%s) could not be read: %s.", d.Name, side, Sentence(unread))
	case !l.Active:
		w.Add("The licence of %s (%s) is not active; API key connections require Enterprise.", d.Name, side)
	case l.Type != "enterprise" && l.Type != "trial":
		w.Add("The licence of %s (%s) is %s; API key connections require Enterprise.", d.Name, side, l.Type)
	}
}

// Health warns of a deployment that is not healthy.
func (w *WarningList) Health(d elastic.Deployment) {
	if !d.Healthy {
		w.Add("%s is not healthy.", d.Name)
	}
	if d.Pending {
		w.Add("A change of %s is under way on its platform.", d.Name)
	}
}

// Uncovered returns the addresses that no IP filter lets in.
func Uncovered(addresses []string, rulesets []elastic.Ruleset) []string {
	var allowed []netip.Prefix
	for _, r := range rulesets {
		if r.Type != elastic.FilterIP {
			continue
		}
		for _, source := range r.Sources {
			if p, err := netip.ParsePrefix(source); err == nil {
				allowed = append(allowed, p)
			} else if a, err := netip.ParseAddr(source); err == nil {
				allowed = append(allowed, netip.PrefixFrom(a, a.BitLen()))
			}
		}
	}
	var out []string
	for _, address := range addresses {
		if !covered(address, allowed) {
			out = append(out, address)
		}
	}
	return out
}

func covered(address string, allowed []netip.Prefix) bool {
	a, err := prefix(address)
	if err != nil {
		return false
	}
	for _, p := range allowed {
		if p.Bits() <= a.Bits() && p.Contains(a.Addr()) {
			return true
		}
	}
	return false
}

// JoinWords joins words for people, the first few of many.
func JoinWords(words []string) string {
	const most = 10
	if len(words) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), len(words)-most)
	}
	return strings.Join(words, ", ")
}
