// Package policy decides by rules that are data: who may ask for a change, who has to approve it, how long it waits and
// when it may begin. It implements change.Policy. It knows what a change says of itself (its traits) and who belongs to
// which group; it must know neither Slack nor what is changed.
package policy

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Policy is a change.Policy by rules.
type Policy struct {
	*inForce
	standing
	glass
	asides
	accessReviews
}

var (
	_ change.Policy      = (*Policy)(nil)
	_ change.InputPolicy = (*Policy)(nil)
	_ change.WaitPolicy  = (*Policy)(nil)

	_ change.StandingPolicy = (*Policy)(nil)
	_ change.AsidePolicy    = (*Policy)(nil)
	_ change.GlassPolicy    = (*Policy)(nil)
)

// New returns a policy over rules, which should have passed Check.
func New(rules Rules, groups Groups, now func() time.Time) *Policy {
	p := &inForce{groups: groups, now: now}
	p.Replace(rules)
	return &Policy{p, standing{p}, glass{p}, asides{p}, accessReviews{p}}
}

// Authorize implements change.Policy: the rule must let by ask, and there must be people who could approve.
func (p *Policy) Authorize(ctx context.Context, prop change.Proposal, by change.Actor) (change.Terms, error) {
	rule, err := p.find(prop, p.now())
	if prop.Ending != nil && by.Bot { // anyone who approved it with its end has let the bot
		return change.Terms{Rule: rule.Name, Wait: cmp.Or(rule.Wait, endingWait)}, nil
	}
	if err != nil {
		return change.Terms{}, err
	}
	if !by.Bot || p.RotateBefore(prop) == 0 { // who wrote the rule lets the bot ask
		if err := p.mayAsk(ctx, rule, by.User); err != nil {
			return change.Terms{}, err
		}
	}
	crowd, err := p.matching(ctx, rule, by.User)
	if err != nil {
		return change.Terms{}, err
	}
	if left := crowd.missing(crowd.candidates()); len(left) > 0 {
		return change.Terms{}, refuse("rule %s requires %s, but there are not enough approvers other than you, so nobody could approve this",
			rule.Name, rule.needs(left))
	}
	return change.Terms{Rule: rule.Name, Wait: rule.Wait}, nil
}

func (p *Policy) mayAsk(ctx context.Context, rule Rule, user string) error {
	if len(rule.Ask) == 0 {
		return nil
	}
	in, err := p.inAny(ctx, rule, rule.Ask, user)
	if err == nil && !in {
		err = refuse("rule %s allows only %s to request this", rule.Name, strings.Join(rule.Ask, ", "))
	}
	return err
}

// MayRead returns nil if user may look at connections and requests. Guests of a channel count as no members of it.
func (p *Policy) MayRead(ctx context.Context, user string) error {
	policy := p.rules.Load()
	read := policy.Read
	if len(read) == 0 {
		return nil
	}
	in, err := p.inAny(ctx, Rule{of: policy}, read, user)
	if err == nil && !in {
		err = refuse("only %s may view connections and requests", strings.Join(read, ", "))
	}
	return err
}

// Eligible implements change.Policy: anyone who is on one of the sides may approve.
func (p *Policy) Eligible(ctx context.Context, r *change.Request, by change.Actor) error {
	rule, err := p.find(r.Proposal, r.Created)
	if err != nil {
		return err
	}
	return p.onSides(ctx, rule, rule.Sides, r, by)
}

// MaySubmit implements change.InputPolicy: where the rule has a side called Remote, what is handed in comes from there.
func (p *Policy) MaySubmit(ctx context.Context, r *change.Request, by change.Actor) error {
	return p.onSidesCalled(ctx, Remote, r, by)
}

// MayHelp implements change.WaitPolicy: where the rule has a side called Local, the keystores are theirs.
func (p *Policy) MayHelp(ctx context.Context, r *change.Request, by change.Actor) error {
	return p.onSidesCalled(ctx, Local, r, by)
}

func (p *Policy) onSidesCalled(ctx context.Context, name string, r *change.Request, by change.Actor) error {
	rule, err := p.find(r.Proposal, r.Created)
	if err != nil {
		return err
	}
	return p.onSides(ctx, rule, slices.DeleteFunc(slices.Clone(rule.Sides), func(s Side) bool { return !rule.means(s, name) }), r, by)
}

func (p *Policy) onSides(ctx context.Context, rule Rule, sides []Side, r *change.Request, by change.Actor) error {
	if by.User == r.Requester.User && !rule.RequesterCounts {
		return refuse("you requested this, so someone else has to approve it")
	}
	in, err := p.inAny(ctx, rule, Rule{Sides: sides}.groups(), by.User)
	if err == nil && !in {
		err = refuse("you are not one of the approvers of this change")
	}
	return err
}

// Evaluate implements change.Policy. Only approvals of those who belong to a side now count: who has left a group since
// does not.
func (p *Policy) Evaluate(ctx context.Context, r *change.Request) (change.Evaluation, error) {
	if r.UnderStanding() {
		v, err := p.Stands(ctx, r)
		if _, refused := errors.AsType[*change.NotAllowedError](err); !refused {
			return v, err
		}
	}
	if r.BrokenGlass() != nil {
		v, err := p.brokenGlass(ctx, r)
		if _, refused := errors.AsType[*change.NotAllowedError](err); !refused {
			return v, err
		}
	}
	rule, err := p.find(r.Proposal, r.Created)
	if err != nil {
		return change.Evaluation{}, err
	}
	crowd, err := p.matching(ctx, rule, r.Requester.User)
	if err != nil {
		return change.Evaluation{}, err
	}
	var said []string
	for _, d := range r.Approvals() {
		said = append(said, d.By.User)
	}
	v := change.Evaluation{
		Rule: rule.Name, Policy: rule.of.fingerprint, Remind: rule.Remind, Direct: rule.Direct,
		Confirm: slices.ContainsFunc(partsOf(r.Proposal), func(part change.Part) bool { return rule.confirms(part.Traits) }),
	}
	v.Alone = rule.BreakGlass != nil && neverAlone(r.Proposal) == ""
	lacking := crowd.missing(said)
	for i, side := range rule.Sides { // in the order of the rule: a card must not change its mind about it
		v.Needed += side.Count
		if n := lacking[i]; n > 0 {
			v.Missing = append(v.Missing, change.Need{Who: crowd.couldFill(said, i), Group: side.title(), Count: n})
		}
	}
	v.Enough = len(v.Missing) == 0
	if r.Proposal.RequiredInput != "" {
		v.Submitters = rule.called(Remote, crowd)
	}
	if r.State == change.WaitingForPerson {
		v.Helpers = rule.called(Local, crowd)
	}
	if rule.Window != nil {
		v.NotBefore, v.NotAfter = rule.Window.Next(p.now())
	}
	return v, nil
}
