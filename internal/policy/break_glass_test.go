package policy_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

// emergencies lets two owners approve, or one of those on call alone.
func emergencies() policy.Rules {
	return policy.Rules{
		Groups: []policy.Group{{Name: "owners", UserGroup: "S1"}, {Name: "oncall", UserGroup: "S2"}, {Name: "security", UserGroup: "S3"}},
		Rules: []policy.Rule{{
			Name: "two owners", Sides: []policy.Side{{Group: "owners", Count: 2}}, Wait: time.Hour,
			BreakGlass: &policy.BreakGlass{Groups: []string{"oncall"}, Longest: 4 * time.Hour, Review: policy.Review{Group: "security", Within: 24 * time.Hour}},
		}},
	}
}

// urgent is a request for a connection that ends in three hours.
func urgent() *change.Request {
	r := asked("UA")
	r.Proposal.Traits = map[string][]string{
		"kind": {"connect"}, "access": {"search"}, "address": {"platform"}, "until": {start.Add(3 * time.Hour).Format(time.RFC3339)},
	}
	return r
}

func people() *slack {
	return &slack{groups: map[string][]string{"S1": {"UB", "UC"}, "S2": {"UA", "UO"}, "S3": {"UA", "US", "UO"}}}
}

func TestSomebodyMayApproveAloneInAnEmergency(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit func(r *change.Request, rules *policy.Rules)
		by   string
		why  string // it is refused; empty: it is not
	}{
		"on call":   {by: "UO"},
		"who asked": {by: "UA"},
		"an owner":  {by: "UB", why: "lets only oncall approve alone"},
		"it replicates": {func(r *change.Request, _ *policy.Rules) {
			r.Proposal.Traits["access"] = []string{"replication", "search"}
		}, "UO", "what replicates"},
		"it trusts all": {func(r *change.Request, _ *policy.Rules) { r.Proposal.Traits["trust_all"] = []string{"yes"} }, "UO", "trust in every cluster"},
		"foreign":       {func(r *change.Request, _ *policy.Rules) { r.Proposal.Traits["address"] = []string{"other"} }, "UO", "doesn't know"},
		"nobody knows":  {func(r *change.Request, _ *policy.Rules) { r.Proposal.Traits["address"] = []string{"?"} }, "UO", "doesn't know"},
		"an update":     {func(r *change.Request, _ *policy.Rules) { r.Proposal.Traits["kind"] = []string{"update"} }, "UO", "only a new connection"},
		"several at once": {func(r *change.Request, _ *policy.Rules) {
			r.Proposal.Parts = []change.Part{{Traits: r.Proposal.Traits}}
		}, "UO", "only a new connection"},
		"a key is pasted": {func(r *change.Request, _ *policy.Rules) { r.Proposal.RequiredInput = "the key" }, "UO", "hand something in: the key"},
		"forever":         {func(r *change.Request, _ *policy.Rules) { r.Proposal.Traits["until"] = []string{"never"} }, "UO", "within 4h: its requester can edit the request"},
		"for too long": {func(r *change.Request, _ *policy.Rules) {
			r.Proposal.Traits["until"] = []string{"2026-03-03T00:00:00Z"}
		}, "UO", "within 4h"},
		"no rule has it":   {func(_ *change.Request, rules *policy.Rules) { rules.Rules[0].BreakGlass = nil }, "UO", "lets nobody approve alone"},
		"a private host":   {func(r *change.Request, _ *policy.Rules) { r.Proposal.Traits["address"] = []string{"private"} }, "UO", ""},
		"some hours later": {func(r *change.Request, _ *policy.Rules) { r.Created = start.Add(-3 * time.Hour) }, "UO", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, rules := urgent(), emergencies()
			if tt.edit != nil {
				tt.edit(r, &rules)
			}
			p := of(rules, people())
			glass, err := p.MayBreakGlass(t.Context(), r, change.Actor{User: tt.by})
			refused, _ := errors.AsType[*change.NotAllowedError](err)
			if tt.why == "" && (err != nil || glass.Rule != "two owners" || glass.Policy == "" || glass.Within != 24*time.Hour) {
				t.Errorf("%+v, %v", glass, err)
			}
			if tt.why != "" && (refused == nil || !strings.Contains(refused.Why, tt.why)) {
				t.Errorf("%v, and not because %s", err, tt.why)
			}
			// What was approved so is weighed again before the work begins.
			r.Decisions = []change.Decision{{Kind: change.DecisionBreakGlass, By: change.Actor{User: tt.by}, At: start, Digest: "d"}}
			if v, err := p.Evaluate(t.Context(), r); err != nil || v.Enough != (tt.why == "") {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
}

// The approval is of one person: who has left the group, or approved another plan, has approved nothing.
func TestWhoHasLeftHasNotApprovedAlone(t *testing.T) {
	t.Parallel()
	s, r := people(), urgent()
	p := of(emergencies(), s)
	r.Decisions = []change.Decision{{Kind: change.DecisionBreakGlass, By: change.Actor{User: "UO"}, At: start, Digest: "another plan"}}
	if v, err := p.Evaluate(t.Context(), r); err != nil || v.Enough || !v.Alone || v.Needed != 2 {
		t.Errorf("%+v, %v", v, err)
	}
	r.Decisions[0].Digest, s.groups["S2"] = "d", nil
	if v, err := of(emergencies(), s).Evaluate(t.Context(), r); err != nil || v.Enough {
		t.Errorf("%+v, %v", v, err)
	}
	s.down = errors.New("slack is away")
	if _, err := of(emergencies(), s).Evaluate(t.Context(), r); err == nil {
		t.Error("nobody knows who is on call, and it is decided")
	}
}

func TestOthersReviewWhatWasApprovedAlone(t *testing.T) {
	t.Parallel()
	r, p := urgent(), of(emergencies(), people())
	glass, err := p.MayBreakGlass(t.Context(), r, change.Actor{User: "UO"})
	if err != nil || !slices.Equal(glass.Reviewers, []string{"US"}) {
		t.Errorf("%+v, %v", glass, err)
	}
	r.Decisions = []change.Decision{{Kind: change.DecisionBreakGlass, By: change.Actor{User: "UO"}, At: start, Digest: "d"}}
	for by, why := range map[string]string{"US": "", "UO": "somebody else", "UA": "somebody else", "UB": "has security review this"} {
		err := p.MayReview(t.Context(), r, change.Actor{User: by})
		refused, _ := errors.AsType[*change.NotAllowedError](err)
		if why == "" && err != nil || why != "" && (refused == nil || !strings.Contains(refused.Why, why)) {
			t.Errorf("%s: %v", by, err)
		}
	}
	rules := emergencies()
	if who, err := p.Reviewers(t.Context(), r); err != nil || !slices.Equal(who, []string{"US"}) {
		t.Errorf("%v can review it, %v", who, err)
	}
	rules.Rules[0].BreakGlass = nil // the policy has changed since: a review can still be made
	if err := of(rules, people()).MayReview(t.Context(), r, change.Actor{User: "UB"}); err != nil {
		t.Error(err)
	}
}

func TestARuleForEmergenciesIsChecked(t *testing.T) {
	t.Parallel()
	find := func(edit func(*policy.Rules)) string {
		rules := emergencies()
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
		"rules[0].break_glass.groups somebody has to":         func(r *policy.Rules) { r.Rules[0].BreakGlass.Groups = nil },
		"rules[0].break_glass.groups[0] there is no group":    func(r *policy.Rules) { r.Rules[0].BreakGlass.Groups[0] = "nobody" },
		"rules[0].break_glass.longest must lie":               func(r *policy.Rules) { r.Rules[0].BreakGlass.Longest = 100 * time.Hour },
		"rules[0].break_glass.review.within must lie":         func(r *policy.Rules) { r.Rules[0].BreakGlass.Review.Within = 0 },
		"rules[0].break_glass.review.group there is no group": func(r *policy.Rules) { r.Rules[0].BreakGlass.Review.Group = "" },
		"rules[0].break_glass has no effect":                  func(r *policy.Rules) { r.Rules[0].Match = map[string][]string{"kind": {"rotate"}} },
		"rules[0].break_glass.review.group nobody can review: ": func(r *policy.Rules) {
			r.Groups[1] = policy.Group{Name: "oncall", Users: []string{"UO"}}
			r.Rules[0].BreakGlass.Review.Group = "oncall"
		},
	} {
		if got := find(edit); !strings.Contains(got, want) {
			t.Errorf("%q has not %q", got, want)
		}
	}
	says := strings.Join(emergencies().Describe(func(g policy.Group) string { return g.Name })[0].Says, " ")
	for _, want := range []string{"one of oncall may approve a new connection alone, with a reason, if it ends within 4h", "security has to review that within 1 day"} {
		if !strings.Contains(says, want) {
			t.Error(says)
		}
	}
}
