package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Problem is something that is wrong with the rules. Path is as in the configuration, below policy.
type Problem struct{ Path, Say string }

const (
	minWait = time.Second
	maxWait = 90 * 24 * time.Hour
)

// Check finds everything that is wrong with the rules: names that mean nothing, rules that can never match, and rules
// that nobody can fulfil. platforms are the names that the configuration has, kinds those of the changes that there are.
func (r Rules) Check(platforms, kinds []string) []Problem {
	c := checker{rules: r, platforms: platforms, kinds: kinds}
	c.groups()
	for i, g := range r.Read {
		c.group(fmt.Sprintf("read[%d]", i), g)
	}
	if len(r.Rules) == 0 {
		c.add("rules", "without a rule nobody may ask for anything")
	}
	for i, rule := range r.Rules {
		at := fmt.Sprintf("rules[%d]", i)
		c.rule(i, rule)
		for j, earlier := range r.Rules[:i] {
			if earlier.Name == rule.Name {
				c.add(at+".name", "rules[%d] has this name too", j)
			}
			if covers(earlier, rule) && !earlier.Stands {
				c.add(at+".match", "can never match: rule %s comes first and matches all of it", earlier.Name)
				break
			}
		}
	}
	return c.found
}

type checker struct {
	rules     Rules
	platforms []string
	kinds     []string
	found     []Problem
}

func (c *checker) add(path, format string, args ...any) {
	c.found = append(c.found, Problem{path, fmt.Sprintf(format, args...)})
}

func (c *checker) groups() {
	for _, g := range c.rules.Groups {
		at := "groups." + g.Name
		if len(g.Users) == 0 && g.UserGroup == "" && g.Channel == "" {
			c.add(at, "is nobody: name users, a user_group or a channel")
		}
		for i, u := range g.Users {
			if slices.Index(g.Users, u) < i {
				c.add(fmt.Sprintf("%s.users[%d]", at, i), "%s is named twice", u)
			}
		}
	}
}

func (c *checker) rule(i int, r Rule) {
	at := fmt.Sprintf("rules[%d]", i)
	if r.Name == "" {
		c.add(at+".name", "every rule needs a name: it stands in the audit")
	}
	c.traits(at+".match", r.Match, true)
	c.traits(at+".any", r.Any, true)
	c.traits(at+".unless", r.Unless, false)
	for i, g := range r.Ask {
		c.group(fmt.Sprintf("%s.ask[%d]", at, i), g)
	}
	switch {
	case len(r.Sides) == 0 && !r.Stands:
		c.add(at+".approve", "somebody has to approve")
	case r.Stands && r.RotateBefore == 0:
		c.add(at+".approve", "standing is for what the bot asks for by itself: say rotate_before, too")
	case r.Stands && !slices.ContainsFunc(c.rules.Rules[i+1:], func(later Rule) bool { return !later.Stands && later.isFor("rotate") }):
		c.add(at+".approve", "needs a rule after it by which people approve what can't run under a standing approval")
	}
	if r.RotateBefore > 0 && !r.isFor("rotate") {
		c.add(at+".rotate_before", "has no effect: the rule is not for rotations")
	}
	c.checkAccessReview(at, r)
	c.checkGlass(at, r)
	known := true
	for i, s := range r.Sides {
		in := fmt.Sprintf("%s.approve[%d]", at, i)
		known = c.group(in+".group", s.Group) && known
		if s.Count < 1 {
			c.add(in+".count", "must be 1 or more")
			known = false
		}
	}
	if known {
		c.canBeFulfilled(at, r)
	}
	if r.Wait < minWait || r.Wait > maxWait {
		c.add(at+".wait", "must lie between %s and %s", minWait, span(maxWait))
	}
	for i, d := range r.Remind {
		if d <= 0 || d >= r.Wait {
			c.add(fmt.Sprintf("%s.remind[%d]", at, i), "must come before the request expires (%s)", span(r.Wait))
		}
	}
	if w := r.Window; w != nil && (len(w.Days) == 0 || w.Zone == nil) {
		c.add(at+".window", "needs days and a zone")
	}
}

func (c *checker) group(at, name string) bool {
	if slices.ContainsFunc(c.rules.Groups, func(g Group) bool { return g.Name == name }) {
		return true
	}
	c.add(at, "there is no group %s", name)
	return false
}

// traits looks for what a rule asks for and no change has.
func (c *checker) traits(at string, m map[string][]string, wanted bool) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		possible, known := values[name]
		if !known && !isTag(name) {
			c.add(at+"."+name, "no change has such a trait; there are %s, and local.tag.<key> and remote.tag.<key>",
				strings.Join(slices.Sorted(maps.Keys(values)), ", "))
			continue
		}
		switch name {
		case TraitKind:
			possible = c.kinds
		case TraitLocalPlatform, TraitRemotePlatform:
			possible = c.platforms
		}
		if len(m[name]) == 0 && wanted {
			c.add(at+"."+name, "can never match: name a pattern")
		}
		for _, p := range m[name] {
			if len(possible) > 0 && !anyFits([]string{p}, possible) {
				c.add(at+"."+name, "%q can never match: it is one of %s", p, strings.Join(possible, ", "))
			}
		}
	}
}

func isTag(name string) bool {
	for _, prefix := range []string{LocalTag, RemoteTag} {
		if tag, ok := strings.CutPrefix(name, prefix); ok && tag != "" {
			return true
		}
	}
	return false
}

// canBeFulfilled looks at the rules whose people are all named in the configuration. What Slack's groups hold is
// known only when somebody asks.
func (c *checker) canBeFulfilled(at string, r Rule) {
	crowd := matching{several: r.SeveralSides}
	for _, s := range r.Sides {
		i := slices.IndexFunc(c.rules.Groups, func(g Group) bool { return g.Name == s.Group })
		g := c.rules.Groups[i]
		if g.UserGroup != "" || g.Channel != "" {
			return
		}
		crowd.sides = append(crowd.sides, side{count: s.Count, members: g.Users})
	}
	if left := crowd.missing(crowd.candidates()); len(left) > 0 {
		c.add(at+".approve", "nobody can fulfil this: %s, and there are not that many people", r.needs(left))
	}
}

// checkAccessReview looks for a rule that is for no connection, or asks so often that nobody reads it.
func (c *checker) checkAccessReview(at string, r Rule) {
	if r.AccessReview == 0 {
		return
	}
	at += ".review"
	if !r.isFor("connect") {
		c.add(at, "has no effect: the rule that a new connection would need decides about reviews, and this one is not for them")
	}
	if r.Stands {
		c.add(at, "has no effect: nobody approves under this rule")
	}
	if r.AccessReview < minWait || r.AccessReview > maxAccessReview {
		c.add(at+".every", "must lie between %s and %s", minWait, days(maxAccessReview))
	}
}

// maxAccessReview is the longest time between two reviews: what is asked less often is asked nobody who remembers.
const maxAccessReview = 3650 * 24 * time.Hour

// covers reports whether r matches whatever other matches. It may miss some: patterns are compared one by one.
func covers(r, other Rule) bool {
	if len(r.Any)+len(r.Unless) > 0 || r.Longest > 0 && (other.Longest == 0 || other.Longest > r.Longest) {
		return false
	}
	for trait, patterns := range r.Match {
		wanted, ok := other.Match[trait]
		if !ok {
			return false
		}
		for _, w := range wanted {
			if !slices.ContainsFunc(patterns, func(p string) bool { return p == w || fits(p, w) }) {
				return false
			}
		}
	}
	return true
}
