package policy_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

const month = 30 * 24 * time.Hour

// bounded lets one owner approve what lasts a month at most, and two of them the rest, if there is such a rule.
func bounded(rest bool) policy.Rules {
	rules := policy.Rules{
		Groups: []policy.Group{{Name: "owners", UserGroup: "S1"}},
		Rules:  []policy.Rule{{Name: "for a month", Longest: month, Sides: []policy.Side{{Group: "owners", Count: 1}}, Wait: time.Hour}},
	}
	if rest {
		rules.Rules = append(rules.Rules, policy.Rule{Name: "the rest", Sides: []policy.Side{{Group: "owners", Count: 2}}, Wait: time.Hour})
	}
	return rules
}

func lasting(kind, until string) change.Proposal {
	p := change.Proposal{Kind: change.Kind("link." + kind), Traits: map[string][]string{"kind": {kind}}}
	if until != "" {
		p.Traits["until"] = []string{until}
	}
	return p
}

func TestARuleIsForWhatLastsNoLonger(t *testing.T) {
	t.Parallel()
	s := &slack{groups: map[string][]string{"S1": {"UB", "UC", "UD"}}}
	p := of(bounded(true), s)
	in := func(d time.Duration) string { return start.Add(d).UTC().Format(time.RFC3339) }
	for name, tt := range map[string]struct {
		p    change.Proposal
		rule string
	}{
		"a week":                          {lasting("connect", in(7*24*time.Hour)), "for a month"},
		"longer":                          {lasting("connect", in(month+time.Hour)), "the rest"},
		"forever":                         {lasting("connect", "never"), "the rest"},
		"nobody can read it":              {lasting("connect", "some day"), "the rest"},
		"extended by a week":              {lasting("extend", in(7*24*time.Hour)), "for a month"},
		"a rotation of what lasts longer": {lasting("rotate", "never"), "the rest"},
		"nobody says":                     {lasting("disconnect", ""), "the rest"},
	} {
		if terms, err := p.Authorize(t.Context(), tt.p, change.Actor{User: "UA"}); err != nil || terms.Rule != tt.rule {
			t.Errorf("%s: %+v, %v", name, terms, err)
		}
	}
	_, err := of(bounded(false), s).Authorize(t.Context(), lasting("connect", "never"), change.Actor{User: "UA"})
	refused, _ := errors.AsType[*change.NotAllowedError](err)
	if refused == nil || refused.Trait != policy.TraitUntil || !strings.Contains(refused.Why, "rule for a month allows this for at most 30 days") {
		t.Errorf("%v", err)
	}
}

// A request that waits does not come to need less because less of its time is left.
func TestHowLongSomethingLastsCountsFromTheRequest(t *testing.T) {
	t.Parallel()
	s := &slack{groups: map[string][]string{"S1": {"UB", "UC", "UD"}}}
	asked := start.Add(-7 * 24 * time.Hour)
	r := &change.Request{Created: asked, Requester: change.Actor{User: "UA"}, Proposal: lasting("connect", asked.Add(month+24*time.Hour).UTC().Format(time.RFC3339))}
	if v, err := of(bounded(true), s).Evaluate(t.Context(), r); err != nil || v.Rule != "the rest" {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestALongestIsChecked(t *testing.T) {
	t.Parallel()
	find := func(edit func(*policy.Rules)) string {
		rules := bounded(true)
		edit(&rules)
		var all []string
		for _, p := range rules.Check([]string{"ece"}, kinds) {
			all = append(all, p.Path+" "+p.Say)
		}
		return strings.Join(all, "; ")
	}
	if got := find(func(*policy.Rules) {}); got != "" {
		t.Errorf("a rule with a bound leaves the rest to others: %s", got)
	}
	if got := find(func(r *policy.Rules) { r.Rules[1].Longest = month / 2 }); !strings.Contains(got, "can never match") {
		t.Error(got)
	}
}

// ending is a change by which the bot takes back what was approved with that end.
func ending(until time.Time) *change.Request {
	return &change.Request{
		Requester:        change.Actor{User: "UA", Bot: true},
		Proposal:         change.Proposal{Kind: "link.disconnect", Traits: map[string][]string{"kind": {"disconnect"}}, Ending: &change.Ending{Until: until}},
		StandingApproval: &change.StandingApproval{Approval: change.Approval{Request: "r1", By: "UA", Approvers: []string{"UB"}, Policy: "earlier rules", Until: until}},
	}
}

// People approved the end with the connection: who they are by now, and by which rules, keeps nothing there that is to go.
func TestAnEndWasApprovedWithTheConnection(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 12, 24, 18, 0, 0, 0, time.UTC)
	s := &slack{groups: map[string][]string{"S1": {"UX"}}, down: errors.New("slack is away")}
	rules := bounded(true)
	rules.Rules = rules.Rules[:1]
	rules.Rules[0].Match = map[string][]string{"kind": {"connect"}} // none is for a disconnect
	p := of(rules, s)
	r := ending(until)
	if terms, err := p.Authorize(t.Context(), r.Proposal, r.Requester); err != nil || terms.Wait <= 0 {
		t.Errorf("%+v, %v", terms, err)
	}
	if _, err := p.Authorize(t.Context(), r.Proposal, change.Actor{User: "UA"}); err == nil {
		t.Error("people may ask for it")
	}
	if v, err := p.Evaluate(t.Context(), r); err != nil || !v.Enough {
		t.Errorf("%+v, %v", v, err)
	}
	for why, edit := range map[string]func(){
		"request r1 was approved with another end": func() { r.StandingApproval.Until = until.Add(time.Hour) },
		"it differs from what was approved":        func() { r.Proposal.Ending.Differs = "it differs from what was approved" },
	} {
		r = ending(until)
		edit()
		_, err := p.Stands(t.Context(), r)
		if refused, _ := errors.AsType[*change.NotAllowedError](err); refused == nil || !strings.Contains(refused.Why, why) {
			t.Errorf("%v, and not because %s", err, why)
		}
		if v, _ := p.Evaluate(t.Context(), r); v.Enough {
			t.Error("it runs all the same")
		}
	}
}
