package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// The traits that rules may ask for. A deployment's tags are asked for as local.tag.<key> and remote.tag.<key>.
const (
	TraitKind           = "kind"            // connect, update, rotate and so on: those that Check is told
	TraitModel          = "model"           // api_key or certificate
	TraitAccess         = "access"          // search, replication, or both; both where it is not known
	TraitBreadth        = "breadth"         // of the widest index pattern: all, wide or narrow; all where it is not known
	TraitSystem         = "system"          // yes where a pattern covers names with a dot, partial- or restored- in front; else no
	TraitExpiry         = "expiry"          // never, or the days after which the key ends; none under the certificate model
	TraitTrustAll       = "trust_all"       // yes where the local side comes to trust every cluster of the remote organization or ECE
	TraitTrustClusters  = "trust_clusters"  // ids of the clusters that it comes to trust beside, where a person names them
	TraitKey            = "key"             // issued by the bot, or pasted by a person
	TraitUntil          = "until"           // when the connection ends, as RFC 3339, or never
	TraitAddress        = "address"         // platform: what it says of the remote deployment; private: the operator states it; other
	TraitAlso           = "also"            // what is done beside the connection: filter, identity, restart, role
	TraitLocalPlatform  = "local.platform"  // the name in the configuration
	TraitLocalName      = "local.name"      // what its owner calls the deployment; several may be called the same
	TraitLocalID        = "local.id"        // of the deployment
	TraitRemotePlatform = "remote.platform" //
	TraitRemoteName     = "remote.name"     //
	TraitRemoteID       = "remote.id"       //

	LocalTag  = "local.tag."
	RemoteTag = "remote.tag."
)

// values are what some traits can be. Where it is nil here, only Check is told, or anything goes.
var values = map[string][]string{
	TraitKind:           nil,
	TraitModel:          {"api_key", "certificate"},
	TraitAccess:         {"search", "replication"},
	TraitBreadth:        {"all", "wide", "narrow"},
	TraitSystem:         {"yes", "no"},
	TraitExpiry:         nil,
	TraitTrustAll:       {"yes", "no"},
	TraitTrustClusters:  nil,
	TraitKey:            {"issued", "pasted", "shown"},
	TraitUntil:          nil,
	TraitAddress:        {"platform", "private", "other"},
	TraitAlso:           {"filter", "identity", "restart", "role"},
	TraitLocalPlatform:  nil,
	TraitLocalName:      nil,
	TraitLocalID:        nil,
	TraitRemotePlatform: nil,
	TraitRemoteName:     nil,
	TraitRemoteID:       nil,
}

// Values are what a trait can be; nil: anything.
func Values(trait string) []string { return slices.Clone(values[trait]) }

// partsOf are what has to be judged of a proposal, each with its kind, which every change has: its parts, or the one
// thing that it is, which needs no name.
func partsOf(p change.Proposal) []change.Part {
	parts := slices.Clone(p.Parts)
	if len(parts) == 0 {
		parts = []change.Part{{Traits: p.Traits}}
	}
	for i, part := range parts {
		traits := map[string][]string{}
		maps.Copy(traits, part.Traits)
		if len(traits[TraitKind]) == 0 {
			kind := string(p.Kind)
			traits[TraitKind] = []string{kind[strings.LastIndex(kind, ".")+1:]}
		}
		parts[i].Traits = traits
	}
	return parts
}

// match is whether a rule matches a change, and the first trait for which it does not, or may not.
type match struct {
	no, unsure bool
	trait      string
}

// match weighs traits of a change that was asked for then. An unknown one may fit any pattern, or none.
func (r Rule) match(traits map[string][]string, asked time.Time) match {
	var m match
	switch until := traits[TraitUntil]; {
	case r.Longest == 0:
	case slices.Contains(until, change.UnknownTrait):
		m.unsure, m.trait = true, TraitUntil
	case !lasts(until, asked, r.Longest):
		return match{no: true, trait: TraitUntil}
	}
	for _, words := range []struct {
		patterns map[string][]string
		fit      func(patterns, values []string) bool
	}{{r.Match, allFit}, {r.Any, anyFits}, {r.Unless, noneFits}} {
		for _, name := range slices.Sorted(maps.Keys(words.patterns)) {
			switch values := traits[name]; {
			case slices.Contains(values, change.UnknownTrait):
				if !m.unsure {
					m.unsure, m.trait = true, name
				}
			case !words.fit(words.patterns[name], values):
				return match{no: true, trait: name}
			}
		}
	}
	return m
}

// lasts reports whether a connection lasts that long at most from then on. Never is longer than any, and so is what can't be
// told.
func lasts(until []string, asked time.Time, longest time.Duration) bool {
	return len(until) > 0 && !slices.ContainsFunc(until, func(value string) bool {
		end, err := time.Parse(time.RFC3339, value)
		return err != nil || end.Sub(asked) > longest
	})
}

// tooLong is the refusal of what a rule would allow if it did not last as long; nil: none would.
func tooLong(rules []Rule, traits map[string][]string, asked time.Time) error {
	var longest Rule
	for _, r := range rules {
		without := r
		if without.Longest = 0; r.Longest > longest.Longest && without.match(traits, asked) == (match{}) {
			longest = r
		}
	}
	if longest.Longest == 0 {
		return nil
	}
	err := refuse("rule %s allows this for at most %s, so set an end by then", longest.Name, days(longest.Longest))
	err.Trait = TraitUntil
	return err
}

// isFor reports whether a rule can match changes of a kind.
func (r Rule) isFor(kind string) bool {
	for _, m := range []map[string][]string{r.Match, r.Any} {
		if patterns, ok := m[TraitKind]; ok && !anyFits(patterns, []string{kind}) {
			return false
		}
	}
	return !anyFits(r.Unless[TraitKind], []string{kind})
}

// deciding returns the rule for a part of a change, as its place among the rules; negative where none allows it, and then
// the trait whose value would have to be known. Rules that may match, as something is not known, are weighed with the
// first that surely does: the one that takes the most approvals decides, and where no rule surely matches there is none.
func deciding(rules []Rule, traits map[string][]string, asked time.Time) (decides int, unknown string) {
	decides, sure := weighed(rules, traits, asked)
	if sure {
		return decides, ""
	}
	for _, r := range rules {
		if m := r.match(traits, asked); !m.no {
			return -1, m.trait
		}
	}
	return -1, ""
}

// weighed returns of the rules that may match, up to the first that surely does, the one that takes the most approvals, and
// whether one surely does.
func weighed(rules []Rule, traits map[string][]string, asked time.Time) (decides int, sure bool) {
	decides = -1
	for i, r := range rules {
		m := r.match(traits, asked)
		if m.no {
			continue
		}
		if decides < 0 || r.seats() > rules[decides].seats() {
			decides = i
		}
		if !m.unsure {
			return decides, true
		}
	}
	return decides, false
}

// allFit reports whether there are values and all of them fit. A rule for searching must not let by what replicates too.
func allFit(patterns, values []string) bool {
	return len(values) > 0 && !slices.ContainsFunc(values, func(v string) bool { return !anyFits(patterns, []string{v}) })
}

// Idle returns the patterns of a trait, wanted or refused, that fit none of the values.
func (r Rule) Idle(trait string, values []string) []string {
	var idle []string
	for _, p := range slices.Concat(r.Match[trait], r.Any[trait], r.Unless[trait]) {
		if !anyFits([]string{p}, values) {
			idle = append(idle, p)
		}
	}
	return idle
}

func noneFits(patterns, values []string) bool { return !anyFits(patterns, values) }

func anyFits(patterns, values []string) bool {
	return slices.ContainsFunc(values, func(v string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return fits(p, v) })
	})
}

// fits matches a whole value with a pattern in which * stands for any characters, also none. Case counts.
func fits(pattern, value string) bool {
	head, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == value
	}
	if !strings.HasPrefix(value, head) {
		return false
	}
	value = value[len(head):]
	for {
		part, more, wild := strings.Cut(rest, "*")
		if !wild {
			return strings.HasSuffix(value, part)
		}
		i := strings.Index(value, part)
		if i < 0 {
			return false
		}
		value, rest = value[i+len(part):], more
	}
}

// findIn returns the rule that decides about a proposal that was asked for then: the first that matches, which has to be the same for all of its
// parts. Otherwise one that needs little would carry through one that needs much.
func findIn(rules []Rule, prop change.Proposal, asked time.Time) (Rule, error) {
	decides, parts := -1, partsOf(prop)
	var found []string
	differ := false
	for _, part := range parts {
		i, unknown := deciding(rules, part.Traits, asked)
		if i < 0 {
			return Rule{}, cmp.Or(tooLong(rules, part.Traits, asked), refusePart(part.Name, unknown))
		}
		differ = differ || decides >= 0 && decides != i
		decides = i
		found = append(found, fmt.Sprintf("%s under %s", part.Name, rules[i].Name))
	}
	if differ {
		return Rule{}, refuse("different rules apply to these, so request them separately: %s", strings.Join(found, ", "))
	}
	return rules[decides], nil
}

func refusePart(name, unknown string) error {
	of := ""
	if name != "" {
		of = " for " + name
	}
	if unknown != "" {
		return refuse("no rule of the policy clearly allows this%s, because %s is unknown", of, unknown)
	}
	return refuse("no rule of the policy allows this%s, so nobody may request it", of)
}

func refuse(format string, args ...any) *change.NotAllowedError {
	return &change.NotAllowedError{Why: fmt.Sprintf(format, args...)}
}
