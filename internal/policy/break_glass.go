package policy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// glass is what one person may approve alone in an emergency, and who reviews it.
type glass struct{ *inForce }

// neverAlone says why a change is not for one person, whatever the rule; empty: it may be.
func neverAlone(p change.Proposal) string {
	t := partsOf(p)[0].Traits
	has := func(trait string, values ...string) bool {
		return anyFits(append(values, change.UnknownTrait), t[trait])
	}
	switch {
	case len(p.Parts) > 0 || !slices.Equal(t[TraitKind], []string{"connect"}):
		return "only a new connection can be approved alone"
	case has(TraitModel, "certificate"):
		return "a connection by certificates is never approved alone: no key bounds what it reads"
	case has(TraitAccess, "replication"):
		return "what replicates is never approved alone"
	case has(TraitTrustAll, "yes"):
		return "trust in every cluster of the other side is never approved alone"
	case has(TraitAddress, "other") || len(t[TraitAddress]) == 0:
		return "an address that the platform doesn't know is never approved alone"
	case has(TraitKey, "pasted"):
		return "a person has to paste the key"
	case p.RequiredInput != "":
		return "a person has to hand something in: " + p.RequiredInput
	}
	return ""
}

// endsBy says why a connection does not end soon enough to be approved alone now; empty: it does.
func (g BreakGlass) endsBy(p change.Proposal, now time.Time) string {
	if lasts(partsOf(p)[0].Traits[TraitUntil], now, g.Longest) {
		return ""
	}
	return "it has to end within " + days(g.Longest) + ": its requester can edit the request and say how long"
}

// MayBreakGlass implements change.GlassPolicy.
func (p glass) MayBreakGlass(ctx context.Context, r *change.Request, by change.Actor) (change.Glass, error) {
	rule, err := p.find(r.Proposal, r.Created)
	if err != nil {
		return change.Glass{}, err
	}
	g := rule.BreakGlass
	if g == nil {
		return change.Glass{}, refuse("rule %s lets nobody approve alone", rule.Name)
	}
	in, err := p.inAny(ctx, rule, g.Groups, by.User)
	if err != nil {
		return change.Glass{}, err
	}
	asked := p.now()
	if d := r.BrokenGlass(); d != nil {
		asked = d.At // it is weighed again
	}
	for _, why := range []string{neverAlone(r.Proposal), g.endsBy(r.Proposal, asked)} {
		if why != "" {
			return change.Glass{}, refuse("%s", why)
		}
	}
	if !in {
		return change.Glass{}, refuse("rule %s lets only %s approve alone", rule.Name, strings.Join(g.Groups, ", "))
	}
	glass := change.Glass{Rule: rule.Name, Policy: rule.of.fingerprint, Within: g.Review.Within}
	if reviewers, err := p.members(ctx, rule, g.Review.Group); err == nil { // else the channel is told, and the group by name
		glass.Reviewers = slices.DeleteFunc(slices.Clone(reviewers), func(u string) bool { return u == by.User || u == r.Requester.User })
	}
	return glass, nil
}

// MayReview implements change.GlassPolicy: somebody of the rule's group, or, where the rule has none any more, of its sides;
// never who asked, nor who approved it alone.
func (p glass) MayReview(ctx context.Context, r *change.Request, by change.Actor) error {
	rule, err := p.find(r.Proposal, r.Created)
	if err != nil {
		return err
	}
	if tookPart(r, by.User) {
		return refuse("you asked for this, or approved it alone, so somebody else has to look at it")
	}
	groups := rule.reviewGroups()
	in, err := p.inAny(ctx, rule, groups, by.User)
	if err == nil && !in {
		err = refuse("rule %s has %s review this", rule.Name, strings.Join(groups, " or "))
	}
	return err
}

// Reviewers implements change.GlassPolicy.
func (p glass) Reviewers(ctx context.Context, r *change.Request) ([]string, error) {
	rule, err := p.find(r.Proposal, r.Created)
	if err != nil {
		return nil, err
	}
	all, err := p.membersOfAny(ctx, rule, rule.reviewGroups())
	return slices.DeleteFunc(all, func(u string) bool { return tookPart(r, u) }), err
}

// tookPart reports whether a user asked for a request, or approved it alone: somebody else has to review it.
func tookPart(r *change.Request, user string) bool {
	return user == r.Requester.User || slices.ContainsFunc(r.Decisions, func(d change.Decision) bool {
		return d.Kind == change.DecisionBreakGlass && d.By.User == user
	})
}

// brokenGlass is how r stands if somebody has approved it alone: enough, as long as that person still may. A
// *NotAllowedError: it stands as without.
func (p glass) brokenGlass(ctx context.Context, r *change.Request) (change.Evaluation, error) {
	d := r.BrokenGlass()
	if d == nil {
		return change.Evaluation{}, refuse("nobody has approved this alone")
	}
	glass, err := p.MayBreakGlass(ctx, r, d.By)
	if err != nil {
		return change.Evaluation{}, err
	}
	v := change.Evaluation{Enough: true, Rule: glass.Rule, Policy: glass.Policy}
	if r.State == change.WaitingForPerson {
		rule, err := p.find(r.Proposal, r.Created)
		if err != nil {
			return change.Evaluation{}, err
		}
		crowd, err := p.matching(ctx, rule, r.Requester.User)
		if err != nil {
			return change.Evaluation{}, err
		}
		v.Helpers = rule.called(Local, crowd)
	}
	return v, nil
}

// Alone says whether one person could approve a change in an emergency, and who.
type Alone struct {
	Who       []string `json:"who"`
	Reviewers []string `json:"reviewers"`         // who could review it afterwards
	Refused   string   `json:"refused,omitempty"` // why nobody can; empty: they can
}

// alone is who could approve a proposal alone now under a rule; nil: the rule lets nobody.
func (p glass) alone(ctx context.Context, rule Rule, prop change.Proposal) (*Alone, error) {
	g := rule.BreakGlass
	if g == nil {
		return nil, nil //nolint:nilnil // there is none
	}
	who, err := p.membersOfAny(ctx, rule, g.Groups)
	if err != nil {
		return nil, err
	}
	reviewers, err := p.members(ctx, rule, g.Review.Group)
	return &Alone{Who: who, Reviewers: reviewers, Refused: cmp.Or(neverAlone(prop), g.endsBy(prop, p.now()))}, err
}

// checkGlass looks for what keeps the glass of a rule from being broken, or from being reviewed.
func (c *checker) checkGlass(at string, r Rule) {
	g := r.BreakGlass
	if g == nil {
		return
	}
	at += ".break_glass"
	if len(g.Groups) == 0 {
		c.add(at+".groups", "somebody has to be allowed")
	}
	if !r.isFor("connect") {
		c.add(at, "has no effect: only new connections can be approved alone, and the rule is not for them")
	}
	for i, name := range g.Groups {
		c.group(fmt.Sprintf("%s.groups[%d]", at, i), name)
	}
	if g.Longest < time.Minute || g.Longest > maxAlone {
		c.add(at+".longest", "must lie between 1m and %s", span(maxAlone))
	}
	if g.Review.Within < minWait || g.Review.Within > maxWait {
		c.add(at+".review.within", "must lie between %s and %s", minWait, span(maxWait))
	}
	known := c.group(at+".review.group", g.Review.Group)
	if known && slices.Contains(g.Groups, g.Review.Group) && c.isOne(g.Review.Group) {
		c.add(at+".review.group", "nobody can review: %s is one person, who may approve alone", g.Review.Group)
	}
}

// isOne reports whether a group is one person who is named in it.
func (c *checker) isOne(name string) bool {
	i := slices.IndexFunc(c.rules.Groups, func(g Group) bool { return g.Name == name })
	g := c.rules.Groups[i]
	return len(g.Users) == 1 && g.UserGroup == "" && g.Channel == ""
}

// maxAlone is for how long a connection may be approved by one person.
const maxAlone = 72 * time.Hour

// says is what people read of it.
func (g BreakGlass) says(name func(string) string) []string {
	names := make([]string, len(g.Groups))
	for i, group := range g.Groups {
		names[i] = name(group)
	}
	return []string{
		"In an emergency one of " + strings.Join(names, ", ") + " may approve a new connection alone, with a reason, if it ends within " + days(g.Longest) +
			". This excludes replication, trust in all clusters, and addresses that the platform doesn't know.",
		"Somebody of " + name(g.Review.Group) + " has to review that within " + days(g.Review.Within) + ".",
	}
}
