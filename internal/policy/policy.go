// Package policy decides by rules that are data: who may ask for a change, who has to approve it, how long it waits and
// when it may begin. It implements change.Policy. It knows what a change says of itself (its traits) and who belongs to
// which group; it must know neither Slack nor what is changed.
package policy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Rules are a whole policy. The first rule that matches a change decides; where none does, the change is refused.
type Rules struct {
	Groups []Group
	Rules  []Rule
	Read   []string // groups whose members may look at connections and requests; none: everybody may

	fingerprint string // of Rules
}

// Group is a set of people under a name: the users named, and the members of a user group or channel. Who belongs to
// the latter is asked for whenever it matters.
type Group struct {
	Name      string
	Users     []string // Slack user ids
	UserGroup string   // id of a Slack user group; empty: none
	Channel   string   // id of a Slack channel; empty: none
	Guests    bool     // guests and people of other organizations in the channel belong to it too; a rule says so
}

// Rule says what a kind of change needs.
type Rule struct {
	Name   string
	Match  map[string][]string // by trait: patterns of which each of its values must fit one; all traits must
	Any    map[string][]string // by trait: patterns of which at least one of its values must fit one; all traits must
	Unless map[string][]string // by trait: patterns of which none may fit
	Ask    []string            // groups whose members may ask; none: everybody may
	Sides  []Side              // all of them have to approve
	// Stands: what the bot asks for by itself runs under the approval of what is there. What can't is judged by the rules
	// after this one.
	Stands bool
	// RequesterCounts lets who asked approve too.
	RequesterCounts bool
	// SeveralSides lets one person's approval count for every side that they belong to.
	SeveralSides bool
	// Guests lets guests and people of other organizations count as members of channels.
	Guests bool
	Wait   time.Duration   // until it expires
	Remind []time.Duration // after asking: when those who are missing are reminded
	Direct bool            // those who may approve are asked by direct message too
	// Confirm says whether an approval takes a second press; nil: where much is at stake (see confirms).
	Confirm *bool
	Window  *Window // when the work may begin; nil: at any time
	// Longest is how long, from the request on, a connection lasts that the rule is for: one without an end, or with a later
	// one, does not match. 0: as long as it likes.
	Longest    time.Duration
	BreakGlass *BreakGlass // lets somebody approve alone in an emergency; nil: nobody may
	// RotateBefore is how long before the end of a key the bot itself asks for its rotation; 0: it does not.
	RotateBefore time.Duration
	// AccessReview is how often people say whether a connection that the rule is for is still needed; 0: nobody is asked. It
	// has nothing to do with the review of what was approved alone, see BreakGlass.
	AccessReview time.Duration `json:",omitempty"` // rules without one have the hash that they had before there was any

	of *Rules // the policy that it is a rule of: another may come into force while Slack is asked
}

// Side is a group of which a number must approve.
type Side struct {
	Name  string // for people, such as "owners of the remote side"; empty: the group's name
	Group string
	Count int
}

// confirms reports whether an approval takes a second press: by default what can't be put back, and wide access.
func (r Rule) confirms(traits map[string][]string) bool {
	if r.Confirm != nil {
		return *r.Confirm
	}
	return slices.Contains(traits["kind"], "disconnect") || slices.Contains(traits["breadth"], "all") || slices.Contains(traits["breadth"], "wide")
}

// title is the side for people.
func (s Side) title() string {
	if s.Name != "" {
		return s.Name
	}
	return s.Group
}

// The names of sides that do what the bot can't, where a rule has one of that name.
const (
	Remote = "remote" // hands keys in
	Local  = "local"  // puts keys into keystores
)

// Groups tells who belongs to a group.
type Groups interface {
	// Members returns user ids. An error means that it is not known, and nobody must be taken for a member.
	Members(ctx context.Context, g Group) ([]string, error)
}

// Policy is a change.Policy by rules.
type Policy struct {
	rules  atomic.Pointer[Rules]
	groups Groups
	now    func() time.Time
}

var (
	_ change.Policy      = (*Policy)(nil)
	_ change.InputPolicy = (*Policy)(nil)
	_ change.WaitPolicy  = (*Policy)(nil)

	_ change.StandingPolicy = (*Policy)(nil)
	_ change.AsidePolicy    = (*Policy)(nil)
)

// New returns a policy over rules, which should have passed Check.
func New(rules Rules, groups Groups, now func() time.Time) *Policy {
	p := &Policy{groups: groups, now: now}
	p.Replace(rules)
	return p
}

// Replace puts other rules in force, which should have passed Check: decisions from now on go by them.
func (p *Policy) Replace(rules Rules) {
	rules.fingerprint = Rules{Rules: rules.Rules}.Hash() // who belongs to the groups is weighed whenever it matters
	rules.Rules = slices.Clone(rules.Rules)
	for i := range rules.Rules {
		rules.Rules[i].of = &rules
	}
	p.rules.Store(&rules)
}

// Hash names the rules in force.
func (p *Policy) Hash() string { return p.rules.Load().Hash() }

// UnknownGroupError says that the members of a group could not be asked for, so nothing is decided.
type UnknownGroupError struct {
	Group string
	Err   error
}

func (e *UnknownGroupError) Error() string { return "who belongs to " + e.Group + ": " + e.Err.Error() }
func (e *UnknownGroupError) Unwrap() error { return e.Err }

func refuse(format string, args ...any) *change.NotAllowedError {
	return &change.NotAllowedError{Why: fmt.Sprintf(format, args...)}
}

// find returns the rule by which people decide about a proposal that was asked for then.
func (p *Policy) find(prop change.Proposal, asked time.Time) (Rule, error) {
	return findIn(p.rules.Load().asking(), prop, asked)
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

// inAny reports whether user is in one of the groups. A group that can't be asked matters only if none of the others
// has the user.
func (p *Policy) inAny(ctx context.Context, rule Rule, groups []string, user string) (bool, error) {
	var unknown error
	for _, name := range groups {
		members, err := p.members(ctx, rule, name)
		if err != nil {
			unknown = err
			continue
		}
		if slices.Contains(members, user) {
			return true, nil
		}
	}
	return false, unknown
}

func (p *Policy) members(ctx context.Context, rule Rule, name string) ([]string, error) {
	i := slices.IndexFunc(rule.of.Groups, func(g Group) bool { return g.Name == name })
	if i < 0 {
		return nil, &UnknownGroupError{Group: name, Err: fmt.Errorf("the policy has no group %q", name)}
	}
	group := rule.of.Groups[i]
	group.Guests = rule.Guests
	members, err := p.groups.Members(ctx, group)
	if err != nil {
		return nil, &UnknownGroupError{Group: name, Err: err}
	}
	return members, nil
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

// means reports whether a side does what is for the one of that name: any does, where the rule has none of that name.
func (r Rule) means(s Side, name string) bool {
	return s.Name == name || !slices.ContainsFunc(r.Sides, func(s Side) bool { return s.Name == name })
}

// called are the people of the sides that do what is for the one of that name, each once.
func (r Rule) called(name string, c matching) []string {
	var own matching
	for i, s := range r.Sides {
		if r.means(s, name) {
			own.sides = append(own.sides, c.sides[i])
		}
	}
	return own.candidates()
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

// matching is who could approve under a rule.
func (p *Policy) matching(ctx context.Context, rule Rule, requester string) (matching, error) {
	c := matching{several: rule.SeveralSides}
	for _, s := range rule.Sides {
		members, err := p.members(ctx, rule, s.Group)
		if err != nil {
			return matching{}, err
		}
		if !rule.RequesterCounts {
			members = slices.DeleteFunc(slices.Clone(members), func(u string) bool { return u == requester })
		}
		c.sides = append(c.sides, side{count: s.Count, members: members})
	}
	return c, nil
}
