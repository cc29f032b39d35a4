package change_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

func TestEveryStateIsReachableAndOnlyFinalOnesEnd(t *testing.T) {
	t.Parallel()
	events := []change.Event{
		change.Approve, change.Reject, change.Withdraw, change.Expire, change.Start, change.Succeed, change.Fail,
		change.Drift, change.InputExpired, change.Undone, change.UndoFailed, change.Retry, change.Resolve,
		change.Await, change.Continue, change.ContinueUndo,
	}
	reached := map[change.State]bool{change.Pending: true}
	for _, s := range change.States() {
		moves := 0
		for _, e := range events {
			if to, ok := s.Next(e); ok {
				moves++
				reached[to] = true
				if !to.Valid() {
					t.Errorf("%s --%s--> %q, which is no state", s, e, to)
				}
			}
		}
		if s.Final() != (moves == 0) {
			t.Errorf("%s: final is %v but %d events lead out of it", s, s.Final(), moves)
		}
	}
	for _, s := range change.States() {
		if !reached[s] {
			t.Errorf("no event leads to %s", s)
		}
	}
	if change.State("").Valid() || change.State("done").Valid() {
		t.Error("a strange state is called valid")
	}
	if change.Stuck.Final() {
		t.Error("a stuck request must keep its target")
	}
}

func TestDigestCoversWhatIsAppliedAndNotHowItIsWorded(t *testing.T) {
	t.Parallel()
	base := func() change.Proposal {
		return change.Proposal{
			Kind: "k", Target: []string{"t"}, Title: "title", Params: json.RawMessage(`{"b": 1, "a": [1, 2]}`),
			Basis: []change.Field{{Label: "version", Value: "8.17.0"}},
			Steps: []change.PlannedStep{{
				Name: "s", Args: json.RawMessage(`{"identity": "CN=a", "n": 9007199254740993}`), Title: "Do s",
				Calls: []change.Call{{System: "x", Method: "PUT", Path: "/p", Body: "{}"}},
			}},
		}
	}
	digest := func(edit func(*change.Proposal)) string {
		p := base()
		edit(&p)
		d, err := p.ComputeDigest()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	same := digest(func(*change.Proposal) {})
	for name, edit := range map[string]func(*change.Proposal){
		"spaces and order of parameters": func(p *change.Proposal) { p.Params = json.RawMessage(`{"a":[1,2],"b":1}`) },
		"title":                          func(p *change.Proposal) { p.Title = "other" },
		"warnings":                       func(p *change.Proposal) { p.Warnings = []string{"mind the gap"} },
		"a step's title":                 func(p *change.Proposal) { p.Steps[0].Title = "Do it" },
		"how a call looks":               func(p *change.Proposal) { p.Steps[0].Calls[0].Path = "/q" },
		"spaces and order of arguments": func(p *change.Proposal) {
			p.Steps[0].Args = json.RawMessage(`{"n":9007199254740993,"identity":"CN=a"}`)
		},
	} {
		if digest(edit) != same {
			t.Errorf("%s must not change the digest", name)
		}
	}
	for name, edit := range map[string]func(*change.Proposal){
		"kind":            func(p *change.Proposal) { p.Kind = "l" },
		"target":          func(p *change.Proposal) { p.Target = []string{"u"} },
		"one target more": func(p *change.Proposal) { p.Target = append(p.Target, "u") },
		"a parameter":     func(p *change.Proposal) { p.Params = json.RawMessage(`{"a":[2,1],"b":1}`) },
		"a large number":  func(p *change.Proposal) { p.Params = json.RawMessage(`{"b":9007199254740993,"a":[1,2]}`) },
		"the basis":       func(p *change.Proposal) { p.Basis[0].Value = "8.17.1" },
		"an argument": func(p *change.Proposal) {
			p.Steps[0].Args = json.RawMessage(`{"identity":"","n":9007199254740993}`)
		},
		"a large argument": func(p *change.Proposal) {
			p.Steps[0].Args = json.RawMessage(`{"identity":"CN=a","n":9007199254740992}`)
		},
		"a step's name": func(p *change.Proposal) { p.Steps[0].Name = "t" },
		"a trait":       func(p *change.Proposal) { p.Traits = map[string][]string{"a": {"b"}} },
		"a part":        func(p *change.Proposal) { p.Parts = []change.Part{{Name: "a"}} },
		"its ending":    func(p *change.Proposal) { p.Ending = &change.Ending{Differs: "it is another"} },
		"one step more": func(p *change.Proposal) { p.Steps = append(p.Steps, p.Steps[0]) },
	} {
		if digest(edit) == same {
			t.Errorf("%s must change the digest", name)
		}
	}
	unreadable := base()
	unreadable.Steps[0].Args = json.RawMessage(`{"identity`)
	if _, err := unreadable.ComputeDigest(); err == nil {
		t.Error("arguments that can't be read have a digest")
	}
	large := digest(func(p *change.Proposal) { p.Params = json.RawMessage(`9007199254740993`) })
	if large == digest(func(p *change.Proposal) { p.Params = json.RawMessage(`9007199254740992`) }) {
		t.Error("numbers beyond a float's precision are taken for equal")
	}
}

// What could not be read tells nothing of a change; what was read both times has to be the same.
func TestAnUnreadLineVoidsNoApproval(t *testing.T) {
	t.Parallel()
	const label = "Network filters of the remote"
	plan := func(version string, filters change.Field) change.Proposal {
		filters.Label = label
		p := change.Proposal{Kind: "k", Params: json.RawMessage(`{}`), Basis: []change.Field{{Label: "Local version", Value: version}, filters}}
		var err error
		if p.Digest, err = p.ComputeDigest(); err != nil {
			t.Fatal(err)
		}
		return p
	}
	none, open, unread := change.Field{Value: "none"}, change.Field{Value: "everybody"}, change.Field{Value: "could not be read", Unread: true}
	for name, c := range map[string]struct {
		was, now change.Proposal
		same     bool
	}{
		"read alike":                    {plan("8", none), plan("8", none), true},
		"read otherwise":                {plan("8", none), plan("8", open), false},
		"unread then":                   {plan("8", unread), plan("8", open), true},
		"unread now":                    {plan("8", open), plan("8", unread), true},
		"unread twice":                  {plan("8", unread), plan("8", unread), true},
		"unread, and something changed": {plan("8", unread), plan("9", open), false},
		"changed, and unread now":       {plan("8", open), plan("9", unread), false},
	} {
		if same, err := c.was.SameAs(c.now); err != nil || same != c.same {
			t.Errorf("%s: got %v, %v", name, same, err)
		}
	}
	if plan("8", unread).Digest == plan("8", change.Field{Value: "could not be read"}).Digest {
		t.Error("whether a line may be left out is not part of what is approved")
	}
}

func TestApprovalsAreOfThePresentPlanAndOneAPerson(t *testing.T) {
	t.Parallel()
	say := func(v change.DecisionKind, user, digest string) change.Decision {
		return change.Decision{Kind: v, By: change.Actor{User: user}, Digest: digest}
	}
	for name, c := range map[string]struct {
		decisions []change.Decision
		want      string
	}{
		"none":              {nil, ""},
		"two people":        {[]change.Decision{say("approve", "a", "d"), say("approve", "b", "d")}, "a b"},
		"one counts once":   {[]change.Decision{say("approve", "a", "d"), say("approve", "a", "d")}, "a"},
		"taken back":        {[]change.Decision{say("approve", "a", "d"), say("approve", "b", "d"), say("revoke", "a", "d")}, "b"},
		"given again":       {[]change.Decision{say("approve", "a", "d"), say("revoke", "a", "d"), say("approve", "a", "d")}, "a"},
		"of an older plan":  {[]change.Decision{say("approve", "a", "old"), say("approve", "b", "d")}, "b"},
		"voided by drift":   {[]change.Decision{say("approve", "a", "d"), say("drift", "", "d")}, ""},
		"others' take-back": {[]change.Decision{say("approve", "a", "d"), say("revoke", "b", "d")}, "a"},
	} {
		r := &change.Request{Decisions: c.decisions, Proposal: change.Proposal{Digest: "d"}}
		users := make([]string, 0, 2)
		for _, d := range r.Approvals() {
			users = append(users, d.By.User)
		}
		if got := strings.Join(users, " "); got != c.want {
			t.Errorf("%s: in force are those of %q, want %q", name, got, c.want)
		}
	}
}

// More approvals never make a request less approved, and their order never matters.
func TestApprovalsAreMonotonicAndOrderFree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		people := []string{"req", "a", "b", "c", "stranger"}
		policy := change.Approvers{Name: "n", Users: []string{"req", "a", "b", "c"}, Count: rapid.IntRange(1, 3).Draw(t, "count"), Wait: time.Hour}
		r := &change.Request{Requester: change.Actor{User: "req"}, Proposal: change.Proposal{Digest: "d"}}
		enough := false
		for _, who := range rapid.SliceOfN(rapid.SampledFrom(people), 0, 8).Draw(t, "who") {
			r.Decisions = append(r.Decisions, change.Decision{Kind: change.DecisionApprove, By: change.Actor{User: who}, Digest: "d"})
			v, err := policy.Evaluate(t.Context(), r)
			if err != nil || enough && !v.Enough {
				t.Fatalf("an approval of %s made it less approved (%v)", who, err)
			}
			enough = v.Enough
		}
		shuffled := &change.Request{Requester: r.Requester, Proposal: r.Proposal, Decisions: rapid.Permutation(r.Decisions).Draw(t, "order")}
		if v, _ := policy.Evaluate(t.Context(), shuffled); v.Enough != enough {
			t.Fatal("the order of approvals changed the verdict")
		}
	})
}

func TestAuditChainDependsOnEveryEarlierEntry(t *testing.T) {
	t.Parallel()
	e := change.Entry{At: time.UnixMilli(1700000000123).UTC(), Request: "r", What: "approve", By: change.Actor{User: "U1"}}
	text, hash, err := e.Chain(change.GenesisHash)
	if err != nil {
		t.Fatal(err)
	}
	if hash != change.ChainHash(change.GenesisHash, text) {
		t.Error("the hash can't be computed again from what is stored")
	}
	if _, other, _ := e.Chain(hash); other == hash {
		t.Error("the same entry after another has the same hash")
	}
	var back change.Entry
	if err := json.Unmarshal([]byte(text), &back); err != nil || back != e {
		t.Errorf("read back %+v (%v), want %+v", back, err, e)
	}
}
