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

// reviewed has production reviewed twice a year, by two sides.
func reviewed() policy.Rules {
	return policy.Rules{
		Groups: []policy.Group{{Name: "local", UserGroup: "S1"}, {Name: "remote", UserGroup: "S2"}, {Name: "others", UserGroup: "S3"}},
		Rules: []policy.Rule{
			{
				Name: "production", Match: map[string][]string{"local.name": {"*-prod"}}, Wait: time.Hour, AccessReview: 180 * 24 * time.Hour,
				Sides: []policy.Side{{Group: "local", Count: 1}, {Group: "remote", Count: 1}},
			},
			{Name: "rest", Match: map[string][]string{"local.name": {"*"}}, Wait: time.Hour, Sides: []policy.Side{{Group: "others", Count: 1}}},
		},
	}
}

func TestTheRuleThatCoversAConnectionDecidesAboutItsReview(t *testing.T) {
	t.Parallel()
	s := &slack{groups: map[string][]string{"S1": {"UA", "UB"}, "S2": {"UB", "UC"}, "S3": {"UD"}}}
	p := of(reviewed(), s)
	prod, test := map[string][]string{"kind": {"connect"}, "local.name": {"logs-prod"}}, map[string][]string{"kind": {"connect"}, "local.name": {"logs-test"}}
	if got, err := p.AccessReviewOf(prod, start); err != nil || got != (policy.AccessReview{Rule: "production", Every: 180 * 24 * time.Hour}) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := p.AccessReviewOf(test, start); err != nil || got != (policy.AccessReview{Rule: "rest"}) {
		t.Errorf("%+v, %v", got, err)
	}
	unknown := map[string][]string{"kind": {"connect"}, "local.name": {change.UnknownTrait}}
	if got, err := p.AccessReviewOf(unknown, start); err == nil {
		t.Errorf("%+v", got)
	}
	if who, err := p.Keepers(t.Context(), prod, start); err != nil || !slices.Equal(who, []string{"UA", "UB", "UC"}) {
		t.Errorf("%v, %v", who, err)
	}
	for user, may := range map[string]bool{"UA": true, "UC": true, "UD": false, "UZ": false} {
		err := p.MayKeep(t.Context(), prod, start, user)
		_, refused := errors.AsType[*change.NotAllowedError](err)
		if may && err != nil || !may && !refused {
			t.Errorf("%s: %v", user, err)
		}
	}
	silent := of(reviewed(), &slack{down: errors.New("Slack is away")})
	if err := silent.MayKeep(t.Context(), prod, start, "UZ"); err == nil {
		t.Error("nobody is taken for an approver unknown")
	}
	if !p.ReviewsAccess() {
		t.Error("a rule has people asked")
	}
}

// What has no effect, or can't be meant, is said before anything starts.
func TestReviewsThatMeanNothingAreFound(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*policy.Rule)
		path   string
		say    string
	}{
		"for no connection": {func(r *policy.Rule) { r.Match = map[string][]string{"kind": {"rotate"}} }, "rules[0].review", "has no effect"},
		"too often":         {func(r *policy.Rule) { r.AccessReview = time.Millisecond }, "rules[0].review.every", "must lie between"},
		"never":             {func(r *policy.Rule) { r.AccessReview = 4000 * 24 * time.Hour }, "rules[0].review.every", "must lie between"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rules := reviewed()
			tt.change(&rules.Rules[0])
			found := rules.Check(nil, kinds)
			if !slices.ContainsFunc(found, func(p policy.Problem) bool { return p.Path == tt.path && strings.Contains(p.Say, tt.say) }) {
				t.Errorf("%+v", found)
			}
		})
	}
	if found := reviewed().Check(nil, kinds); len(found) > 0 {
		t.Errorf("%+v", found)
	}
	says := strings.Join(reviewed().Describe(func(g policy.Group) string { return g.Name })[0].Says, " ")
	if !strings.Contains(says, "Every 180 days the bot asks whether a connection is still needed") {
		t.Error(says)
	}
}
