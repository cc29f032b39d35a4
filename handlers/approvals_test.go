package handlers

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// vault keeps what is put into it.
type vault map[string]secret.Secret

func (v vault) Put(_ context.Context, request string, key secret.Secret) error {
	v[request] = key
	return nil
}

func (v vault) Peek(_ context.Context, request string) (secret.Secret, error) {
	if v[request].Empty() {
		return secret.Secret{}, link.ErrNoPastedKey
	}
	return v[request], nil
}

func (v vault) Drop(_ context.Context, request string) error {
	delete(v, request)
	return nil
}

// slowVault is a vault that takes so long that something happens to the request meanwhile.
type slowVault struct {
	vault
	meanwhile func()
}

func (s slowVault) Put(ctx context.Context, request string, key secret.Secret) error {
	err := s.vault.Put(ctx, request, key)
	s.meanwhile()
	return err
}

// A key that is put away for a request that ends at that moment is of no use to anybody.
func TestAKeyThatCameTooLateIsForgotten(t *testing.T) {
	for name, c := range map[string]struct {
		state change.State
		done  bool // the work has taken a key already
		kept  bool
	}{
		"rejected":    {state: change.Rejected},
		"undoing":     {state: change.Undoing},
		"applying":    {state: change.Applying, kept: true},
		"taken":       {state: change.Applying, done: true},
		"still waits": {state: change.Approved, kept: true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			v := vault{}
			r := handlerstest.Wanting(func(r *change.Request) { r.Messages = map[string]change.Message{} })
			d.book.Put(r)
			slow := slowVault{v, func() {
				r.State, r.Version = c.state, r.Version+1
				if c.state == change.Approved {
					r.ApprovalsSince = r.Version // a new plan: the press is stale
				}
				if c.done {
					r.Journal = []change.StepRecord{{Step: steps.StepIssueKey, State: change.StepDone}}
				}
				d.book.Put(r)
			}}
			d.with(func(o *Options) { o.Secrets, o.Now = slow, d.world.Now })
			view := bot.View{Metadata: `{"press":"7Q2MZK:3"}`, State: bot.State{blockKey: {{Action: blockKey, Text: "aWQ6a2V5"}}}}
			res, ok := d.finish(d.keys.pasted(t.Context(), bot.Submission{View: view, User: anna})).(*slack.ViewSubmissionResponse)
			if !ok || res.Errors[blockKey] == "" {
				t.Fatalf("it was taken: %+v", res)
			}
			if _, kept := v[r.ID]; kept != c.kept {
				t.Errorf("kept %t, want %t", kept, c.kept)
			}
		})
	}
}

func TestCardsOfApprovals(t *testing.T) {
	for name, r := range map[string]*change.Request{
		"window": handlerstest.In(change.Approved, func(r *change.Request) {
			r.NotBefore, r.Deadline = handlerstest.Start.Add(20*time.Hour), handlerstest.Start.Add(24*time.Hour)
		}),
		"wanting": handlerstest.Wanting(nil),
		"handed": handlerstest.Wanting(func(r *change.Request) {
			r.Decisions = []change.Decision{handlerstest.Said(change.DecisionInputSubmitted, "U0BEN", "")}
		}),
		"reminded": handlerstest.In(change.Pending, func(r *change.Request) {
			d := handlerstest.Said(change.DecisionRemind, "", "")
			d.To = []string{"U0BEN"}
			r.Decisions = append(r.Decisions, d)
		}),
		"followed": handlerstest.In(change.Withdrawn, func(r *change.Request) { r.Parent, r.Child = "R1", "R3" }),
		"drifted_calls": handlerstest.In(change.Pending, func(r *change.Request) {
			handlerstest.Drift(r)
			r.Proposal.Steps = slices.Clone(r.Proposal.Steps)
			point := r.Proposal.Step("set_remote")
			point.Calls = slices.Clone(point.Calls)
			point.Calls[0].Body = `{"persistent":{"cluster.remote.search-eu.mode":"sniff"}}`
		}),
	} {
		t.Run(name, func(t *testing.T) {
			handlerstest.GoldenMessage(t, "card_"+name, cards.Card(r, handlerstest.Missing(), handlerstest.Start))
		})
	}
}

// What was handed in and counts no more is missing, whatever it was.
func TestCardsOfWhatHasLapsed(t *testing.T) {
	handed := func(r *change.Request) {
		r.Decisions = []change.Decision{handlerstest.Said(change.DecisionInputSubmitted, "U0BEN", "")}
	}
	for name, r := range map[string]*change.Request{"lapsed": handlerstest.Wanting(handed), "upload_lapsed": uploading(handed)} {
		t.Run(name, func(t *testing.T) {
			handlerstest.GoldenMessage(t, "card_"+name, cards.Card(r, handlerstest.Missing(), handlerstest.Start.Add(56*time.Minute)))
		})
	}
}

func TestPasteModal(t *testing.T) {
	v := pasteModal(handlerstest.Wanting(nil), reasonMetadata{Press: "7Q2MZK:3", Channel: "C0REQUESTS"})
	if err := handlerstest.CheckModal(v); err != nil {
		t.Error(err)
	}
	handlerstest.Golden(t, "modal_paste", v)
	long := handlerstest.Wanting(func(r *change.Request) {
		handlerstest.CallOf(r, "issue_key").Body = `{"name":"` + strings.Repeat("'<&>`", 3000) + `"}`
	})
	if err := handlerstest.CheckModal(pasteModal(long, reasonMetadata{Press: "7Q2MZK:3"})); err != nil {
		t.Error(err)
	}
}

func TestAKeyIsAskedForOnApprovalAndTakenOnce(t *testing.T) {
	d := newDesk(t)
	v := vault{}
	d.with(func(o *Options) { o.Secrets, o.Now = v, d.world.Now })
	r := handlerstest.Wanting(func(r *change.Request) { r.Messages = map[string]change.Message{} })
	d.book.Put(r)
	d.finish(d.decisions.approve(t.Context(), pressed(anna, r)))
	if d.slack.Count("open") != 1 || d.state(r.ID) != change.Pending {
		t.Fatalf("%d modals are open, the request is %s", d.slack.Count("open"), d.state(r.ID))
	}
	paste := func(u bot.User, text string) string {
		t.Helper()
		view := bot.View{Metadata: `{"press":"7Q2MZK:4","channel":"C0REQUESTS"}`, State: bot.State{blockKey: {{Action: blockKey, Text: text}}}}
		body := d.finish(d.keys.pasted(t.Context(), bot.Submission{View: view, User: u}))
		if body == nil {
			return ""
		}
		res, _ := body.(*slack.ViewSubmissionResponse)
		return res.Errors[blockKey]
	}
	for text, want := range map[string]string{
		"":                                "Paste the value",
		`{"id":"x","encoded":"aWQ6a2V5"}`: "only the value of encoded",
		"not base64!":                     "not one key",
		"bm90IGEga2V5":                    "not of id:api_key",
	} {
		if beside := paste(anna, text); !strings.Contains(beside, want) || len(v) > 0 {
			t.Errorf("%q: %q, want %q", text, beside, want)
		}
	}
	const key = "aWQ6a2V5"
	if beside := paste(stranger, key); !strings.Contains(beside, "not one of the approvers") || len(v) > 0 {
		t.Errorf("a stranger pasted: %q", beside)
	}
	if beside := paste(anna, " "+key+"\n"); beside != "" || v[r.ID].Reveal() != key {
		t.Errorf("%q, kept %q", beside, v[r.ID].Reveal())
	}
	got, _ := d.book.Get(t.Context(), r.ID)
	if got.State != change.Approved || strings.Contains(fmt.Sprintf("%+v", got), key) {
		t.Errorf("%+v", got)
	}
}

func TestEditingOpensTheModalAsItWasFilledIn(t *testing.T) {
	d := newDesk(t)
	r := d.has(change.Rejected)
	d.finish(d.connect.edit(t.Context(), pressed(ben, r)))
	if !strings.Contains(d.slack.Said(), "Only the requester can edit") || d.slack.Count("open") != 0 {
		t.Errorf("told %q", d.slack.Said())
	}
	d.finish(d.connect.edit(t.Context(), pressed(asker, r)))
	c, _ := cards.Connection(r)
	m := forms.ConnectMetadata{Channel: "C0REQUESTS", Parent: r.ID}
	f := forms.ConnectOf(r, c)
	handlerstest.Golden(t, "modal_edit", forms.ConnectModal(f, m))
	back, wrong := f.Params()
	if len(wrong.Problems) > 0 || string(must(t, back)) != string(must(t, c)) {
		t.Errorf("the form gives %+v (%v), want %+v", back, wrong.Problems, c)
	}
}

func must(t *testing.T, v any) []byte {
	t.Helper()
	return []byte(handlerstest.ToJSON(t, v))
}

func TestHomeShowsWhatWaitsForMeAndWhatIAskedFor(t *testing.T) {
	d := newDesk(t)
	d.book.Put(handlerstest.In(change.Pending, nil))
	home := func(u bot.User) string {
		t.Helper()
		d.finish(d.home.home(t.Context(), bot.HomeOpened{User: u, Tab: "home"}))
		return handlerstest.ToJSON(t, d.slack.Homes[u.ID])
	}
	if s := home(ben); !strings.Contains(s, "Waiting for you") || !strings.Contains(s, cards.ActionApprove) || strings.Contains(s, cards.ActionTakeBack) {
		t.Errorf("ben sees %s", s)
	}
	if s := home(anna); strings.Contains(s, cards.ActionApprove) || !strings.Contains(s, cards.ActionTakeBack) {
		t.Errorf("anna, who has approved, sees %s", s)
	}
	if s := home(asker); strings.Contains(s, "Waiting for you") || !strings.Contains(s, "Your open requests") || !strings.Contains(s, cards.ActionEdit) {
		t.Errorf("the requester sees %s", s)
	}
	if s := home(stranger); !strings.Contains(s, "nothing is waiting for you") {
		t.Errorf("a stranger sees %s", s)
	}
	handlerstest.Golden(t, "home_approver", d.slack.Homes[ben.ID])
	// Many that wait for others don't hide the one that waits for me.
	for n := range homeShown + 2 {
		r := handlerstest.In(change.Pending, nil)
		r.ID, r.Requester = fmt.Sprintf("1OTHER%02d", n), change.Actor{User: ben.ID} // nobody approves what they asked for
		d.book.Put(r)
	}
	if s := home(ben); !strings.Contains(s, "Waiting for you") || !strings.Contains(s, "7Q2MZK") {
		t.Errorf("ben, who has asked for much himself, sees %s", s)
	}
}

// What others have to decide must not push out of sight what waits for me.
func TestHomeCountsWhatItShows(t *testing.T) {
	d := newDesk(t)
	put := func(n int, id, by string) {
		for i := range n {
			r := handlerstest.Pending()
			r.ID, r.Requester.User, r.Proposal.Title = fmt.Sprintf("%s%03d", id, i), by, fmt.Sprintf("change %s%03d", id, i)
			d.book.Put(r)
		}
	}
	home := func() string {
		t.Helper()
		d.finish(d.home.home(t.Context(), bot.HomeOpened{User: ben, Tab: "home"}))
		return handlerstest.ToJSON(t, d.slack.Homes[ben.ID])
	}
	put(homeShown+5, "A", ben.ID) // ben's own, which he can't approve
	put(homeShown+2, "B", asker.ID)
	s := home()
	if n := strings.Count(s, `"`+cards.ActionApprove+`"`); n != homeShown || !strings.Contains(s, "and 2 more") {
		t.Errorf("%d of %d are shown: %s", n, homeShown+2, s)
	}
	put(homeLooked, "A", ben.ID)
	if s := home(); !strings.Contains(s, "Only the 100 requests") {
		t.Errorf("it does not say how far it looked: %s", s)
	}
}

func TestPolicyAndHistoryInWords(t *testing.T) {
	d := newDesk(t)
	rules := policy.New(policy.Rules{
		Groups: []policy.Group{{Name: "owners", Users: []string{"U0ANNA"}, UserGroup: "S0OWN", Channel: "C0OWN"}},
		Rules: []policy.Rule{{
			Name: "prod", Match: map[string][]string{"local.name": {"*-prod"}}, Wait: cards.Day, Remind: []time.Duration{time.Hour},
			Sides:  []policy.Side{{Group: "owners", Count: 2}},
			Window: &policy.Window{Days: []time.Weekday{time.Monday}, From: 9 * time.Hour, To: 17 * time.Hour, Zone: time.UTC},
		}},
	}, nil, nil)
	d.with(func(o *Options) { o.Rules = rules })
	d.types("policy")
	handlerstest.GoldenMessage(t, "policy", d.shown())
	d.has(change.Applied)
	for args, want := range map[string]bool{
		"": true, "search-eu": true, "logs-prod": true, "LOGS-PROD": true, "7Q2MZK": true, "logs": false,
		"search-eu logs-prod": true, "logs-prod/search-eu": true, "logs-prod other": false,
		`"search (EU)"`: true, "search   (eu)": true, "“search (EU)”": true, "b2": true, "cloud/b2": true, "search": false, "logs-*": false,
	} {
		d.types("history " + args)
		shown := handlerstest.ToJSON(t, d.shown().Blocks)
		if strings.Contains(shown, "7Q2MZK") != want {
			t.Errorf("history %s: %s", args, shown)
		}
	}
}

// What was not looked at must not be said not to be there.
func TestHistorySaysHowFarItLooked(t *testing.T) {
	d := newDesk(t)
	shown := func(name string) string {
		d.types("history " + name)
		return handlerstest.ToJSON(t, d.shown().Blocks)
	}
	if s := shown("nothing"); !strings.Contains(s, "none in the last 90 days") {
		t.Errorf("an empty book: %s", s)
	}
	for i := range historyLooked + 1 {
		r := handlerstest.Pending()
		r.ID = fmt.Sprintf("R%04d", i)
		d.book.Put(r)
	}
	if s := shown("nothing"); strings.Contains(s, "90 days") || !strings.Contains(s, "none in 300 requests checked, back to") {
		t.Errorf("a full one: %s", s)
	}
	if s := shown("r0001"); !strings.Contains(s, "Only the latest 300 requests were checked") {
		t.Errorf("one of many: %s", s)
	}
}

// A step may go by something else although its calls look the same; then that is what moved.
func TestDriftTellsOfAStepWhoseCallsLookTheSame(t *testing.T) {
	r := handlerstest.In(change.Pending, handlerstest.Drift)
	r.Proposal.Basis = r.Previous.Basis
	if said := cards.DriftLines(r); !strings.Contains(said, "what the policy decides by") {
		t.Errorf("nothing of the plan moved, and it says: %s", said)
	}
	r.Proposal.Steps = slices.Clone(r.Proposal.Steps)
	r.Proposal.Step("verify").Args = json.RawMessage(`{"alias":"other"}`)
	if said := cards.DriftLines(r); !strings.Contains(said, "• step: Verify the connection") || strings.Contains(said, "policy") {
		t.Errorf("got %s", said)
	}
}
