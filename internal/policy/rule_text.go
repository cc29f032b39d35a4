package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// RuleText is a rule for people.
type RuleText struct {
	Rule string   `json:"rule"`
	When string   `json:"when"` // which changes it is for
	Says []string `json:"says"` // what it demands, a sentence each
}

// Describe returns every rule in order, with groups written by who.
func (r Rules) Describe(who func(Group) string) []RuleText {
	name := func(group string) string {
		if i := slices.IndexFunc(r.Groups, func(g Group) bool { return g.Name == group }); i >= 0 {
			return who(r.Groups[i])
		}
		return group
	}
	all := make([]RuleText, 0, len(r.Rules))
	for _, rule := range r.Rules {
		all = append(all, RuleText{Rule: rule.Name, When: rule.when(), Says: rule.says(name)})
	}
	return all
}

func (r Rule) when() string {
	var parts []string
	for _, trait := range slices.Sorted(maps.Keys(r.Match)) {
		is := " is "
		if trait == TraitAccess || trait == TraitAlso { // these can have several values
			is = " is only "
		}
		parts = append(parts, trait+is+strings.Join(r.Match[trait], " or "))
	}
	for _, trait := range slices.Sorted(maps.Keys(r.Any)) {
		parts = append(parts, trait+" has "+strings.Join(r.Any[trait], " or "))
	}
	for _, trait := range slices.Sorted(maps.Keys(r.Unless)) {
		parts = append(parts, trait+" is not "+strings.Join(r.Unless[trait], " or "))
	}
	if r.Longest > 0 {
		parts = append(parts, "the connection lasts "+days(r.Longest)+" at most")
	}
	if len(parts) == 0 {
		return "every change"
	}
	return strings.Join(parts, ", ")
}

func (r Rule) says(name func(string) string) []string {
	ask := "Anyone may make requests."
	if len(r.Ask) > 0 {
		var names []string
		for _, g := range r.Ask {
			names = append(names, name(g))
		}
		ask = "May request: " + strings.Join(names, ", ") + "."
	}
	var sides []string
	for _, s := range r.Sides {
		side := fmt.Sprintf("%d of %s", s.Count, name(s.Group))
		if s.Name != "" {
			side += " (" + s.Name + " side)"
		}
		sides = append(sides, side)
	}
	if r.Stands {
		return r.saysStanding()
	}
	approve := "Must approve: " + strings.Join(sides, " and ") + ". "
	if r.RequesterCounts {
		approve += "The requester may be one of them."
	} else {
		approve += "The requester does not count."
	}
	if r.Guests {
		approve += " Channel guests count."
	}
	if len(r.Sides) > 1 {
		if r.SeveralSides {
			approve += " One person may count for several sides."
		} else {
			approve += " One person counts for one side."
		}
	}
	wait := "Expires after " + span(r.Wait) + "."
	if len(r.Remind) > 0 {
		var after []string
		for _, d := range r.Remind {
			after = append(after, span(d))
		}
		wait += " Missing approvers are reminded after " + strings.Join(after, ", ") + "."
	}
	says := []string{ask, approve, wait}
	if r.Confirm != nil && *r.Confirm {
		says = append(says, "Approving asks for confirmation.")
	}
	if r.RotateBefore > 0 {
		says = append(says, r.saysRotation())
	}
	if r.AccessReview > 0 {
		says = append(says, "Every "+days(r.AccessReview)+" the bot asks whether a connection is still needed. Its owner or an approver may keep it.")
	}
	if r.BreakGlass != nil {
		says = append(says, r.BreakGlass.says(name)...)
	}
	if r.Direct {
		says = append(says, "Approvers are asked by direct message.")
	}
	if r.Window != nil {
		says = append(says, "Changes start only "+r.Window.String()+".")
	}
	return says
}

func (r Rule) saysRotation() string {
	return "The bot requests rotation of a key " + days(r.RotateBefore) + " before it expires, or at half its lifetime if that is shorter."
}

// saysStanding is what a rule demands by which the bot rotates keys.
func (r Rule) saysStanding() []string {
	says := []string{
		r.saysRotation(),
		"This needs no new approval if only the key changes, the rules are the same, and the connection's approvers may still approve.",
		"Otherwise, and for people's requests, the rules after this one decide.",
	}
	if r.Window != nil {
		says = append(says, "Changes start only "+r.Window.String()+".")
	}
	return says
}
