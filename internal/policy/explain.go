package policy

import (
	"context"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Describe returns every rule in order, with people written by who.
func (p *Policy) Describe(who func(Group) string) []RuleText { return p.rules.Load().Describe(who) }

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
