package handlers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
)

func TestChoicesComeByPlatform(t *testing.T) {
	d := newDesk(t)
	golden(t, "options_all", d.finish(d.suggest(t.Context(), bot.Suggestion{ID: actionLocal})))
}

func TestNoChoiceIsAnEmptyList(t *testing.T) {
	d := newDesk(t)
	got := strings.Join(strings.Fields(toJSON(t, d.finish(d.suggest(t.Context(), bot.Suggestion{Typed: "nothing like it"})))), "")
	if got != `{"options":[]}` {
		t.Errorf("answered %s", got)
	}
}

func TestAPlatformThatIsDownSaysSoAndCannotBeChosen(t *testing.T) {
	d := newDesk(t)
	d.world.Fail(linktest.Fault{On: "cloud", Call: "Search", Err: linktest.Unavailable("cloud", "POST /deployments/_search")})
	golden(t, "options_down", d.finish(d.suggest(t.Context(), bot.Suggestion{ID: actionRemote})))
	d.filledIn()
	d.chooses(link.FieldRemote, "!cloud", "Not all can be listed")
	if errs := d.submits(); !strings.Contains(errs[link.FieldRemote], "can't be asked") {
		t.Errorf("errors %v", errs)
	}
}

func TestChoicesFitSlack(t *testing.T) {
	d := newDesk(t)
	found := link.Found{}
	for i := range 100 {
		found.Deployments = append(found.Deployments, link.Deployment{
			Ref:  link.Ref{Platform: fmt.Sprint("p", i%7), Deployment: strings.Repeat("d", 32) + fmt.Sprint(i)},
			Name: nasty(200 + i), Version: nasty(200), Region: nasty(200),
		})
		found.Down = append(found.Down, link.Down{System: fmt.Sprint("down", i, strings.Repeat("x", i*2)), Why: nasty(500)})
	}
	found.Deployments = append(found.Deployments, link.Deployment{Ref: link.Ref{Platform: "p", Deployment: strings.Repeat("d", 200)}, Name: "too long to be told apart"})
	groups := d.groups(found)
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
