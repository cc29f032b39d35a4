package link

import (
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// localRule lets the local cluster in, and nothing else: by its organization too, where that is certain.
func localRule(s PairState) elastic.ClusterRule {
	r := elastic.ClusterRule{Cluster: s.Local.ClusterID}
	if s.LocalScope.Certain {
		r.Organization = s.LocalScope.ID
	}
	return r
}

// NamesLocal reports whether a remote cluster filter of the remote deployment lets the local cluster in. It is not sure
// where one names an organization, and that of the local side is not certain.
func NamesLocal(s PairState) (named, sure bool) {
	sure = true
	for _, r := range s.Rulesets {
		if r.Type != elastic.FilterRemoteCluster || !s.ByCluster() {
			continue
		}
		for _, rule := range r.Clusters {
			switch {
			case rule.Cluster != "" && rule.Cluster != s.Local.ClusterID:
			case rule.Organization == "" || rule.Organization == s.LocalScope.ID:
				return true, true
			case !s.LocalScope.Certain:
				sure = false
			}
		}
	}
	return false, sure
}

// Admitted reports whether the remote's filters are known to let the local side in.
func Admitted(s PairState) bool {
	named, _ := NamesLocal(s)
	return named || addressesAdmitted(s)
}

// addressesAdmitted reports whether IP filters let in all that is known of where the local side comes from.
func addressesAdmitted(s PairState) bool {
	addresses, known := s.KnownEgress()
	if !known {
		addresses = slices.DeleteFunc(slices.Clone(addresses), func(a string) bool { return !isIPv4(a) })
	}
	return len(addresses) > 0 && len(Uncovered(addresses, s.Rulesets)) == 0
}

func isIPv4(s string) bool {
	p, err := prefix(s)
	return err == nil && p.Addr().Is4()
}

// ShutOut is what of the local side no filter lets in, and whether that is known for certain: of addresses, that the
// operator has said that they are these.
func ShutOut(s PairState) (out []string, known bool) {
	if !s.ByCluster() {
		addresses, known := s.KnownEgress()
		return Uncovered(addresses, s.Rulesets), known
	}
	if _, sure := NamesLocal(s); Admitted(s) || !sure {
		return nil, sure
	}
	return []string{localRule(s).String()}, true
}

// Lacking is what of f no filter of the remote deployment lets in yet, as a ruleset; one without rules: nothing.
func Lacking(s PairState, f *FilterOptions) elastic.NewRuleset {
	if f == nil {
		return elastic.NewRuleset{}
	}
	if !f.Cluster {
		return elastic.NewRuleset{Type: elastic.FilterIP, Sources: Uncovered(f.Sources, s.Rulesets)}
	}
	r := elastic.NewRuleset{Type: elastic.FilterRemoteCluster}
	if named, _ := NamesLocal(s); !named {
		r.Clusters = []elastic.ClusterRule{localRule(s)}
	}
	return r
}

// OnlyThere is what a ruleset lets in, and none of the rest does.
func OnlyThere(r elastic.Ruleset, rest []elastic.Ruleset) []string {
	out := Uncovered(r.Sources, rest)
	for _, rule := range r.Clusters {
		if !slices.ContainsFunc(rest, func(other elastic.Ruleset) bool {
			return slices.ContainsFunc(other.Clusters, func(o elastic.ClusterRule) bool { return o.Holds(rule) })
		}) {
			out = append(out, rule.String())
		}
	}
	return out
}

// filterKinds are the types of ruleset as Elastic's consoles call them.
var filterKinds = map[string]string{
	elastic.FilterIP: "IP filter", elastic.FilterRemoteCluster: "remote cluster filter", elastic.FilterAWS: "AWS PrivateLink",
	elastic.FilterAzure: "Azure Private Link", elastic.FilterGCP: "GCP Private Service Connect",
}

// filterNames are rulesets for people, with their kinds.
func filterNames(rulesets []elastic.Ruleset) string {
	var names []string
	for _, r := range rulesets {
		kind, ok := filterKinds[r.Type]
		switch {
		case r.Name == "":
			names = append(names, r.ID+", which could not be found")
			continue
		case !ok:
			kind = "type " + r.Type
		}
		names = append(names, r.Name+": "+kind)
	}
	return strings.Join(names, "; ")
}

// WarnAdmission warns where network filters of the remote may keep the local side out. Of addresses only a person can tell
// which ones come out of NAT, so this never goes further than a warning.
func WarnAdmission(w *WarningList, s PairState, c ConnectParams) {
	if err := s.ReadError(PartRulesets); err != nil {
		w.Add("Couldn't read which network filters apply to %s: %s.", s.Remote.Name, Sentence(err))
		return
	}
	if s.Open() {
		return
	}
	switch apply := fmt.Sprintf("Network filters apply to %s (%s)", s.Remote.Name, filterNames(ClosingRulesets(s.Rulesets))); {
	case s.ByCluster():
		warnClusterFilters(w, s, apply)
	case GoesPrivately(s, c):
		warnPrivateFilters(w, s, apply)
	default:
		warnAddressFilters(w, s, apply)
	}
}

func warnClusterFilters(w *WarningList, s PairState, apply string) {
	_, sure := NamesLocal(s)
	switch {
	case Admitted(s):
	case !sure:
		w.Add("%s. One allows an organization, but the bot doesn't know whether %s belongs to it.", apply, s.Local.Name)
	default:
		w.Add("%s, and none allows %s (%s): they block its connections.", apply, s.Local.Name, localRule(s))
	}
}

func warnAddressFilters(w *WarningList, s PairState, apply string) {
	say := fmt.Sprintf("%s: they must allow the outgoing addresses of %s.", apply, s.Local.Platform)
	if slices.ContainsFunc(s.Rulesets, func(r elastic.Ruleset) bool { return r.Type == elastic.FilterRemoteCluster }) {
		say += " A remote cluster filter works only within Elastic Cloud, or within one ECE."
	}
	if addresses, known := s.KnownEgress(); known {
		if out := Uncovered(addresses, s.Rulesets); len(out) > 0 {
			say += fmt.Sprintf(" They do not allow %s from the bot's configuration.", JoinWords(out))
		} else {
			say += fmt.Sprintf(" They allow %s from the bot's configuration.", JoinWords(addresses))
		}
	} else if out := Uncovered(s.Egress, s.Rulesets); len(out) > 0 {
		say += fmt.Sprintf(" Its hosts' own addresses, %s, are in no filter. After NAT, other addresses may apply.", JoinWords(out))
	} else if len(s.Egress) == 0 {
		say += " The bot doesn't know these addresses."
	}
	w.Add("%s", say)
}

// NoWider reports whether a ruleset lets in nobody but whom the one that was asked for does.
func NoWider(r elastic.Ruleset, asked elastic.NewRuleset) bool {
	whole := elastic.Ruleset{Type: asked.Type, Sources: asked.Sources, Clusters: asked.Clusters}
	return r.Type == asked.Type && len(OnlyThere(r, []elastic.Ruleset{whole})) == 0
}
