package handlers

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

func TestCardInEveryState(t *testing.T) {
	for name, r := range handlerstest.EveryState() {
		t.Run(name, func(t *testing.T) {
			handlerstest.GoldenMessage(t, "card_"+name, cards.Card(r, handlerstest.Missing(), handlerstest.Start))
		})
	}
}

func TestProgressInEveryState(t *testing.T) {
	for name, r := range handlerstest.EveryState() {
		t.Run(name, func(t *testing.T) {
			for _, simple := range []bool{false, true} {
				m, ok := cards.Progress(r, simple)
				if !ok {
					if r.State.Working() {
						t.Error("a request that is being worked on shows no progress")
					}
					continue
				}
				handlerstest.GoldenMessage(t, fmt.Sprintf("progress_%s_simple_%t", name, simple), m)
			}
		})
	}
}

func TestLastLineInEveryState(t *testing.T) {
	for name, r := range handlerstest.EveryState() {
		t.Run(name, func(t *testing.T) {
			if m, ok := cards.FinalLine(r, "/remote-cluster"); ok {
				if !strings.Contains(m.Text, "<@U0ASKER>") {
					t.Error("the requester is not mentioned")
				}
				handlerstest.GoldenMessage(t, "final_"+name, m)
			}
			if m, ok := cards.NewPlanLine(r, handlerstest.Missing()); ok {
				handlerstest.GoldenMessage(t, "new_plan_"+name, m)
			}
		})
	}
}

// The card tells the result first and the links once; the line in the thread adds what to type next.
func TestTheResultIsToldOnceWithItsLinks(t *testing.T) {
	r := handlerstest.EveryState()["applied"]
	r.Proposal.Links = []change.Field{{Label: "Kibana", Value: "https://kibana.example/app"}, {Label: "the console", Value: "https://ece.example/"}}
	c, ok := cards.FinalLine(r, "/remote-cluster")
	blocks := handlerstest.ToJSON(t, cards.Card(r, nil, handlerstest.Start).Blocks)
	if !ok || strings.Contains(c.Text, "See it in") || !strings.Contains(c.Text, "To search through it") {
		t.Errorf("the thread says %s", c.Text)
	}
	if !strings.Contains(blocks, `\nSee it in <https://kibana.example/app|Kibana> · <https://ece.example/|the console>"`) || strings.Contains(blocks, "To search through it") || !strings.Contains(blocks, `"Connected and verified.\nThe key expires`) {
		t.Errorf("the card says %s", blocks)
	}
}

// A sentence gets a capital; a name or a pattern that begins one does not.
func TestNamesKeepTheirCase(t *testing.T) {
	var wrong change.InvalidError
	wrong.Add("local", "%s is at %s: too old", "logs", "8.12.2")
	wrong.Add("local", "this is the local cluster itself")
	wrong.Problems = append(wrong.Problems, change.Problem{Say: "logs-*: leave out the cluster out"}, change.Problem{Say: "the bot can't"})
	var got []string
	for _, p := range wrong.Problems {
		got = append(got, cards.ProblemSays(p))
	}
	want := []string{"logs is at 8.12.2: too old", "This is the local cluster itself", "logs-*: leave out the cluster out", "The bot can't"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s := mrkdwn.Upper("done, 1.5 s"); s != "Done, 1.5 s" {
		t.Error(s)
	}
}

func TestTheLastLineNamesTheCommandAsItIsConfigured(t *testing.T) {
	for _, state := range []change.State{change.RolledBack, change.Rejected, change.Expired} {
		m, ok := cards.FinalLine(handlerstest.In(state, func(r *change.Request) { r.Proposal.Kind = link.KindRotate }), "/clusters")
		if !ok || !strings.Contains(m.Text, "/clusters rotate") || strings.Contains(m.Text, "/remote-cluster") {
			t.Errorf("%s: %s", state, m.Text)
		}
	}
}

func TestPlanModal(t *testing.T) {
	v := planModal(handlerstest.Pending(), true)
	if err := handlerstest.CheckModal(v); err != nil {
		t.Error(err)
	}
	handlerstest.Golden(t, "modal_plan", v)
	if folded, open := handlerstest.ToJSON(t, v.Blocks), handlerstest.ToJSON(t, planModal(handlerstest.Pending(), false).Blocks); !strings.Contains(folded, `"container"`) || strings.Contains(open, `"container"`) {
		t.Error("the calls are not folded away, or can't be shown without")
	}
}

// A workspace without containers gets the plan all the same, and is asked once.
func TestThePlanNeedsNoContainers(t *testing.T) {
	var b bot.NewBlocks
	asked := []bool{}
	refuses := func(with bool) error {
		asked = append(asked, with)
		if with {
			return &bot.Error{Method: "views.open", Code: "invalid_arguments", Kind: bot.BadBlocks}
		}
		return nil
	}
	for range 2 {
		if err := b.Send(t.Context(), slog.New(slog.DiscardHandler), refuses); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(asked, []bool{true, false, false}) {
		t.Errorf("it was asked %v", asked)
	}
	var broken bot.NewBlocks
	_ = broken.Send(t.Context(), slog.New(slog.DiscardHandler), func(bool) error { return &bot.Error{Kind: bot.BadBlocks} })
	if broken.Refused.Load() {
		t.Error("containers are given up though the rest was refused as well")
	}
}

func TestReasonModals(t *testing.T) {
	from := reasonMetadata{Press: "7Q2MZK:3", Channel: "C0REQUESTS"}
	v := reasonModal(handlerstest.Pending(), from, callbackReject, "Reject", "Reject", "Why is it rejected?", "Whoever asked reads this.")
	if err := handlerstest.CheckModal(v); err != nil {
		t.Error(err)
	}
	handlerstest.Golden(t, "modal_reject", v)
}

func TestFinalCardsDecideNothing(t *testing.T) {
	for name, r := range handlerstest.EveryState() {
		if !r.State.Final() {
			continue
		}
		for _, b := range cards.Buttons(r, nil) {
			if buttonID(b) != cards.ActionEdit || r.State == change.Applied {
				t.Errorf("%s: a final card has the button %s", name, buttonID(b))
			}
		}
		r.Child = "R2"
		if len(cards.Buttons(r, nil)) > 0 {
			t.Errorf("%s: it was asked again already", name)
		}
	}
}

func TestApproversAreMentionedOnce(t *testing.T) {
	m := cards.Card(handlerstest.Pending(), handlerstest.Missing(), handlerstest.Start)
	if n := strings.Count(handlerstest.ToJSON(t, m.Blocks), "<@U0ANNA>"); n != 1 {
		t.Errorf("the approver is mentioned %d times, want once", n)
	}
}

// extreme is a request with everything as long and as hostile as it can be.
func extreme(r *change.Request) *change.Request {
	r.Proposal.Title = handlerstest.Nasty(700)
	r.Reason = handlerstest.Nasty(3000)
	for i := range 25 {
		r.Proposal.Fields = append(r.Proposal.Fields, change.Field{Label: handlerstest.Nasty(200), Value: handlerstest.Nasty(200 + i*600)})
		r.Proposal.Basis = append(r.Proposal.Basis, change.Field{Label: handlerstest.Nasty(199 + i), Value: handlerstest.Nasty(3000)})
		r.Proposal.Warnings = append(r.Proposal.Warnings, handlerstest.Nasty(2000))
		grant := r.Proposal.Step("issue_key")
		grant.Title, grant.Calls = handlerstest.Nasty(700), append(grant.Calls, change.Call{
			System: handlerstest.Nasty(300), Method: "PUT", Path: handlerstest.Nasty(4000), Body: handlerstest.Nasty(20000),
		})
		r.Decisions = append(r.Decisions, handlerstest.Said(change.DecisionApprove, handlerstest.Nasty(50), handlerstest.Nasty(3000)))
		left := change.Leftover{Step: "issue_key", What: handlerstest.Nasty(3000), Command: handlerstest.Nasty(5000), Cause: handlerstest.Nasty(3000)}
		r.Outcome.Leftovers = append(r.Outcome.Leftovers, left)
		r.Journal = append(r.Journal, change.StepRecord{
			Step: fmt.Sprint("more", i), State: change.StepUndoFailed, Attempts: 9, Finding: handlerstest.Nasty(3000), Trouble: handlerstest.Nasty(3000), Leftover: &left,
		})
	}
	r.Outcome.Why, r.Outcome.Failed = handlerstest.Nasty(5000), handlerstest.Nasty(300)
	r.Requester.User = handlerstest.Nasty(200)
	return r
}

func TestTheLongestAndWorstFitsSlack(t *testing.T) {
	crowd := &change.Evaluation{}
	for range 5 {
		need := change.Need{Group: handlerstest.Nasty(300), Count: 3}
		for i := range 100 {
			need.Who = append(need.Who, fmt.Sprintf("U%09d", i))
		}
		crowd.Missing = append(crowd.Missing, need)
	}
	for name, r := range handlerstest.EveryState() {
		t.Run(name, func(t *testing.T) {
			extreme(r)
			messages := map[string]bot.Message{"card": cards.Card(r, crowd, handlerstest.Start)}
			messages["progress"], _ = cards.Progress(r, false)
			messages["simple progress"], _ = cards.Progress(r, true)
			if m, ok := cards.FinalLine(r, "/remote-cluster"); ok {
				messages["final"] = m
			}
			if m, ok := cards.NewPlanLine(r, crowd); ok {
				messages["new plan"] = m
			}
			for what, m := range messages {
				if err := handlerstest.CheckMessage(m); err != nil {
					t.Errorf("%s: %v", what, err)
				}
				harmless(t, what, m.Text)
				harmlessBlocks(t, what, m.Blocks)
			}
			for what, v := range map[string]slack.ModalViewRequest{
				"plan":   planModal(r, true),
				"reason": reasonModal(r, reasonMetadata{Press: "7Q2MZK:3"}, callbackReject, "Reject", "Reject", "Why?", "Say."),
			} {
				if err := handlerstest.CheckModal(v); err != nil {
					t.Errorf("%s: %v", what, err)
				}
				harmlessBlocks(t, what, v.Blocks.BlockSet)
			}
		})
	}
}

// harmless looks for outside text that became markup of Slack's.
func harmless(t *testing.T, what, s string) {
	t.Helper()
	for _, bad := range []string{"<!channel>", "<@U0EVIL>", "<https://evil", "\u202e"} {
		if strings.Contains(s, bad) {
			t.Errorf("%s: %q got through", what, bad)
		}
	}
}

// harmlessBlocks looks at every text in markup; plain text shows such things as they are.
func harmlessBlocks(t *testing.T, what string, blocks []slack.Block) {
	t.Helper()
	for _, b := range blocks {
		switch b := b.(type) {
		case *slack.SectionBlock:
			harmless(t, what, b.Text.Text)
			if !b.Text.Verbatim {
				t.Errorf("%s: Slack may turn names in a section into links", what)
			}
		case *slack.ContainerBlock:
			harmlessBlocks(t, what, b.ChildBlocks.BlockSet)
		case *slack.ContextBlock:
			for _, e := range b.ContextElements.Elements {
				if text, ok := e.(*slack.TextBlockObject); ok {
					harmless(t, what, text.Text)
				}
			}
		}
	}
}

func TestACutFieldSaysSo(t *testing.T) {
	r := handlerstest.Pending()
	r.Proposal.Fields = []change.Field{{Label: "May search", Value: strings.Repeat("logs-<a>-*, ", 400)}}
	shown := handlerstest.ToJSON(t, cards.Card(r, nil, handlerstest.Start).Blocks)
	if !strings.Contains(shown, "shortened; the plan shows all") {
		t.Error("approvers don't learn that they see a part only")
	}
	if plan := handlerstest.ToJSON(t, planModal(r, true).Blocks); strings.Count(plan, "logs-") < 400 {
		t.Error("the plan does not show all")
	}
}

func TestThePlanShowsEveryCallWhole(t *testing.T) {
	r := handlerstest.Pending()
	long := ""
	for i := range 50 {
		long += fmt.Sprintf("pattern-%03d-%s,", i, strings.Repeat("<&>", 60))
	}
	handlerstest.CallOf(r, "issue_key").Body = long
	var shown strings.Builder
	fenced := regexp.MustCompile("(?s)```(.*?)```")
	for _, b := range planModal(r, false).Blocks.BlockSet {
		if s, ok := b.(*slack.SectionBlock); ok {
			for _, found := range fenced.FindAllStringSubmatch(s.Text.Text, -1) {
				shown.WriteString(found[1])
			}
		}
	}
	if !strings.Contains(shown.String(), bot.Escape(long)) {
		t.Error("the plan does not show the long call whole")
	}
}

// A reason is the one thing on a card that a person writes freely.
func TestReasonsCantLookLikeTheBotsWords(t *testing.T) {
	const forged = ":white_check_mark: *Approved, about to start*"
	r := handlerstest.Pending()
	r.Reason = "upgrade\n" + forged
	rejected := handlerstest.In(change.Rejected, func(r *change.Request) {
		r.Reason, r.Decisions = forged, []change.Decision{handlerstest.Said(change.DecisionReject, "U0ANNA", forged)}
	})
	stuck := handlerstest.In(change.RolledBack, func(r *change.Request) {
		r.Decisions = append(r.Decisions, handlerstest.Said(change.DecisionResolve, "U0ANNA", forged))
	})
	for _, r := range []*change.Request{r, rejected, stuck} {
		msg := cards.Card(r, nil, handlerstest.Start)
		final, _ := cards.FinalLine(r, "/remote-cluster")
		raw, err := json.Marshal([]any{msg.Text, msg.Blocks, final.Text, final.Blocks, summary(r, "")})
		if err != nil {
			t.Fatal(err)
		}
		pieces := strings.Split(string(raw), forged)
		if len(pieces) < 2 {
			t.Errorf("%s: the reason is not shown", r.State)
		}
		for i := range pieces[1:] {
			before := strings.Join(pieces[:i+1], "")
			if strings.Count(before, "`")%2 == 0 { // outside of code
				t.Errorf("%s: not set apart after %s", r.State, before[max(0, len(before)-60):])
			}
		}
	}
}

// Anybody who may make a deployment types its name.
func TestNamesCantLookLikeTheBotsWords(t *testing.T) {
	const forged = "x* :white_check_mark: *Approved, about to start*"
	applied := handlerstest.In(change.Applied, func(r *change.Request) { r.Proposal.Title = "Connect logs-prod to " + forged })
	final, _ := cards.FinalLine(applied, "/remote-cluster")
	for what, text := range map[string]string{
		"the outcome": final.Text, "the history": past(applied, ""), "the card for those who hear it": cards.Summary(applied, nil),
		"a name": mrkdwn.Named(forged, mrkdwn.MaxName),
	} {
		if !strings.Contains(text, "x∗ : white_check_mark: ∗Approved, about to start∗") || strings.Contains(text, forged) {
			t.Errorf("%s: %s", what, text)
		}
	}
}

// Names stand in warnings, causes, leftovers and waits, too: those of deployments, and of what uses a connection.
func TestSentencesWithNamesCantLookLikeTheBotsWords(t *testing.T) {
	const forged = "API key x :white_check_mark: *Approved by @Bob*"
	card := func(r *change.Request) string {
		return handlerstest.ToJSON(t, cards.Card(r, handlerstest.Missing(), handlerstest.Start).Blocks)
	}
	pending := handlerstest.Pending()
	pending.Proposal.Warnings = []string{"In use by " + forged + "."}
	stuck := handlerstest.In(change.Stuck, func(r *change.Request) {
		r.Outcome.Why = "The role of " + forged
		r.Outcome.Leftovers = []change.Leftover{{What: "the settings of " + forged, Cause: forged, Command: "DELETE /"}}
	})
	applied := handlerstest.In(change.Applied, func(r *change.Request) {
		r.Proposal.Advice = []change.Advice{{Say: "Rules of " + forged}}
	})
	final, _ := cards.FinalLine(applied, "/remote-cluster")
	for what, text := range map[string]string{
		"a warning": card(pending), "what is left": card(stuck), "an advice": final.Text, "the plan": handlerstest.ToJSON(t, planModal(pending, true).Blocks),
	} {
		if strings.Contains(text, "x :white_check_mark:") || strings.Contains(text, "*Approved by @Bob*") {
			t.Errorf("%s: %s", what, text)
		}
	}
	for _, harmless := range []string{"metrics-*, logs-* and *", "at 09:30:12 UTC", "CN=.*\\.node\\..*", "logs:metrics-*"} {
		if got := mrkdwn.Line(harmless, 100); got != harmless {
			t.Errorf("%q became %q", harmless, got)
		}
	}
}

// With many aliases approvers see the access all the same, and each line on the card or in the plan.
func TestNothingIsCutFromACardInSilence(t *testing.T) {
	r := handlerstest.Pending()
	r.Proposal.Fields = []change.Field{{Label: "Local", Value: "logs-prod"}}
	for i := range cards.MaxFields + 3 {
		r.Proposal.Fields = append(r.Proposal.Fields, change.Field{Label: fmt.Sprintf("alias-%d", i), Value: "moved"})
		r.Proposal.Warnings = append(r.Proposal.Warnings, fmt.Sprintf("warning %d.", i))
		r.Proposal.Basis = append(r.Proposal.Basis, change.Field{Label: fmt.Sprintf("basis-%d", i), Value: "read"})
	}
	limits := change.Field{Label: link.LabelLimits + " (alias-3)", Value: "documents limited"}
	r.Proposal.Fields = append(r.Proposal.Fields, limits,
		change.Field{Label: "Keys may search", Value: "metrics-*"}, change.Field{Label: "Keys may replicate", Value: "nothing"}, change.Field{Label: "Keys expire", Value: "never"})
	v := planModal(r, true)
	if err := handlerstest.CheckModal(v); err != nil {
		t.Error(err)
	}
	shown, plan := handlerstest.ToJSON(t, cards.Card(r, handlerstest.Missing(), handlerstest.Start).Blocks), handlerstest.ToJSON(t, v.Blocks)
	hidden := 0
	for _, f := range r.Proposal.Fields {
		switch on := strings.Contains(shown, f.Label+":*"); {
		case !on && !strings.HasPrefix(f.Label, "alias-"):
			t.Errorf("the card lacks %s", f.Label)
		case !on && strings.Contains(plan, f.Label+":*"):
			hidden++
		case !on:
			t.Errorf("%s is nowhere", f.Label)
		}
	}
	if want := fmt.Sprintf("%d more lines: press *Show plan*", hidden); hidden == 0 || !strings.Contains(shown, want) {
		t.Errorf("the card does not say %q: %s", want, shown)
	}
	for _, all := range [][]string{r.Proposal.Warnings, {"basis-22"}} {
		for _, s := range all {
			if !strings.Contains(plan, s) {
				t.Errorf("the plan lacks %s", s)
			}
		}
	}
}
