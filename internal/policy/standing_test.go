package policy_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

// rotatesItself lets the bot rotate keys, and two owners decide about the rest.
func rotatesItself() policy.Rules {
	return policy.Rules{
		Groups: []policy.Group{{Name: "owners", UserGroup: "S1"}},
		Rules: []policy.Rule{
			{Name: "by itself", Match: map[string][]string{"kind": {"rotate"}}, Stands: true, RotateBefore: 14 * 24 * time.Hour, Wait: time.Hour},
			{Name: "two owners", Sides: []policy.Side{{Group: "owners", Count: 2}}, Wait: time.Hour},
		},
	}
}

// connected is a rotation of a connection that UB and UC approved by those rules.
func connected(t *testing.T, rules policy.Rules, s *slack) *change.Request {
	t.Helper()
	p := of(rules, s)
	v, err := p.Evaluate(t.Context(), asked("UA", "UB", "UC"))
	if err != nil || !v.Enough || v.Policy == "" {
		t.Fatalf("%+v, %v", v, err)
	}
	r := asked("UA")
	r.Requester.Bot = true
	r.Proposal.Kind, r.Proposal.Substance = "link.rotate", "all but the key"
	r.StandingApproval = &change.StandingApproval{Approval: change.Approval{
		Request: "r1", By: "UA", Approvers: []string{"UB", "UC"}, Policy: v.Policy, Substance: r.Proposal.Substance,
		Traits: map[string][]string{"kind": {"connect"}},
	}}
	return r
}

func TestARotationRunsUnderTheApprovalOfTheConnection(t *testing.T) {
	t.Parallel()
	people := func() *slack { return &slack{groups: map[string][]string{"S1": {"UA", "UB", "UC", "UD"}}} }
	for name, tt := range map[string]struct {
		change func(r *change.Request, rules *policy.Rules, s *slack)
		why    string // it does not stand; empty: it does
	}{
		"as it was":                 {change: func(*change.Request, *policy.Rules, *slack) {}},
		"more than the key differs": {func(r *change.Request, _ *policy.Rules, _ *slack) { r.Proposal.Substance = "other" }, "more than the key"},
		"the bot can't":             {func(r *change.Request, _ *policy.Rules, _ *slack) { r.Proposal.Substance = "" }, "without people"},
		"a rule is another": {func(_ *change.Request, rules *policy.Rules, _ *slack) {
			rules.Rules[1].Sides[0].Count = 1 // an easier one is another, too
		}, "the policy has changed"},
		"a window opens": {func(_ *change.Request, rules *policy.Rules, _ *slack) {
			rules.Rules[1].Window = &policy.Window{Zone: time.UTC, Days: []time.Weekday{1}, To: time.Hour}
		}, "the policy has changed"},
		"no rule lets it":            {func(_ *change.Request, rules *policy.Rules, _ *slack) { rules.Rules = rules.Rules[1:] }, "requires approval"},
		"one has left":               {func(_ *change.Request, _ *policy.Rules, s *slack) { s.groups["S1"] = []string{"UB", "UD"} }, "not everyone who approved"},
		"who approved asked for it":  {func(r *change.Request, _ *policy.Rules, _ *slack) { r.StandingApproval.By = "UB" }, "not everyone who approved"},
		"one more belongs to owners": {change: func(_ *change.Request, _ *policy.Rules, s *slack) { s.groups["S1"] = append(s.groups["S1"], "UE") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, rules := people(), rotatesItself()
			r := connected(t, rules, s)
			tt.change(r, &rules, s)
			p := of(rules, s)
			v, err := p.Stands(t.Context(), r)
			refused, _ := errors.AsType[*change.NotAllowedError](err)
			if tt.why == "" {
				if err != nil || !v.Enough || v.Rule != "by itself" {
					t.Errorf("%+v, %v", v, err)
				}
			} else if refused == nil || !strings.Contains(refused.Why, tt.why) {
				t.Errorf("%v, and not because %s", err, tt.why)
			}
			// What is shown and what a worker asks before it begins is the same.
			if w, err := p.Evaluate(t.Context(), r); err != nil || w.Enough != (tt.why == "") {
				t.Errorf("%+v, %v", w, err)
			}
		})
	}
}

// While nobody knows who belongs to a group, it neither stands nor falls.
func TestAStandingApprovalOfUnknownPeopleIsNotWeighed(t *testing.T) {
	t.Parallel()
	s := &slack{groups: map[string][]string{"S1": {"UB", "UC", "UD"}}}
	r := connected(t, rotatesItself(), s)
	s.down = errors.New("slack is away")
	_, err := of(rotatesItself(), s).Stands(t.Context(), r)
	if _, refused := errors.AsType[*change.NotAllowedError](err); err == nil || refused {
		t.Errorf("%v", err)
	}
	if v, err := of(rotatesItself(), s).Evaluate(t.Context(), r); err == nil || v.Enough {
		t.Errorf("%+v, %v", v, err)
	}
}

// A rule by which the bot does it is for nothing that people ask for, and a request that has fallen back is for people.
func TestPeopleDecideByTheRulesAfterAStandingOne(t *testing.T) {
	t.Parallel()
	s := &slack{groups: map[string][]string{"S1": {"UB", "UC", "UD"}}}
	p := of(rotatesItself(), s)
	rotation := change.Proposal{Kind: "link.rotate"}
	if terms, err := p.Authorize(t.Context(), rotation, change.Actor{User: "UA"}); err != nil || terms.Rule != "two owners" {
		t.Errorf("%+v, %v", terms, err)
	}
	if !p.MayStand(rotation) || p.MayStand(change.Proposal{Kind: "link.connect"}) {
		t.Error("the rule is for rotations alone")
	}
	if got := p.RotateBefore(rotation); got != 14*24*time.Hour {
		t.Error(got)
	}
	r := connected(t, rotatesItself(), s)
	r.Decisions = append(r.Decisions, change.Decision{Kind: change.Unapproved})
	v, err := p.Evaluate(t.Context(), r)
	if err != nil || v.Enough || v.Needed != 2 || v.Rule != "two owners" {
		t.Errorf("%+v, %v", v, err)
	}
}

// Who may ask for a rotation does not keep the bot from it, where the rule has it ask.
func TestWhoMayAskSaysNothingOfTheBot(t *testing.T) {
	t.Parallel()
	s := &slack{groups: map[string][]string{"S1": {"UB", "UC", "UD"}}}
	rules := rotatesItself()
	rules.Rules[1].Ask = []string{"owners"}
	rotation, connect := change.Proposal{Kind: "link.rotate"}, change.Proposal{Kind: "link.connect"}
	for _, tt := range []struct {
		p   change.Proposal
		by  change.Actor
		may bool
	}{{rotation, change.Actor{User: "UA"}, false}, {rotation, change.Actor{User: "UA", Bot: true}, true}, {connect, change.Actor{User: "UA", Bot: true}, false}} {
		if _, err := of(rules, s).Authorize(t.Context(), tt.p, tt.by); (err == nil) != tt.may {
			t.Errorf("%s by %+v: %v", tt.p.Kind, tt.by, err)
		}
	}
}

func TestAStandingRuleIsChecked(t *testing.T) {
	t.Parallel()
	find := func(edit func(*policy.Rules)) string {
		rules := rotatesItself()
		edit(&rules)
		var all []string
		for _, p := range rules.Check([]string{"ece"}, kinds) {
			all = append(all, p.Path+" "+p.Say)
		}
		return strings.Join(all, "; ")
	}
	if got := find(func(*policy.Rules) {}); got != "" {
		t.Error(got)
	}
	for want, edit := range map[string]func(*policy.Rules){
		"rules[0].approve standing is for what the bot asks for": func(r *policy.Rules) { r.Rules[0].RotateBefore = 0 },
		"rules[0].approve needs a rule after it":                 func(r *policy.Rules) { r.Rules = r.Rules[:1] },
		"rules[0].rotate_before has no effect":                   func(r *policy.Rules) { r.Rules[0].Match["kind"] = []string{"connect"} },
	} {
		if got := find(edit); !strings.Contains(got, want) {
			t.Errorf("%q has not %q", got, want)
		}
	}
}
