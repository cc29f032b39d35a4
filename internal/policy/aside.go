package policy

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// asides is who may decide about requests that were put aside.
type asides struct{ *inForce }

// MayTakeUp implements change.AsidePolicy: who may approve a request may take it up. Of one that can't be read everything is
// unknown, and who asked for it never may.
func (p asides) MayTakeUp(ctx context.Context, a change.Aside, by change.Actor) error {
	rule, err := p.asideRule(a)
	if err != nil {
		return err
	}
	who := strings.Join(rule.groups(), ", ")
	if a.Request == nil && len(a.Requesters) == 0 {
		return refuse("nobody can tell who requested this, so only the bot's operators can requeue or resolve it, on the command line")
	}
	if slices.Contains(a.Requesters, by.User) && (a.Request == nil || !rule.RequesterCounts) {
		return refuse("you requested this, so someone else has to decide; rule %s allows %s to", rule.Name, who)
	}
	in, err := p.inAny(ctx, rule, rule.groups(), by.User)
	if err == nil && !in {
		err = refuse("rule %s allows only %s to requeue or resolve this", rule.Name, who)
	}
	return err
}

// AsideDeciders implements change.AsidePolicy.
func (p asides) AsideDeciders(ctx context.Context, a change.Aside) ([]string, error) {
	rule, err := p.asideRule(a)
	if err != nil || a.Request == nil && len(a.Requesters) == 0 {
		return nil, err
	}
	who, err := p.membersOfAny(ctx, rule, rule.groups())
	if a.Request == nil || !rule.RequesterCounts {
		who = slices.DeleteFunc(who, func(u string) bool { return slices.Contains(a.Requesters, u) })
	}
	return who, err
}

func (p asides) asideRule(a change.Aside) (Rule, error) {
	if a.Request != nil {
		return p.find(a.Request.Proposal, a.Request.Created)
	}
	return strictest(p.rules.Load().asking(), p.now())
}

// strictest is the rule for a change of which nothing is known. Unlike a request, it needs no rule that surely matches: some
// rule has let it be asked for.
func strictest(rules []Rule, now time.Time) (Rule, error) {
	unknown := map[string][]string{}
	for _, r := range rules {
		for _, words := range []map[string][]string{r.Match, r.Any, r.Unless} {
			for name := range words {
				unknown[name] = []string{change.UnknownTrait}
			}
		}
	}
	unknown[TraitUntil] = []string{change.UnknownTrait}
	i, _ := weighed(rules, unknown, now)
	if i < 0 {
		return Rule{}, refuse("the policy has no rule that anybody could decide this under")
	}
	return rules[i], nil
}
