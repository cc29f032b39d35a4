package policy

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Groups tells who belongs to a group.
type Groups interface {
	// Members returns user ids. An error means that it is not known, and nobody must be taken for a member.
	Members(ctx context.Context, g Group) ([]string, error)
}

// inForce are the rules that decide now, and who belongs to their groups.
type inForce struct {
	rules  atomic.Pointer[Rules]
	groups Groups
	now    func() time.Time
}

// Replace puts other rules in force, which should have passed Check: decisions from now on go by them.
func (p *inForce) Replace(rules Rules) {
	rules.fingerprint = Rules{Rules: rules.Rules}.Hash() // who belongs to the groups is weighed whenever it matters
	rules.Rules = slices.Clone(rules.Rules)
	for i := range rules.Rules {
		rules.Rules[i].of = &rules
	}
	p.rules.Store(&rules)
}

// Hash names the rules in force.
func (p *inForce) Hash() string { return p.rules.Load().Hash() }

// find returns the rule by which people decide about a proposal that was asked for then.
func (p *inForce) find(prop change.Proposal, asked time.Time) (Rule, error) {
	return findIn(p.rules.Load().asking(), prop, asked)
}

// inAny reports whether user is in one of the groups. A group that can't be asked matters only if none of the others
// has the user.
func (p *inForce) inAny(ctx context.Context, rule Rule, groups []string, user string) (bool, error) {
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

func (p *inForce) members(ctx context.Context, rule Rule, name string) ([]string, error) {
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

// membersOfAny are those who belong to at least one of the groups, each once.
func (p *inForce) membersOfAny(ctx context.Context, rule Rule, groups []string) ([]string, error) {
	var all []string
	for _, group := range groups {
		members, err := p.members(ctx, rule, group)
		if err != nil {
			return nil, err
		}
		for _, u := range members {
			if !slices.Contains(all, u) {
				all = append(all, u)
			}
		}
	}
	return all, nil
}

// matching is who could approve under a rule.
func (p *inForce) matching(ctx context.Context, rule Rule, requester string) (matching, error) {
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

// UnknownGroupError says that the members of a group could not be asked for, so nothing is decided.
type UnknownGroupError struct {
	Group string
	Err   error
}

func (e *UnknownGroupError) Error() string { return "who belongs to " + e.Group + ": " + e.Err.Error() }
func (e *UnknownGroupError) Unwrap() error { return e.Err }
