package policy_test

import (
	"slices"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

// byStakes has a rule for what is narrow and ends soon, one for what is wide, one for all else, and one that can't be reached.
func byStakes() policy.Rules {
	group := func(name string, users ...string) policy.Group { return policy.Group{Name: name, Users: users} }
	sides := func(group string, n int) []policy.Side { return []policy.Side{{Group: group, Count: n}} }
	return policy.Rules{
		Groups: []policy.Group{group("team", "UA", "UB"), group("owners", "UC", "UD", "UE"), group("board", "UF", "UG", "UH", "UI")},
		Rules: []policy.Rule{
			{Name: "brief", Longest: time.Hour, Wait: time.Hour, Sides: sides("team", 1)},
			{Name: "wide", Match: map[string][]string{"breadth": {"all", "wide"}}, Wait: time.Hour, Sides: sides("owners", 3)},
			{Name: "rest", Wait: time.Hour, Sides: sides("team", 2)},
			{Name: "never", Wait: time.Hour, Sides: sides("board", 4)},
		},
	}
}

func TestWhatCantBeReadIsTakenUpUnderTheStrictestRule(t *testing.T) {
	t.Parallel()
	unreadable := change.Aside{ID: "x", Requesters: []string{"UD"}}
	narrow := asked("UREQ")
	narrow.Proposal.Traits = map[string][]string{"breadth": {"narrow"}, "until": {"never"}}
	readable := change.Aside{ID: "x", Requesters: []string{"UREQ"}, Request: narrow}
	counts := byStakes()
	for i := range counts.Rules {
		counts.Rules[i].RequesterCounts = true
	}
	onlyWide := byStakes()
	onlyWide.Rules = onlyWide.Rules[1:2]
	for name, c := range map[string]struct {
		rules policy.Rules
		aside change.Aside
		may   []string
	}{
		"nothing is known":                 {byStakes(), unreadable, []string{"UC", "UE"}},
		"not even who asked":               {byStakes(), change.Aside{ID: "x"}, nil},
		"two may have asked":               {byStakes(), change.Aside{ID: "x", Requesters: []string{"UC", "UD"}}, []string{"UE"}},
		"the requester counts, but not so": {counts, unreadable, []string{"UC", "UE"}},
		"no rule surely matches":           {onlyWide, unreadable, []string{"UC", "UE"}},
		"it can be read":                   {byStakes(), readable, []string{"UA", "UB"}},
	} {
		p := of(c.rules, &slack{})
		for _, u := range []string{"UA", "UB", "UC", "UD", "UE", "UF", "UREQ"} {
			err := p.MayTakeUp(t.Context(), c.aside, change.Actor{User: u})
			if want := slices.Contains(c.may, u); (err == nil) != want || err != nil && !isRefusal(err) {
				t.Errorf("%s: %s: %v", name, u, err)
			}
		}
		if who, err := p.AsideDeciders(t.Context(), c.aside); err != nil || !slices.Equal(who, c.may) {
			t.Errorf("%s: told are %v, %v", name, who, err)
		}
	}
}
