package doctor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

// approvals looks for groups that can't be read and for rules under which nobody could approve.
func (o Options) approvals(ctx context.Context, a *area) {
	rules := o.Config.Rules()
	roster := policy.NewGroupCache(o.Slack, time.Minute, o.Now)
	members := map[string][]string{} // of the groups that could be read
	for _, g := range rules.Groups {
		who, err := roster.Members(ctx, g)
		switch {
		case err != nil:
			a.bad("group "+g.Name, mendGroup(err), "%v: whatever needs this group is refused", err)
			continue
		case len(who) == 0:
			a.bad("group "+g.Name, "add someone to it, or name another group in the rules", "nobody belongs to it")
		}
		members[g.Name] = who
	}
	names := deploymentNames(ctx, o.Systems)
	sound := 0
	for _, r := range rules.Rules {
		if rule(a, r, members) {
			sound++
		}
		for _, trait := range []string{policy.TraitLocalName, policy.TraitRemoteName} {
			if idle := r.Idle(trait, names); names != nil && len(idle) > 0 {
				a.warn("rule "+r.Name, "check for a typo: rules match deployments by name, and case matters",
					"%s: no deployment that the bot can see is called %s", trait, strings.Join(idle, " or "))
			}
		}
	}
	if sound > 0 {
		a.ok("rules", "%d of %d rule(s) can be fulfilled for any requester", sound, len(rules.Rules))
	}
}

// deploymentNames are those of all deployments, of both sides: connections may go either way. Nil where they are not all known: the
// platform has a finding of its own then, or has too many to list.
func deploymentNames(ctx context.Context, systems []link.System) []string {
	var all []string
	for _, s := range systems {
		found, err := s.Search(ctx, "", searchLimit)
		if err != nil || len(found) == searchLimit {
			return nil
		}
		for _, d := range found {
			all = append(all, d.Name)
		}
	}
	return all
}

// rule reports whether everybody could get what they ask for under it.
func rule(a *area, r policy.Rule, members map[string][]string) bool {
	check := "rule " + r.Name
	if r.BreakGlass != nil {
		breakGlass(a, check, *r.BreakGlass, members)
	}
	if r.AccessReview > 0 && r.AccessReview < soonAccessReview {
		a.warn(check, "set review.every to some months, such as 180d", "every connection is reviewed every %s: people learn to press Keep unread", r.AccessReview)
	}
	for _, name := range r.Ask {
		if who, known := members[name]; known && len(who) == 0 {
			a.warn(check, "put somebody into "+name, "nobody may ask: %s is empty", name)
			return false
		}
	}
	for _, s := range r.Sides {
		who, known := members[s.Group]
		switch {
		case !known:
			return false // the group has a finding of its own
		case len(who) < s.Count:
			a.bad(check, "put more people into "+s.Group+", or ask for fewer approvals", "%d member(s) of %s must approve, and it has %d", s.Count, s.Group, len(who))
			return false
		case len(who) == s.Count && !r.RequesterCounts:
			a.warn(check, "put one more into "+s.Group+" than have to approve", "%d of the %d member(s) of %s must approve, and nobody approves a request of "+
				"their own: they can ask for nothing", s.Count, len(who), s.Group)
			return false
		}
	}
	return true
}

// soonAccessReview is how often people can be asked whether they still need a connection, and think about it.
const soonAccessReview = 7 * 24 * time.Hour

// breakGlass looks for emergencies in which nobody could approve, or whose review nobody could make. Groups that can't be read
// have a finding of their own.
func breakGlass(a *area, check string, g policy.BreakGlass, members map[string][]string) {
	var may []string
	for _, name := range g.Groups {
		who, known := members[name]
		if !known {
			return
		}
		may = append(may, who...)
	}
	reviewers, known := members[g.Review.Group]
	switch {
	case !known:
	case len(may) == 0:
		a.warn(check, "put somebody into "+strings.Join(g.Groups, " or "), "nobody can approve alone in an emergency: nobody belongs to %s",
			strings.Join(g.Groups, " or "))
	case len(reviewers) == 0:
		a.bad(check, "put somebody into "+g.Review.Group, "nobody can review what is approved alone: nobody belongs to %s", g.Review.Group)
	case len(reviewers) == 1 && slices.Contains(may, reviewers[0]):
		a.bad(check, "put one more into "+g.Review.Group, "only %s belongs to %s and may approve alone, and nobody can review their own approval",
			reviewers[0], g.Review.Group)
	}
}

func mendGroup(err error) string {
	e, ok := errors.AsType[*bot.Error](err)
	switch {
	case ok && e.Kind == bot.Scope:
		return reinstall
	case ok && slices.Contains([]string{"no_such_subteam", "channel_not_found"}, e.Code):
		return "use the id of a user group (S…) or channel (C…) that exists; invite the bot to a private channel first"
	}
	return "see the Slack findings above, then try again"
}
