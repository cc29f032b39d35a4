package policy

import (
	"context"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// standing is what runs under an approval from before, and what the bot asks for by itself.
type standing struct{ *inForce }

// RotateBefore is how long before the end of a key the rule that decides about its rotation has the bot ask for it; 0: it
// does not.
func (p standing) RotateBefore(rotation change.Proposal) time.Duration {
	rule, err := findIn(p.rules.Load().Rules, rotation, p.now())
	if err != nil { // nobody may ask for it
		return 0
	}
	return rule.RotateBefore
}

// LongestRotateBefore is the longest that any rule has.
func (p standing) LongestRotateBefore() (longest time.Duration) {
	for _, r := range p.rules.Load().Rules {
		longest = max(longest, r.RotateBefore)
	}
	return longest
}

// MayStand reports whether the rule that decides about a change lets it run under an approval from before.
func (p standing) MayStand(prop change.Proposal) bool {
	rule, err := findIn(p.rules.Load().Rules, prop, p.now())
	return err == nil && rule.Stands
}

// Stands implements change.StandingPolicy. An end was approved with the connection. Of anything else, nothing but the key is
// another, the rules are those by which people approved, and by these rules those who approved may still approve it now.
func (p standing) Stands(ctx context.Context, r *change.Request) (change.Evaluation, error) {
	if r.Proposal.Ending != nil {
		return p.ends(r)
	}
	rules := p.rules.Load()
	rule, err := findIn(rules.Rules, r.Proposal, r.Created)
	if err != nil {
		return change.Evaluation{}, err
	}
	switch {
	case !rule.Stands:
		return change.Evaluation{}, refuse("rule %s requires approval for this", rule.Name)
	case r.Proposal.Substance == "":
		return change.Evaluation{}, refuse("the bot can't change this key without people")
	case r.Proposal.Substance != r.StandingApproval.Substance:
		return change.Evaluation{}, refuse("more than the key has changed since request %s was approved", r.StandingApproval.Request)
	case rules.fingerprint != r.StandingApproval.Policy:
		return change.Evaluation{}, refuse("the policy has changed since request %s was approved", r.StandingApproval.Request)
	}
	was, err := findIn(rules.asking(), change.Proposal{Traits: r.StandingApproval.Traits}, r.StandingApproval.At)
	if err != nil {
		return change.Evaluation{}, err
	}
	crowd, err := p.matching(ctx, was, r.StandingApproval.By)
	if err != nil {
		return change.Evaluation{}, err
	}
	if len(crowd.missing(r.StandingApproval.Approvers)) > 0 {
		return change.Evaluation{}, refuse("not everyone who approved request %s may still approve it", r.StandingApproval.Request)
	}
	v := change.Evaluation{Enough: true, Rule: rule.Name, Policy: rules.fingerprint}
	if rule.Window != nil {
		v.NotBefore, v.NotAfter = rule.Window.Next(p.now())
	}
	return v, nil
}

// endingWait is how long people may take to decide about an ending that no rule is for.
const endingWait = 24 * time.Hour

// ends says whether what was approved with an end may be taken back at that end. Who may approve by now, and by which rules,
// does not matter: it would keep what is to go.
func (p standing) ends(r *change.Request) (change.Evaluation, error) {
	switch end := r.Proposal.Ending; {
	case !end.Until.Equal(r.StandingApproval.Until):
		return change.Evaluation{}, refuse("request %s was approved with another end", r.StandingApproval.Request)
	case end.Differs != "":
		return change.Evaluation{}, refuse("%s", end.Differs)
	}
	rule, _ := p.find(r.Proposal, r.Created) // none may be for it
	return change.Evaluation{Enough: true, Rule: rule.Name, Policy: p.rules.Load().fingerprint}, nil
}
