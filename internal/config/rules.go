package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

// Rules are the policy as the program follows it. Approvals, the short form, are one rule for every change.
func (c *Config) Rules() policy.Rules {
	if c.Policy == nil {
		a := c.Approvals
		return policy.Rules{
			Groups: []policy.Group{{Name: "approvers", Users: a.Approvers}},
			Rules: []policy.Rule{{
				Name: "approvers", Sides: []policy.Side{{Group: "approvers", Count: a.Count}}, Wait: a.Wait.Std(),
			}},
		}
	}
	out := policy.Rules{Read: c.Policy.Read}
	for _, name := range slices.Sorted(maps.Keys(c.Policy.Groups)) {
		g := c.Policy.Groups[name]
		out.Groups = append(out.Groups, policy.Group{Name: name, Users: g.Users, UserGroup: g.UserGroup, Channel: g.Channel})
	}
	for _, r := range c.Policy.Rules {
		rule := policy.Rule{
			Name: r.Name, Match: plain(r.Match), Any: plain(r.Any), Unless: plain(r.Unless), Ask: r.Ask,
			RequesterCounts: r.RequesterMayApprove, SeveralSides: r.OnePersonSeveralSides, Guests: r.Guests,
			Wait: r.Wait.Std(), Direct: r.AskBy == "dm", Confirm: r.Confirm, RotateBefore: r.RotateBefore.Std(),
			Longest: r.Longest.Std(), AccessReview: r.Review.every(), BreakGlass: r.BreakGlass.rule(),
		}
		rule.Stands = r.Approve.standing()
		for _, s := range r.Approve.sides() {
			rule.Sides = append(rule.Sides, policy.Side{Name: s.Side, Group: s.Group, Count: s.Count})
		}
		for _, d := range r.Remind {
			rule.Remind = append(rule.Remind, d.Std())
		}
		if r.Window != nil {
			w, _ := r.Window.window() // what is wrong was said when the configuration was read
			rule.Window = &w
		}
		out.Rules = append(out.Rules, rule)
	}
	return out
}

// Refresh is how long the members of a group are remembered.
func (c *Config) Refresh() time.Duration {
	if c.Policy == nil {
		return time.Minute
	}
	return c.Policy.Refresh.Std()
}

func plain(m map[string]Patterns) map[string][]string {
	if len(m) == 0 {
		return nil
	}
	out := map[string][]string{}
	for k, v := range m {
		out[k] = v
	}
	return out
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} // as time.Weekday counts

// window is w as the program follows it, and what is wrong with it, by field.
func (w PolicyWindow) window() (policy.Window, map[string]string) {
	wrong := map[string]string{}
	out := policy.Window{Zone: time.UTC}
	for _, d := range w.Days {
		i := slices.Index(weekdays, d)
		if i < 0 {
			wrong["days"] = fmt.Sprintf("%q is none of %s", d, strings.Join(weekdays, ", "))
			continue
		}
		out.Days = append(out.Days, time.Weekday(i))
	}
	var err error
	if out.From, err = clock(w.From); err != nil {
		wrong["from"] = err.Error()
	}
	if out.To, err = clock(w.To); err != nil {
		wrong["to"] = err.Error()
	}
	if w.Zone != "" {
		if out.Zone, err = time.LoadLocation(w.Zone); err != nil {
			wrong["zone"], out.Zone = "no time zone has this name here", time.UTC
		}
	}
	return out, wrong
}

func clock(s string) (time.Duration, error) {
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, fmt.Errorf(`must be a time of day such as "09:00"`)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

var groupRule = "must be the id of a user group, such as S0123ABCD"

func checkPolicy(p *parser, c *Config) {
	if c.Policy == nil {
		checkApprovals(p, c.Approvals)
		return
	}
	if len(c.Approvals.Approvers) > 0 {
		p.add("approvals", "is the short form of policy: use one of them")
	}
	pol := c.Policy
	p.span("policy.refresh", pol.Refresh, 100*time.Millisecond, time.Hour)
	for name, g := range pol.Groups {
		at := "policy.groups." + name
		for i, u := range g.Users {
			if !userRule.MatchString(u) {
				p.add(fmt.Sprintf("%s.users[%d]", at, i), "must be the id of a Slack user, such as U0123ABCD")
			}
		}
		if g.UserGroup != "" && !strings.HasPrefix(g.UserGroup, "S") {
			p.add(at+".user_group", "%s", groupRule)
		}
		if g.Channel != "" && !channelRule.MatchString(g.Channel) {
			p.add(at+".channel", "must be the id of a channel, such as C0123ABCD")
		}
	}
	for i, r := range pol.Rules {
		at := fmt.Sprintf("policy.rules[%d]", i)
		p.oneOf(at+".ask_by", r.AskBy, "channel", "dm")
		if r.RotateBefore != 0 {
			p.span(at+".rotate_before", r.RotateBefore, time.Hour, 365*24*time.Hour)
		}
		if r.Review != nil && r.Review.Every <= 0 {
			p.add(at+".review.every", "say how often, such as 180d")
		}
		if r.Longest != 0 {
			p.span(at+".longest", r.Longest, time.Minute, 3650*24*time.Hour)
		}
		if r.Window != nil {
			_, wrong := r.Window.window()
			for _, field := range slices.Sorted(maps.Keys(wrong)) {
				p.add(at+".window."+field, "%s", wrong[field])
			}
		}
	}
	var platforms []string
	for _, pl := range c.Platforms {
		platforms = append(platforms, pl.Name)
	}
	for _, problem := range c.Rules().Check(platforms, plan.KindNames()) {
		p.add("policy."+problem.Path, "%s", problem.Say)
	}
}
