package policy_test

import (
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

func TestAnotherPolicyHasAnotherHash(t *testing.T) {
	t.Parallel()
	rules := func(edit func(*policy.Rules)) policy.Rules {
		berlin, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		r := policy.Rules{
			Groups: []policy.Group{{Name: "owners", Users: []string{"U0BOB", "U0CAROL"}}},
			Rules: []policy.Rule{{
				Name: "all", Match: map[string][]string{"kind": {"connect"}, "breadth": {"all", "wide"}}, Sides: []policy.Side{{Group: "owners", Count: 1}},
				Window: &policy.Window{Days: []time.Weekday{1}, From: 9 * time.Hour, To: 16 * time.Hour, Zone: berlin},
			}},
		}
		edit(&r)
		return r
	}
	same := func(*policy.Rules) {}
	known := map[string]string{rules(same).Hash(): "as it was"}
	if known[rules(same).Hash()] == "" {
		t.Error("the same rules have two hashes")
	}
	no, yes := false, true
	for name, edit := range map[string]func(*policy.Rules){
		"a person":         func(r *policy.Rules) { r.Groups[0].Users[1] = "U0MALLORY" },
		"a group of Slack": func(r *policy.Rules) { r.Groups[0].UserGroup = "S0OWNERS" },
		"who may look":     func(r *policy.Rules) { r.Read = []string{"owners"} },
		"one more rule":    func(r *policy.Rules) { r.Rules = append(r.Rules, policy.Rule{Name: "rest"}) },
		"a pattern":        func(r *policy.Rules) { r.Rules[0].Match["breadth"] = []string{"all"} },
		"any for match":    func(r *policy.Rules) { r.Rules[0].Any, r.Rules[0].Match = r.Rules[0].Match, nil },
		"a count":          func(r *policy.Rules) { r.Rules[0].Sides[0].Count = 2 },
		"the requester":    func(r *policy.Rules) { r.Rules[0].RequesterCounts = true },
		"a second press":   func(r *policy.Rules) { r.Rules[0].Confirm = &yes },
		"no second press":  func(r *policy.Rules) { r.Rules[0].Confirm = &no },
		"a window's end":   func(r *policy.Rules) { r.Rules[0].Window.To = 17 * time.Hour },
		"a window's day":   func(r *policy.Rules) { r.Rules[0].Window.Days = []time.Weekday{2} },
		"a window's zone":  func(r *policy.Rules) { r.Rules[0].Window.Zone = time.UTC },
		"no window":        func(r *policy.Rules) { r.Rules[0].Window = nil },
	} {
		hash := rules(edit).Hash()
		if as := known[hash]; as != "" {
			t.Errorf("%s: the hash is that of %s", name, as)
		}
		known[hash] = name
	}
}
