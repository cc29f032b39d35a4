package handlers

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

func TestHelpNamesEveryWord(t *testing.T) {
	d := newDesk(t)
	for _, typed := range []string{"", "  ", "help", "HELP"} {
		body := handlerstest.ToJSON(t, d.types(typed))
		for _, w := range subcommands() {
			if !strings.Contains(body, "`/remote-cluster "+strings.TrimSpace(w.name+" "+w.args)+"`") {
				t.Errorf("%q: no %s in %s", typed, w.name, body)
			}
		}
		if !strings.Contains(body, `"response_type": "ephemeral"`) {
			t.Errorf("%q: others see the help", typed)
		}
	}
	for _, place := range []string{"Stack Management → Remote Clusters", "Security → Roles", "API keys", "a deployment's _Security_ page"} {
		if !strings.Contains(handlerstest.ToJSON(t, d.types("help")), place) {
			t.Errorf("help does not say what is seen under %s", place)
		}
	}
	handlerstest.Golden(t, "help", d.types("help"))
}

func TestUnknownWordsGetHelpAndAGuess(t *testing.T) {
	d := newDesk(t)
	for typed, want := range map[string]string{
		"conect": "Did you mean `/remote-cluster connect`", "con": "Did you mean `/remote-cluster connect`", "hlep": "Did you mean `/remote-cluster help`",
		"frobnicate": "There is no command `frobnicate`.", "<!channel>": "There is no command `&lt;!channel&gt;`.",
	} {
		body := handlerstest.ToJSON(t, d.types(typed))
		if !strings.Contains(body, want) {
			t.Errorf("%q: %s", typed, body)
		}
		if strings.Contains(typed, "frob") && strings.Contains(body, "Did you mean") {
			t.Errorf("%q: a far-fetched guess", typed)
		}
	}
	if body := handlerstest.ToJSON(t, d.types(handlerstest.Nasty(4000))); len(body) > 4000 {
		t.Errorf("%d bytes for an overlong word", len(body))
	}
}

// Words are understood in any order, the verb among them; what is not understood gets a line, not a table.
func TestWordsAreUnderstoodInAnyOrder(t *testing.T) {
	d := newDesk(t)
	d.connected()
	for _, typed := range []string{"status logs-prod/search-eu", "logs-prod/search-eu status", "search-eu STATUS logs-prod"} {
		d.types(typed)
		if m := d.shown(); !strings.Contains(m.Text, "It works.") {
			t.Errorf("%s: %s", typed, m.Text)
		}
	}
	for typed, want := range map[string]string{
		"delete logs-prod/search-eu": "Did you mean `/remote-cluster disconnect logs-prod/search-eu`", "remove": "`/remote-cluster disconnect`",
		"logs-prod/search-eu show": "Did you mean `/remote-cluster status logs-prod/search-eu`", "ls": "Did you mean `/remote-cluster list`",
		"search-eu diagnos": "There is no command `diagnos`. Did you mean `/remote-cluster diagnose search-eu`?",
	} {
		body := handlerstest.ToJSON(t, d.types(typed))
		if !strings.Contains(body, want) || !strings.Contains(body, "`/remote-cluster help` lists the commands.") || strings.Contains(body, "policy") {
			t.Errorf("%s: %s", typed, body)
		}
	}
}

func TestConnectUnderstandsASentence(t *testing.T) {
	for typed, want := range map[string]sides{
		"a b": {"a", "b", "", ""}, "a to b": {"a", "b", "", ""}, "from a to b": {"a", "b", "", ""}, "to b from a": {"a", "b", "", ""},
		"b from a": {"a", "b", "", ""}, "a to b as c": {"a", "b", "c", ""}, "as c a b": {"a", "b", "c", ""}, "to b": {"", "b", "", ""},
		"a to": {"a", "to", "", ""}, "": {},
		"a to b for 2 weeks": {"a", "b", "", "2 weeks"}, "a to b until 2026-12-24 18:00 as c": {"a", "b", "c", "2026-12-24 18:00"},
		"for 8 hours a to b": {"a", "b", "", "8 hours"}, "FOR a week and 2 days from a to b": {"a", "b", "", "a week and 2 days"},
		"a to b until 2020-01-01": {"a", "b", "", "2020-01-01"}, "a to b for some days": {"a", "b", "", "some days"},
		"for to b": {"for", "b", "", ""}, "a until": {"a", "until", "", ""},
	} {
		if got, ok := parseSides(tokens(typed), time.Now()); !ok || got != want {
			t.Errorf("%q: %+v, %t", typed, got, ok)
		}
	}
	for _, typed := range []string{"a b c", "a to b to c", "a and b"} {
		if got, ok := parseSides(tokens(typed), time.Now()); ok {
			t.Errorf("%q: %+v", typed, got)
		}
	}
	d := newDesk(t)
	d.finish(d.command(t.Context(), bot.Command{Text: "connect logs-prod to search-eu as eu", User: asker, Channel: "C0", TriggerID: "1"}))
	s := d.slack.Shows("V1")
	for _, want := range []string{`"value": "ece-prod/a1"`, `"value": "cloud/b2"`, "alias `eu`", "address `search-eu.cloud.example:9443`"} {
		if !strings.Contains(s, want) {
			t.Errorf("%s is not filled in: %s", want, s)
		}
	}
	d.finish(d.command(t.Context(), bot.Command{Text: "connect logz-prod to search-eu", User: asker, Channel: "C0", TriggerID: "2"}))
	if s := d.slack.Shows("V2"); !strings.Contains(s, "There is no deployment “logz-prod”: choose one. Did you mean logs-prod?") {
		t.Errorf("shown: %s", s)
	}
}

// A deployment that has no connection yet is a guess too.
func TestListGuessesAtDeployments(t *testing.T) {
	d := newDesk(t)
	d.types("list logz-prod")
	if m := d.shown(); !strings.Contains(m.Text, "Did you mean `/remote-cluster list logs-prod`?") {
		t.Errorf("told %s", m.Text)
	}
}

func TestTooManyNamesAreNotGuessed(t *testing.T) {
	d := newDesk(t)
	if body := handlerstest.ToJSON(t, d.types("connect a b c")); !strings.Contains(body, "quotes") || d.slack.Count("open") != 0 {
		t.Errorf("answered %s", body)
	}
}

func TestTokens(t *testing.T) {
	for typed, want := range map[string][]string{
		"":                          nil,
		"connect  a\tb":             {"connect", "a", "b"},
		`connect "my logs" b`:       {"connect", "my logs", "b"},
		"connect “my logs” „die b“": {"connect", "my logs", "die b"},
		`connect "unclosed name`:    {"connect", "unclosed name"},
		`connect "" b`:              {"connect", "", "b"},
		`connect 'my logs' ‘a b’`:   {"connect", "my logs", "a b"},
		`connect bob's ‚die b‘`:     {"connect", "bob's", "die b"},
		"connect “my logs\" b":      {"connect", "my logs", "b"},
	} {
		if diff := cmp.Diff(want, tokens(typed)); diff != "" {
			t.Errorf("%q: %s", typed, diff)
		}
	}
}

func TestEverythingIsRegisteredWithTheRouter(t *testing.T) {
	d := newDesk(t)
	d.Register(bot.NewRouter(bot.Options{})) // it panics on a name that is used twice
}

// What the handlers ask for is what there is.
var (
	_ SlackClient   = (*bot.Messenger)(nil)
	_ notify.Poster = (*bot.Messenger)(nil)
	_ Router        = (*bot.Router)(nil)
	_ Directory     = (*inventory.Catalog)(nil)
	_ Requests      = (*change.Service)(nil)
)
