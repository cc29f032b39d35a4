package policy

import "testing"

// A second press is asked for where much is at stake, unless the rule says otherwise.
func TestWhenAnApprovalTakesASecondPress(t *testing.T) {
	yes, no := true, false
	for name, c := range map[string]struct {
		rule   Rule
		traits map[string][]string
		want   bool
	}{
		"narrow":              {Rule{}, map[string][]string{"kind": {"connect"}, "breadth": {"narrow"}}, false},
		"wide":                {Rule{}, map[string][]string{"kind": {"connect"}, "breadth": {"wide"}}, true},
		"everything":          {Rule{}, map[string][]string{"kind": {"connect"}, "breadth": {"all"}}, true},
		"a disconnect":        {Rule{}, map[string][]string{"kind": {"disconnect"}, "breadth": {"narrow"}}, true},
		"the rule says so":    {Rule{Confirm: &yes}, map[string][]string{"breadth": {"narrow"}}, true},
		"the rule forbids it": {Rule{Confirm: &no}, map[string][]string{"kind": {"disconnect"}}, false},
	} {
		if got := c.rule.confirms(c.traits); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
