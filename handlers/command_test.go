package handlers

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

func TestHelpNamesEveryWord(t *testing.T) {
	d := newDesk(t)
	for _, typed := range []string{"", "  ", "help", "HELP"} {
		body := toJSON(t, d.types(typed))
		for _, w := range words() {
			if !strings.Contains(body, "`/remote-cluster "+strings.TrimSpace(w.verb+" "+w.args)+"`") {
				t.Errorf("%q: no %s in %s", typed, w.verb, body)
			}
		}
		if !strings.Contains(body, `"response_type": "ephemeral"`) {
			t.Errorf("%q: others see the help", typed)
		}
	}
	for _, place := range []string{"Stack Management → Remote Clusters", "Security → Roles", "API keys", "a deployment's _Security_ page"} {
		if !strings.Contains(toJSON(t, d.types("help")), place) {
			t.Errorf("help does not say what is seen under %s", place)
		}
	}
	golden(t, "help", d.types("help"))
}

func TestUnknownWordsGetHelpAndAGuess(t *testing.T) {
	d := newDesk(t)
	for typed, want := range map[string]string{
		"conect": "Did you mean `/remote-cluster connect`", "con": "Did you mean `/remote-cluster connect`", "hlep": "Did you mean `/remote-cluster help`",
		"frobnicate": "There is no `frobnicate`.", "<!channel>": "There is no `&lt;!channel&gt;`.",
	} {
		body := toJSON(t, d.types(typed))
		if !strings.Contains(body, want) {
			t.Errorf("%q: %s", typed, body)
		}
		if strings.Contains(typed, "frob") && strings.Contains(body, "Did you mean") {
			t.Errorf("%q: a far-fetched guess", typed)
		}
	}
	if body := toJSON(t, d.types(nasty(4000))); len(body) > 4000 {
		t.Errorf("%d bytes for an overlong word", len(body))
	}
}

func TestTooManyNamesAreNotGuessed(t *testing.T) {
	d := newDesk(t)
	if body := toJSON(t, d.types("connect a b c")); !strings.Contains(body, "quotes") || d.slack.count("open") != 0 {
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
	_ Messenger = (*bot.Messenger)(nil)
	_ Poster    = (*bot.Messenger)(nil)
	_ Router    = (*bot.Router)(nil)
	_ Directory = (*link.Catalog)(nil)
	_ Changes   = (*change.Service)(nil)
)
