package policy_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

var start = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC) // a Monday

// slack is who belongs to what, as Slack would say.
type slack struct {
	groups map[string][]string
	down   error
	asked  int
	others []string // bots, and who has left
	guests []string
	silent error // what Person answers
}

func (s *slack) GroupMembers(_ context.Context, group string) ([]string, error) {
	s.asked++
	return s.groups[group], s.down
}

func (s *slack) ChannelMembers(ctx context.Context, channel string) ([]string, error) {
	return s.GroupMembers(ctx, channel)
}

func (s *slack) Person(_ context.Context, user string) (active, member bool, err error) {
	return !slices.Contains(s.others, user), !slices.Contains(s.guests, user), s.silent
}

func at(now *time.Time) func() time.Time { return func() time.Time { return *now } }

func of(rules policy.Rules, lookup policy.Lookup) *policy.Policy {
	now := start
	return policy.New(rules, policy.NewGroupCache(lookup, time.Minute, at(&now)), at(&now))
}

// twoSides expects one of the owners of each side.
func twoSides() policy.Rules {
	return policy.Rules{
		Groups: []policy.Group{
			{Name: "ece-owners", Users: []string{"UA", "UB", "UBOTH"}},
			{Name: "cloud-owners", Users: []string{"UC", "UBOTH"}},
		},
		Rules: []policy.Rule{{
			Name: "both sides", Wait: time.Hour,
			Sides: []policy.Side{{Name: "local", Group: "ece-owners", Count: 1}, {Name: "remote", Group: "cloud-owners", Count: 1}},
		}},
	}
}

func asked(by string, said ...string) *change.Request {
	r := &change.Request{Requester: change.Actor{User: by}, Proposal: change.Proposal{Kind: "link.connect", Digest: "d"}, Created: start}
	for _, u := range said {
		r.Decisions = append(r.Decisions, change.Decision{Kind: change.DecisionApprove, By: change.Actor{User: u}, Digest: "d"})
	}
	return r
}

func missing(v change.Evaluation) string {
	var out []string
	for _, n := range v.Missing {
		out = append(out, fmt.Sprintf("%d %s: %s", n.Count, n.Group, strings.Join(n.Who, " ")))
	}
	return strings.Join(out, "; ")
}

func TestSides(t *testing.T) {
	t.Parallel()
	several := twoSides()
	several.Rules[0].SeveralSides = true
	counts := twoSides()
	counts.Rules[0].RequesterCounts = true
	for name, c := range map[string]struct {
		rules policy.Rules
		said  []string
		want  string
	}{
		"nobody yet":               {twoSides(), nil, "1 local: UA UB UBOTH; 1 remote: UBOTH UC"},
		"one side":                 {twoSides(), []string{"UA"}, "1 remote: UBOTH UC"},
		"twice the same side":      {twoSides(), []string{"UA", "UB"}, "1 remote: UBOTH UC"},
		"both sides":               {twoSides(), []string{"UA", "UC"}, ""},
		"one person for one side":  {twoSides(), []string{"UBOTH"}, "1 remote: UA UB UC"},
		"who is on both moves":     {twoSides(), []string{"UBOTH", "UA"}, ""},
		"one person for several":   {several, []string{"UBOTH"}, ""},
		"a stranger":               {twoSides(), []string{"UX", "UA"}, "1 remote: UBOTH UC"},
		"the requester":            {twoSides(), []string{"UREQ", "UA"}, "1 remote: UBOTH UC"},
		"the requester may though": {counts, []string{"UA", "UC"}, ""},
	} {
		v, err := of(c.rules, &slack{}).Evaluate(t.Context(), asked("UREQ", c.said...))
		if err != nil {
			t.Fatal(err)
		}
		got := missing(v)
		if got != c.want || v.Enough != (c.want == "") {
			t.Errorf("%s: missing %q, want %q", name, got, c.want)
		}
	}
}

func TestRequesterIsExcludedUnlessTheRuleSaysOtherwise(t *testing.T) {
	t.Parallel()
	p := of(twoSides(), &slack{})
	if err := p.Eligible(t.Context(), asked("UA"), change.Actor{User: "UA"}); !isRefusal(err) {
		t.Errorf("the requester may approve: %v", err)
	}
	if _, err := p.Authorize(t.Context(), change.Proposal{}, change.Actor{User: "UC"}); err != nil {
		t.Errorf("UBOTH is left for the remote side, but: %v", err)
	}
	rules := twoSides()
	rules.Groups[1].Users = []string{"UC"}
	if _, err := of(rules, &slack{}).Authorize(t.Context(), change.Proposal{}, change.Actor{User: "UC"}); !isRefusal(err) {
		t.Errorf("nobody but the requester is on the remote side, and yet: %v", err)
	}
	rules.Rules[0].RequesterCounts = true
	p = of(rules, &slack{})
	if err := p.Eligible(t.Context(), asked("UA"), change.Actor{User: "UA"}); err != nil {
		t.Errorf("the rule lets the requester: %v", err)
	}
	if _, err := p.Authorize(t.Context(), change.Proposal{}, change.Actor{User: "UC"}); err != nil {
		t.Errorf("the rule lets the requester: %v", err)
	}
}

func isRefusal(err error) bool {
	_, ok := errors.AsType[*change.NotAllowedError](err)
	return ok
}

func TestTheFirstMatchingRuleWinsAndNoneRefuses(t *testing.T) {
	t.Parallel()
	rules := policy.Rules{
		Groups: []policy.Group{{Name: "g", Users: []string{"UA"}}},
		Rules: []policy.Rule{
			{Name: "prod", Match: map[string][]string{"local.name": {"*-prod", "prod-*"}}},
			{Name: "wide", Match: map[string][]string{"breadth": {"all", "wide"}}, Unless: map[string][]string{"local.tag.env": {"dev"}}},
			{Name: "rest", Match: map[string][]string{"access": {"search"}}, Unless: map[string][]string{"access": {"replication"}}},
		},
	}
	for i := range rules.Rules {
		rules.Rules[i].Sides = []policy.Side{{Group: "g", Count: 1}}
	}
	p := of(rules, &slack{})
	for want, traits := range map[string]map[string][]string{
		"prod": {"local.name": {"logs-prod"}, "breadth": {"all"}},
		"wide": {"local.name": {"logs-dev"}, "breadth": {"wide"}},
		"rest": {"breadth": {"all"}, "local.tag.env": {"dev"}, "access": {"search"}},
		"":     {"access": {"search", "replication"}, "breadth": {"narrow"}},
	} {
		terms, err := p.Authorize(t.Context(), change.Proposal{Traits: traits}, change.Actor{User: "UX"})
		if terms.Rule != want || (want == "") != isRefusal(err) {
			t.Errorf("%v: rule %q (%v), want %q", traits, terms.Rule, err, want)
		}
	}
}

// A change of several things must not be let through by the one that needs least.
func TestEveryPartOfAChangeIsJudged(t *testing.T) {
	t.Parallel()
	rules := policy.Rules{Groups: []policy.Group{{Name: "g", Users: []string{"UA"}}}}
	for name, remote := range map[string]string{"dev": "*-dev", "prod": "prod-*"} {
		rules.Rules = append(rules.Rules, policy.Rule{
			Name: name, Match: map[string][]string{"remote.name": {remote}}, Sides: []policy.Side{{Group: "g", Count: 1}},
		})
	}
	p := of(rules, &slack{})
	for _, c := range []struct{ remotes, rule, why string }{
		{"a-dev b-dev", "dev", ""},
		{"prod-a prod-b", "prod", ""},
		{"a-dev prod-payments", "", "different rules apply to these, so request them separately: a-dev's alias under dev, prod-payments's alias under prod"},
		{"prod-payments a-dev", "", "different rules"},
		{"a-dev other", "", "no rule of the policy allows this for other's alias"},
	} {
		prop := change.Proposal{Kind: "link.migrate"}
		for remote := range strings.FieldsSeq(c.remotes) {
			prop.Parts = append(prop.Parts, change.Part{Name: remote + "'s alias", Traits: map[string][]string{"remote.name": {remote}}})
		}
		terms, err := p.Authorize(t.Context(), prop, change.Actor{User: "UX"})
		if terms.Rule != c.rule || isRefusal(err) != (c.why != "") || err != nil && !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: rule %q, %v; want %q, %q", c.remotes, terms.Rule, err, c.rule, c.why)
		}
		r := asked("UX", "UA")
		r.Proposal.Parts = prop.Parts
		if v, err := p.Evaluate(t.Context(), r); v.Rule != c.rule || isRefusal(err) != (c.why != "") {
			t.Errorf("%s: weighed by %q, %v", c.remotes, v.Rule, err)
		}
	}
}

// A bot in the channel of approvers approves nothing: nobody must wait for it, and it makes nobody enough.
func TestBotsAndWhoHasLeftAreNoApprovers(t *testing.T) {
	t.Parallel()
	rules := policy.Rules{
		Groups: []policy.Group{{Name: "owners", Users: []string{"ULEFT"}, UserGroup: "S1", Channel: "C1"}},
		Rules:  []policy.Rule{{Name: "two", Guests: true, Sides: []policy.Side{{Group: "owners", Count: 2}}, Wait: time.Hour}},
	}
	people := &slack{groups: map[string][]string{"S1": {"UA", "UOTHERBOT"}, "C1": {"UA", "UREQ", "UBOT"}}, others: []string{"UBOT", "UOTHERBOT", "ULEFT"}}
	now := start
	roster := policy.NewGroupCache(people, time.Minute, at(&now))
	p := policy.New(rules, roster, at(&now))
	if _, err := p.Authorize(t.Context(), change.Proposal{}, change.Actor{User: "UREQ"}); !isRefusal(err) {
		t.Errorf("one person and three others are taken for two approvers: %v", err)
	}
	if v, err := p.Evaluate(t.Context(), asked("UREQ")); err != nil || !slices.Equal(v.Who(), []string{"UA"}) {
		t.Errorf("waits for %v, %v", v.Who(), err)
	}
	// Somebody comes back; then Slack does not say, and what was known goes on to count.
	people.others = people.others[:2]
	now = now.Add(time.Hour)
	if v, err := p.Evaluate(t.Context(), asked("UREQ")); err != nil || !slices.Equal(v.Who(), []string{"UA", "ULEFT"}) {
		t.Errorf("waits for %v, %v", v.Who(), err)
	}
	people.silent = errors.New("missing_scope")
	now = now.Add(time.Hour)
	if v, err := p.Evaluate(t.Context(), asked("UREQ")); err != nil || !slices.Equal(v.Who(), []string{"UA", "ULEFT"}) {
		t.Errorf("without an answer it waits for %v, %v", v.Who(), err)
	}
}

// Anybody in a shared channel can bring a guest in.
func TestGuestsOfAChannelAreNoMembers(t *testing.T) {
	t.Parallel()
	rules := policy.Rules{
		Groups: []policy.Group{{Name: "engineers", Channel: "C1"}},
		Rules:  []policy.Rule{{Name: "r", Ask: []string{"engineers"}, Sides: []policy.Side{{Group: "engineers", Count: 1}}, Wait: time.Hour}},
	}
	people := &slack{groups: map[string][]string{"C1": {"UA", "UGUEST"}}, guests: []string{"UGUEST"}}
	guest := change.Actor{User: "UGUEST"}
	p := of(rules, people)
	if err := p.Eligible(t.Context(), asked("UREQ"), guest); !isRefusal(err) {
		t.Errorf("a guest may approve: %v", err)
	}
	if v, err := p.Evaluate(t.Context(), asked("UREQ", "UGUEST")); err != nil || v.Enough || !slices.Equal(v.Who(), []string{"UA"}) {
		t.Errorf("a guest's approval counts: %+v, %v", v, err)
	}
	if _, err := p.Authorize(t.Context(), change.Proposal{}, guest); !isRefusal(err) {
		t.Errorf("a guest may ask: %v", err)
	}
	people.silent = errors.New("missing_scope")
	if _, err := of(rules, people).Evaluate(t.Context(), asked("UREQ", "UA")); !errors.Is(err, people.silent) {
		t.Errorf("nobody knows who is a guest, and yet: %v", err)
	}
	people.silent, rules.Rules[0].Guests = nil, true
	if err := of(rules, people).Eligible(t.Context(), asked("UREQ"), guest); err != nil {
		t.Errorf("the rule lets guests approve: %v", err)
	}
}

// Where a change has several values of a trait, a rule that names one of them is not for it, unless it says so.
func TestSeveralValuesOfATrait(t *testing.T) {
	t.Parallel()
	side := []policy.Side{{Group: "g", Count: 1}}
	p := of(policy.Rules{
		Groups: []policy.Group{{Name: "g", Users: []string{"UA"}}},
		Rules: []policy.Rule{
			{Name: "a role", Any: map[string][]string{"also": {"role"}}, Sides: side},
			{Name: "only a filter", Match: map[string][]string{"also": {"filter"}}, Sides: side},
			{Name: "only search", Match: map[string][]string{"access": {"search"}}, Unless: map[string][]string{"also": {"*"}}, Sides: side},
			{Name: "replicates", Any: map[string][]string{"access": {"replication"}}, Unless: map[string][]string{"also": {"*"}}, Sides: side},
		},
	}, &slack{})
	for _, c := range []struct{ access, also, want string }{
		{"search", "", "only search"},
		{"replication", "", "replicates"},
		{"replication search", "", "replicates"},
		{"search", "filter", "only a filter"},
		{"search", "filter role", "a role"},
		{"search", "filter restart", ""},
		{"", "", ""},
	} {
		terms, err := p.Authorize(t.Context(), change.Proposal{
			Kind: "link.connect", Traits: map[string][]string{"access": strings.Fields(c.access), "also": strings.Fields(c.also)},
		}, change.Actor{User: "UX"})
		if terms.Rule != c.want || (c.want == "") != isRefusal(err) {
			t.Errorf("access %q, also %q: rule %q (%v), want %q", c.access, c.also, terms.Rule, err, c.want)
		}
	}
}

func TestOnlyThoseWhoMayAskAsk(t *testing.T) {
	t.Parallel()
	rules := twoSides()
	rules.Groups = append(rules.Groups, policy.Group{Name: "engineers", UserGroup: "S1"})
	rules.Rules[0].Ask = []string{"engineers"}
	people := &slack{groups: map[string][]string{"S1": {"UENG"}}}
	p := of(rules, people)
	if _, err := p.Authorize(t.Context(), change.Proposal{}, change.Actor{User: "UENG"}); err != nil {
		t.Error(err)
	}
	if _, err := p.Authorize(t.Context(), change.Proposal{}, change.Actor{User: "UX"}); !isRefusal(err) {
		t.Errorf("a stranger asked: %v", err)
	}
}

func TestMembershipIsThatOfNow(t *testing.T) {
	t.Parallel()
	rules := policy.Rules{
		Groups: []policy.Group{{Name: "owners", UserGroup: "S1"}},
		Rules:  []policy.Rule{{Name: "r", Wait: time.Hour, Sides: []policy.Side{{Group: "owners", Count: 2}}}},
	}
	now := start
	people := &slack{groups: map[string][]string{"S1": {"UA", "UB"}}}
	p := policy.New(rules, policy.NewGroupCache(people, time.Minute, at(&now)), at(&now))
	r := asked("UREQ", "UA")
	if v, _ := p.Evaluate(t.Context(), r); missing(v) != "1 owners: UB" {
		t.Errorf("missing %q", missing(v))
	}
	people.groups["S1"] = []string{"UB", "UC"} // UA has left
	if v, _ := p.Evaluate(t.Context(), r); missing(v) != "1 owners: UB" || people.asked != 1 {
		t.Errorf("missing %q after %d questions: an answer is kept for a minute", missing(v), people.asked)
	}
	now = now.Add(2 * time.Minute)
	if v, _ := p.Evaluate(t.Context(), r); missing(v) != "2 owners: UB UC" {
		t.Errorf("missing %q: UA has left the group", missing(v))
	}
	people.down = errors.New("slack is away")
	now = now.Add(2 * time.Minute)
	_, err := p.Evaluate(t.Context(), r)
	if _, ok := errors.AsType[*policy.UnknownGroupError](err); !ok {
		t.Errorf("weighed although nobody knows who belongs to the group: %v", err)
	}
	if err := p.Eligible(t.Context(), r, change.Actor{User: "UB"}); err == nil || isRefusal(err) {
		t.Errorf("decided although nobody knows who belongs to the group: %v", err)
	}
}

func TestCustodyIsTheRemoteSides(t *testing.T) {
	t.Parallel()
	p := of(twoSides(), &slack{})
	if err := p.MaySubmit(t.Context(), asked("UREQ"), change.Actor{User: "UC"}); err != nil {
		t.Error(err)
	}
	if err := p.MaySubmit(t.Context(), asked("UREQ"), change.Actor{User: "UA"}); !isRefusal(err) {
		t.Errorf("the local side hands the remote side's key in: %v", err)
	}
}

// More approvals never make a request less approved, and their order never matters, whatever the rule.
func TestApprovalsAreMonotonicAndOrderFree(t *testing.T) {
	t.Parallel()
	people := []string{"UREQ", "UA", "UB", "UC", "UD", "UX"}
	rapid.Check(t, func(t *rapid.T) {
		rules := policy.Rules{Rules: []policy.Rule{{
			Name: "r", Wait: time.Hour,
			RequesterCounts: rapid.Bool().Draw(t, "requester counts"), SeveralSides: rapid.Bool().Draw(t, "several sides"),
		}}}
		for i := range rapid.IntRange(1, 4).Draw(t, "sides") {
			name := fmt.Sprint("g", i)
			members := rapid.SliceOfNDistinct(rapid.SampledFrom(people[:5]), 0, 5, rapid.ID).Draw(t, "members")
			rules.Groups = append(rules.Groups, policy.Group{Name: name, Users: members})
			rules.Rules[0].Sides = append(rules.Rules[0].Sides, policy.Side{Group: name, Count: rapid.IntRange(1, 3).Draw(t, "count")})
		}
		p := of(rules, &slack{})
		said := rapid.SliceOfN(rapid.SampledFrom(people), 0, 8).Draw(t, "said")
		last := -1
		for n := range len(said) + 1 {
			v, err := p.Evaluate(t.Context(), asked("UREQ", said[:n]...))
			if err != nil {
				t.Fatal(err)
			}
			left := count(v)
			if last >= 0 && left > last {
				t.Fatalf("%s's approval made %d missing out of %d", said[n-1], left, last)
			}
			if n > 0 && left < last != slices.Contains(before(t, p, said[:n-1]).Who(), said[n-1]) && !rules.Rules[0].SeveralSides {
				t.Fatalf("it said %v could approve, and %s's approval left %d of %d", before(t, p, said[:n-1]).Who(), said[n-1], left, last)
			}
			last = left
		}
		v, _ := p.Evaluate(t.Context(), asked("UREQ", rapid.Permutation(said).Draw(t, "order")...))
		if count(v) != last || v.Enough != (last == 0) {
			t.Fatalf("in another order %d are missing, not %d", count(v), last)
		}
	})
}

func before(t *rapid.T, p *policy.Policy, said []string) change.Evaluation {
	v, err := p.Evaluate(t.Context(), asked("UREQ", said...))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func count(v change.Evaluation) int {
	n := 0
	for _, m := range v.Missing {
		n += m.Count
	}
	return n
}

func TestWindow(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("this machine has no time zones")
	}
	day := policy.Window{Days: []time.Weekday{time.Monday, time.Tuesday}, From: 9 * time.Hour, To: 16 * time.Hour, Zone: berlin}
	night := policy.Window{Days: []time.Weekday{time.Saturday}, From: 22 * time.Hour, To: 4 * time.Hour, Zone: berlin}
	for name, c := range map[string]struct {
		w                  policy.Window
		now, opens, closes string
	}{
		"open":                   {day, "2026-03-02 10:00", "2026-03-02 09:00", "2026-03-02 16:00"},
		"before":                 {day, "2026-03-02 08:59", "2026-03-02 09:00", "2026-03-02 16:00"},
		"closes on the minute":   {day, "2026-03-02 16:00", "2026-03-03 09:00", "2026-03-03 16:00"},
		"the week after":         {day, "2026-03-03 17:00", "2026-03-09 09:00", "2026-03-09 16:00"},
		"past midnight":          {night, "2026-03-08 03:00", "2026-03-07 22:00", "2026-03-08 04:00"},
		"when clocks are put on": {night, "2026-03-28 23:00", "2026-03-28 22:00", "2026-03-29 04:00"},
	} {
		parse := func(s string) time.Time {
			at, err := time.ParseInLocation("2006-01-02 15:04", s, berlin)
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
		opens, closes := c.w.Next(parse(c.now))
		if !opens.Equal(parse(c.opens)) || !closes.Equal(parse(c.closes)) {
			t.Errorf("%s: %s to %s, want %s to %s", name, opens.In(berlin), closes.In(berlin), c.opens, c.closes)
		}
	}
	rules := twoSides()
	rules.Rules[0].Window = &policy.Window{Days: []time.Weekday{time.Tuesday}, From: 9 * time.Hour, To: 10 * time.Hour, Zone: time.UTC}
	v, err := of(rules, &slack{}).Evaluate(t.Context(), asked("UREQ", "UA", "UC"))
	if want := start.Add(23*time.Hour + 30*time.Minute); err != nil || !v.Enough || !v.NotBefore.Equal(want) || !v.NotAfter.Equal(want.Add(time.Hour)) {
		t.Errorf("verdict %+v, %v", v, err)
	}
}

func TestCustodiansAreTheRemoteSideOrElseAll(t *testing.T) {
	t.Parallel()
	r := asked("UC")
	if v, err := of(twoSides(), &slack{}).Evaluate(t.Context(), r); err != nil || v.Submitters != nil {
		t.Errorf("nothing is wanted: %v, %v", v.Submitters, err)
	}
	r.Proposal.RequiredInput = "the key"
	rules := twoSides()
	for _, want := range [][]string{{"UBOTH"}, {"UA", "UB", "UBOTH"}} {
		v, err := of(rules, &slack{}).Evaluate(t.Context(), r)
		if err != nil || !slices.Equal(v.Submitters, want) {
			t.Errorf("custodians %v, %v; want %v", v.Submitters, err, want)
		}
		for _, u := range v.Submitters {
			if err := of(rules, &slack{}).MaySubmit(t.Context(), r, change.Actor{User: u}); err != nil {
				t.Errorf("%s: %v", u, err)
			}
		}
		rules.Rules[0].Sides[1].Name = "cloud"
	}
}

func TestHelpersAreTheLocalSideOrElseAll(t *testing.T) {
	t.Parallel()
	r := asked("UA")
	r.State = change.WaitingForPerson
	rules := twoSides()
	for _, want := range [][]string{{"UB", "UBOTH"}, {"UB", "UBOTH", "UC"}} {
		p := of(rules, &slack{})
		v, err := p.Evaluate(t.Context(), r)
		if err != nil || !slices.Equal(v.Helpers, want) {
			t.Errorf("helpers %v, %v; want %v", v.Helpers, err, want)
		}
		for _, u := range []string{"UA", "UB", "UBOTH", "UC"} {
			err := p.MayHelp(t.Context(), r, change.Actor{User: u})
			if may := slices.Contains(want, u); (err == nil) != may {
				t.Errorf("%s may help: %v, want %t", u, err, may)
			}
		}
		rules.Rules[0].Sides[0].Name = "ece"
	}
}

// kinds are those of the changes that there are.
var kinds = []string{"connect", "rotate", "update"}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	side := []policy.Side{{Group: "g", Count: 1}}
	rules := policy.Rules{
		Groups: []policy.Group{{Name: "g", Users: []string{"UA"}}, {Name: "empty"}},
		Rules: []policy.Rule{
			{Name: "all connects", Match: map[string][]string{"kind": {"conn*"}}, Sides: side, Wait: time.Hour, Remind: []time.Duration{2 * time.Hour}},
			{Name: "shadowed", Match: map[string][]string{"kind": {"connect"}, "local.name": {"x"}}, Sides: side, Wait: time.Hour},
			{Name: "typo", Match: map[string][]string{"kind": {"conect"}, "local.platform": {"ece-test"}, "color": {"red"}}, Sides: side, Wait: time.Hour},
			{Name: "two of one", Match: map[string][]string{"local.tag.env": {"prod"}}, Sides: []policy.Side{{Group: "g", Count: 2}}, Wait: time.Hour},
			{Name: "typo", Match: map[string][]string{"breadth": {"all"}}, Any: map[string][]string{"also": {"rolle"}}, Ask: []string{"none"}, Wait: time.Millisecond},
		},
	}
	var got []string
	for _, p := range rules.Check([]string{"ece-prod"}, kinds) {
		got = append(got, p.Path)
	}
	slices.Sort(got)
	want := []string{
		"groups.empty", "rules[0].remind[0]", "rules[1].match", "rules[2].match.color", "rules[2].match.kind",
		"rules[2].match.local.platform", "rules[3].approve", "rules[4].any.also", "rules[4].approve", "rules[4].ask[0]", "rules[4].name", "rules[4].wait",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if found := twoSides().Check(nil, kinds); len(found) > 0 {
		t.Errorf("nothing is wrong, but: %v", found)
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	rules := twoSides()
	rules.Rules = append([]policy.Rule{{Name: "dev", Match: map[string][]string{"local.name": {"*-dev"}}}}, rules.Rules...)
	e, err := of(rules, &slack{}).Explain(t.Context(), change.Proposal{
		Kind: "link.connect", Traits: map[string][]string{"local.name": {"logs-prod"}},
	}, change.Actor{User: "UA"})
	if err != nil || e.Rule != "both sides" || e.Refused != "" {
		t.Fatalf("%+v, %v", e, err)
	}
	if diff := cmp.Diff([]policy.SkippedRule{{Rule: "dev", Trait: "local.name"}}, e.Skipped); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]policy.People{{"local", 1, []string{"UB", "UBOTH"}}, {"remote", 1, []string{"UBOTH", "UC"}}}, e.Sides); diff != "" {
		t.Error(diff)
	}
	said := strings.Join(e.Says, " ")
	for _, want := range []string{"Anyone may make requests", "1 of ece-owners (local side) and 1 of cloud-owners (remote side)", "Expires after 1h."} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in %q", want, said)
		}
	}
}

// Explain says who could approve alone, or why nobody can.
func TestExplainSaysWhoCouldApproveAlone(t *testing.T) {
	t.Parallel()
	prop := urgent().Proposal
	e, err := of(emergencies(), people()).Explain(t.Context(), prop, change.Actor{User: "UB"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&policy.Alone{Who: []string{"UA", "UO"}, Reviewers: []string{"UA", "UO", "US"}}, e.Alone); diff != "" {
		t.Error(diff)
	}
	for trait, wrong := range map[string]struct{ value, say string }{
		"until": {"never", "it has to end within 4h"}, "key": {"pasted", "paste the key"}, "model": {"certificate", "no key bounds what it reads"},
	} {
		prop := urgent().Proposal
		prop.Traits[trait] = []string{wrong.value}
		e, err := of(emergencies(), people()).Explain(t.Context(), prop, change.Actor{User: "UB"})
		if err != nil || !strings.Contains(e.Alone.Refused, wrong.say) {
			t.Errorf("%s %s: %+v, %v", trait, wrong.value, e.Alone, err)
		}
	}
	rules := emergencies()
	rules.Rules[0].BreakGlass = nil
	if e, err := of(rules, people()).Explain(t.Context(), prop, change.Actor{User: "UB"}); err != nil || e.Alone != nil {
		t.Errorf("%+v, %v", e.Alone, err)
	}
}

// Of a connection whose remote cluster is not known, rules that look at it may hold or not. The strictest of those that
// may hold decides, and no "unless" lets it through.
func TestWhatIsNotKnownIsJudgedByTheStrictestRuleThatMayHold(t *testing.T) {
	side := func(n int) []policy.Side { return []policy.Side{{Group: "owners", Count: n}} }
	lax := policy.Rule{Name: "lax", Sides: side(1)}
	strict := policy.Rule{Name: "strict", Sides: side(2), Match: map[string][]string{"remote.name": {"*-prod"}}}
	easy := policy.Rule{Name: "easy", Sides: side(1), Match: map[string][]string{"remote.name": {"dev-*"}}}
	any1 := policy.Rule{Name: "critical", Sides: side(3), Any: map[string][]string{"remote.tag.level": {"high"}}}
	but := policy.Rule{Name: "all but billing", Sides: side(1), Unless: map[string][]string{"remote.name": {"billing*"}}}
	other := policy.Rule{Name: "rotations", Sides: side(3), Match: map[string][]string{"remote.name": {"*"}, "kind": {"rotate"}}}
	two := policy.Rule{Name: "two", Sides: side(2)}
	for name, tt := range map[string]struct {
		rules []policy.Rule
		want  string // empty: refused
	}{
		"a strict rule before a lax one": {[]policy.Rule{strict, lax}, "strict"},
		"an easy rule before the rest":   {[]policy.Rule{easy, two}, "two"},
		"by a tag":                       {[]policy.Rule{strict, any1, lax}, "critical"},
		"unless, and nothing after":      {[]policy.Rule{but}, ""},
		"unless, before a strict one":    {[]policy.Rule{but, two}, "two"},
		"a rule for another kind":        {[]policy.Rule{other, lax}, "lax"},
		"what comes after a sure one":    {[]policy.Rule{lax, strict}, "lax"},
		"nothing but may-bes":            {[]policy.Rule{easy, strict}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := of(policy.Rules{Groups: []policy.Group{{Name: "owners", Users: []string{"UA", "UB", "UC"}}}, Rules: tt.rules}, &slack{})
			r := asked("UZ")
			r.Proposal.Traits = map[string][]string{"kind": {"disconnect"}, "remote.name": {"?"}, "remote.tag.level": {"?"}}
			terms, err := p.Authorize(t.Context(), r.Proposal, r.Requester)
			if terms.Rule != tt.want || (err == nil) != (tt.want != "") {
				t.Fatalf("rule %q, %v; want %q", terms.Rule, err, tt.want)
			}
			if err != nil && !strings.Contains(err.Error(), "remote.name is unknown") {
				t.Errorf("refused without a reason: %v", err)
			}
			e, err := p.Explain(t.Context(), r.Proposal, r.Requester)
			if err != nil || e.Rule != tt.want {
				t.Errorf("explained by rule %q, %v", e.Rule, err)
			}
		})
	}
}

// Of several things at once the one that takes a second press decides.
func TestASecondPressForOneOfSeveral(t *testing.T) {
	t.Parallel()
	p := of(policy.Rules{
		Groups: []policy.Group{{Name: "owners", Users: []string{"UA"}}},
		Rules:  []policy.Rule{{Name: "all", Sides: []policy.Side{{Group: "owners", Count: 1}}}},
	}, &slack{})
	part := func(breadth string) change.Part {
		return change.Part{Traits: map[string][]string{"breadth": {breadth}}}
	}
	for _, c := range []struct {
		parts []change.Part
		want  bool
	}{{[]change.Part{part("narrow"), part("narrow")}, false}, {[]change.Part{part("narrow"), part("all")}, true}} {
		r := asked("UREQ")
		r.Proposal.Traits, r.Proposal.Parts = nil, c.parts
		if v, err := p.Evaluate(t.Context(), r); err != nil || v.Confirm != c.want {
			t.Errorf("%v: %t, %v", c.parts, v.Confirm, err)
		}
	}
}

// While Slack is asked who belongs to a group, other rules come into force: what is under way is judged by one policy, not
// by the rule of the old one and the people of the new.
func TestAPolicyThatIsReplacedMeanwhileIsNotMixed(t *testing.T) {
	t.Parallel()
	rules := func(count int, others ...string) policy.Rules {
		return policy.Rules{
			Groups: []policy.Group{{Name: "asked", UserGroup: "S1"}, {Name: "owners", Users: append(others, "UA")}},
			Rules:  []policy.Rule{{Name: "all", Sides: []policy.Side{{Group: "asked", Count: 1}, {Group: "owners", Count: count}}}},
		}
	}
	var p *policy.Policy
	s := &replacing{slack: slack{groups: map[string][]string{"S1": {"US"}}}, then: func() { p.Replace(rules(2, "UMALLORY")) }}
	p = of(rules(1), s)
	v, err := p.Evaluate(t.Context(), asked("UREQ", "US", "UMALLORY"))
	if err != nil || v.Enough {
		t.Errorf("enough: %t, missing %v, %v", v.Enough, v.Missing, err)
	}
	if after, err := p.Evaluate(t.Context(), asked("UREQ", "US")); err != nil || v.Policy == "" || v.Policy == after.Policy {
		t.Errorf("judged by policy %q, later by %q, %v", v.Policy, after.Policy, err)
	}
}

// replacing is a Slack that is asked while the policy changes.
type replacing struct {
	slack
	then func()
}

func (r *replacing) GroupMembers(ctx context.Context, group string) ([]string, error) {
	r.then()
	return r.slack.GroupMembers(ctx, group)
}
