package handlers

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

func TestChoicesComeByPlatform(t *testing.T) {
	d := newDesk(t)
	handlerstest.Golden(t, "options_all", d.finish(d.connect.suggest(t.Context(), bot.Suggestion{ID: forms.ActionLocal})))
}

func TestNoChoiceIsAnEmptyList(t *testing.T) {
	d := newDesk(t)
	got := strings.Join(strings.Fields(handlerstest.ToJSON(t, d.finish(d.connect.suggest(t.Context(), bot.Suggestion{Typed: "nothing like it"})))), "")
	if got != `{"options":[]}` {
		t.Errorf("answered %s", got)
	}
}

func TestAPlatformThatIsDownSaysSoAndCannotBeChosen(t *testing.T) {
	d := newDesk(t)
	d.world.Fail(linktest.Fault{On: "cloud", Call: "Search", Err: linktest.Unavailable("cloud", "POST /deployments/_search")})
	handlerstest.Golden(t, "options_down", d.finish(d.connect.suggest(t.Context(), bot.Suggestion{ID: forms.ActionRemote})))
	d.filledIn()
	d.chooses(link.FieldRemote, "!cloud", "The list is incomplete")
	if errs := d.submits(); !strings.Contains(errs[link.FieldRemote], "doesn't answer right now") {
		t.Errorf("errors %v", errs)
	}
}

func TestChoicesFitSlack(t *testing.T) {
	d := newDesk(t)
	found := inventory.Found{}
	for i := range 100 {
		found.Deployments = append(found.Deployments, elastic.Deployment{
			Ref:  elastic.Ref{Platform: fmt.Sprint("p", i%7), Deployment: strings.Repeat("d", 32) + fmt.Sprint(i)},
			Name: handlerstest.Nasty(200 + i), Version: handlerstest.Nasty(200), Region: handlerstest.Nasty(200),
		})
		found.Down = append(found.Down, inventory.Down{System: fmt.Sprint("down", i, strings.Repeat("x", i*2)), Why: handlerstest.Nasty(500)})
	}
	found.Deployments = append(found.Deployments, elastic.Deployment{Ref: elastic.Ref{Platform: "p", Deployment: strings.Repeat("d", 200)}, Name: "too long to be told apart"})
	groups := d.connect.groups(found)
	if len(groups) > 100 {
		t.Errorf("%d groups", len(groups))
	}
	for _, g := range groups {
		if n := len([]rune(g.Label.Text)); n < 1 || n > 75 || len(g.Options) < 1 || len(g.Options) > 100 {
			t.Errorf("group %q of %d options", g.Label.Text, len(g.Options))
		}
		for _, o := range g.Options {
			if n := len([]rune(o.Text.Text)); n < 1 || n > 75 || len(o.Value) > 150 {
				t.Errorf("option %q = %q", o.Text.Text, o.Value)
			}
		}
	}
}

func TestChoicesFitEveryConnection(t *testing.T) {
	d := newDesk(t)
	ece := d.world.Platform("ece-prod")
	for i := range 120 {
		name := strings.Repeat("検索ログ", 20) + fmt.Sprint(i)
		local := ece.AddDeployment(fmt.Sprintf("%032d", i), name, "8.19.3")
		local.Set(strings.Repeat("a", 60)+fmt.Sprint(i), "proxy_address", "far.example:9400")
	}
	ece.AddDeployment("zz", "検索ログ", "8.19.3") // the best match for what is typed
	for name, suggest := range map[string]bot.SuggestionHandler{"deployments": d.connect.suggest, "connections": d.finder.suggestConnections} {
		raw, err := json.Marshal(d.finish(suggest(t.Context(), bot.Suggestion{Typed: "検索ログ"})))
		if err != nil || len(raw) > bot.MaxAnswer {
			t.Errorf("%s: %d bytes, %v", name, len(raw), err)
		}
		if n := strings.Count(string(raw), `"value"`); n < 30 {
			t.Errorf("%s: only %d options in %d bytes", name, n, len(raw))
		}
		if name == "deployments" && !strings.Contains(string(raw), `"ece-prod/zz"`) {
			t.Errorf("the best match is not among them")
		}
	}
}

func TestLongAnswersDoNotGoIntoTheAck(t *testing.T) {
	d := newDesk(t)
	d.with(func(o *Options) { o.Rules = policy.New(policy.Rules{}, nil, nil) })
	for _, verb := range []string{"policy", "history", "list"} {
		a, err := d.command(t.Context(), bot.Command{Text: verb, User: asker, ResponseURL: "https://hooks"})
		if err != nil || a.Body != nil || a.Then == nil {
			t.Errorf("%s answers %v, %v", verb, a.Body, err)
		}
	}
}
