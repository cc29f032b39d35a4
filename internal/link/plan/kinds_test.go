package plan

import (
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

// Whatever can be asked for, a policy can have a rule for.
func TestAPolicyKnowsEveryKind(t *testing.T) {
	t.Parallel()
	rules := policy.Rules{Groups: []policy.Group{{Name: "g", Users: []string{"UA"}}}}
	for _, name := range KindNames() {
		rules.Rules = append(rules.Rules, policy.Rule{
			Name: name, Match: map[string][]string{policy.TraitKind: {name}}, Sides: []policy.Side{{Group: "g", Count: 1}}, Wait: time.Hour,
		})
	}
	if len(rules.Rules) < 6 {
		t.Fatalf("only %d kinds", len(rules.Rules))
	}
	for _, p := range rules.Check(nil, KindNames()) {
		t.Errorf("%s %s", p.Path, p.Say)
	}
}
