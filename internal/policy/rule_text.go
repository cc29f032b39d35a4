package policy

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// RuleText is a rule for people.
type RuleText struct {
	Rule string   `json:"rule"`
	When string   `json:"when"` // which changes it is for
	Says []string `json:"says"` // what it demands, a sentence each
}

// Describe returns every rule in order, with people written by who.
func (p *Policy) Describe(who func(Group) string) []RuleText { return p.rules.Load().Describe(who) }

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

// days is a span as the configuration has it.
func days(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == day:
		return "1 day"
	case d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	}
	return span(d)
}

// needs says which of its sides a rule lacks people for.
func (r Rule) needs(lacking map[int]int) string {
	var parts []string
	for _, i := range slices.Sorted(maps.Keys(lacking)) {
		parts = append(parts, fmt.Sprintf("%d of %s", r.Sides[i].Count, r.Sides[i].title()))
	}
	return strings.Join(parts, " and ")
}

// span is a duration without the zeros that time.Duration writes.
func span(d time.Duration) string {
	s := d.String()
	s = strings.TrimSuffix(s, "0s")
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	if s == "" {
		return "0s"
	}
	return s
}

// Explanation is what the policy would say to a change, without asking for it.
type Explanation struct {
	Skipped []SkippedRule `json:"skipped"` // the rules that were passed over, in order
	Rule    string        `json:"rule"`    // the one that decides; empty: none
	// ByItself is the rule by which the bot may do it without people; nil: none.
	ByItself *RuleText           `json:"by_itself,omitempty"`
	Traits   map[string][]string `json:"traits"`
	Says     []string            `json:"says"`
	Refused  string              `json:"refused,omitempty"` // why the change may not be asked for; empty: it may
	Sides    []People            `json:"sides"`             // who could approve
	Alone    *Alone              `json:"alone,omitempty"`   // who could approve alone in an emergency; nil: nobody
}

// SkippedRule is a rule that does not decide, and the trait that it does not match by, or that is not known.
type SkippedRule struct {
	Rule  string `json:"rule"`
	Trait string `json:"trait"`
}

// People are those who could approve for a side.
type People struct {
	Side  string   `json:"side"`
	Count int      `json:"count"`
	Who   []string `json:"who"`
}

// Explain says which rule decides about a change of one thing that by would ask for, and what follows. An error: a group's members
// are not known.
func (p *Policy) Explain(ctx context.Context, prop change.Proposal, by change.Actor) (Explanation, error) {
	e := Explanation{Traits: partsOf(prop)[0].Traits}
	all := p.rules.Load()
	if rule, err := findIn(all.Rules, prop, p.now()); err == nil && rule.Stands {
		e.ByItself = &RuleText{Rule: rule.Name, When: rule.when(), Says: rule.says(nil)}
	}
	rules := all.asking()
	decides, _ := deciding(rules, e.Traits, p.now())
	for i, rule := range rules {
		if i != decides {
			e.Skipped = append(e.Skipped, SkippedRule{rule.Name, rule.match(e.Traits, p.now()).trait})
			continue
		}
		e.Rule, e.Says = rule.Name, rule.says(func(g string) string { return g })
		crowd, err := p.matching(ctx, rule, by.User)
		if err != nil {
			return e, err
		}
		for i, s := range rule.Sides {
			e.Sides = append(e.Sides, People{Side: s.title(), Count: s.Count, Who: crowd.sides[i].members})
		}
		if e.Alone, err = p.alone(ctx, rule, prop); err != nil {
			return e, err
		}
		break
	}
	_, err := p.Authorize(ctx, prop, by)
	if refused, ok := err.(*change.NotAllowedError); ok { //nolint:errorlint // Admit returns it bare; anything wrapped is another matter
		e.Refused, err = refused.Why, nil
	}
	return e, err
}
