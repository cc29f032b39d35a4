package handlers

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
)

// Values of buttons and metadata of modals come back from Slack, and from anyone who can make a client send something else:
// what is taken is what the bot writes.

func FuzzPressValues(f *testing.F) {
	for _, seed := range []string{"", " ", "ece-prod/a1/search-eu", "ece-prod/a1/search-eu mended", "ece-prod/a1/x approved ", "a/b", "a/b/c/d", "a/b/c other", "a//c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		n, fill, err := cards.ParsePressValue(value)
		if err != nil {
			return
		}
		if again, refill, err := cards.ParsePressValue(cards.PressValue(n, fill)); err != nil || again != n || refill != fill {
			t.Errorf("%q is read as %v and %q, and that as %v and %q (%v)", value, n, fill, again, refill, err)
		}
	})
}

func FuzzOrderMemory(f *testing.F) {
	for _, seed := range []string{
		"", "null", "{}", "[]", `{"subcommand":"rotate"}`, `{"subcommand":"status","channel":"C1"}`, `{"subcommand":"no"}`, `{"subcommand":"update","name":"a/b/c","fill":"fix","parent":"7Q"}`,
		`{"subcommand":"rotate"}{}`, `{"subcommand":"rotate","x":1}`, `{"SUBCOMMAND":"rotate"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := forms.ParseMetadata(s)
		if err != nil {
			return
		}
		again, err := forms.ParseMetadata(m.String())
		if diff := cmp.Diff(m, again, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%q is read again (-first +second), %v:\n%s", s, err, diff)
		}
	})
}

func FuzzReasonMemory(f *testing.F) {
	for _, seed := range []string{"", "null", "{}", `{"press":"7Q2MZK:3"}`, `{"press":"7Q2MZK:0"}`, `{"press":"7Q2MZK:3"} x`, `{"press":3}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if seen, from, err := parseReason(s); err == nil && (seen.String() != from.Press || seen.Version < 1) {
			t.Errorf("%q is read as %v of %q", s, seen, from.Press)
		}
	})
}

func FuzzListPages(f *testing.F) {
	for _, seed := range []string{"", "0", "1 logs", "-1 x", "+1", "99999999999999999999", "2  two spaces", "1\nx"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		page, text, err := parsePage(value)
		if err != nil {
			return
		}
		written := pageValue(page, text)
		again, retext, err := parsePage(written)
		if err != nil || again != page || pageValue(again, retext) != written {
			t.Errorf("%q is page %d of %q, and that page %d of %q (%v)", value, page, text, again, retext, err)
		}
	})
}

// FuzzCommand: whatever is typed behind the command is answered within Slack's limits, and calls nobody.
func FuzzCommand(f *testing.F) {
	for _, seed := range []string{
		"", "help", "HELP", "conect", "connect a b", `connect "logs prod" “metrics eu”`, "„x“", `"`, "<!channel>", "hist", "policy", "\x00\u202e", strings.Repeat("x ", 2000), "`code`",
	} {
		f.Add(seed)
	}
	h := New(Options{Command: "/remote-cluster", Log: slog.New(slog.DiscardHandler)})
	known := map[string]bool{}
	for _, w := range subcommands() {
		known[w.name] = w.name != "help"
	}
	f.Fuzz(func(t *testing.T, text string) {
		typed := tokens(text)
		if len(typed) > 0 && known[strings.ToLower(typed[0])] {
			return // it goes on to its own command, which the stories know
		}
		a, err := h.command(t.Context(), bot.Command{Text: text})
		if err != nil {
			t.Fatal(err)
		}
		body, ok := a.Body.(reply.Ephemeral)
		if !ok {
			t.Fatalf("answered with %T", a.Body)
		}
		if err := handlerstest.CheckMessage(bot.Message{Text: body.Text, Blocks: body.Blocks}); err != nil {
			t.Error(err)
		}
		if shown := body.Blocks[0].(*slack.SectionBlock).Text.Text; strings.Contains(shown, "<!") || strings.Contains(shown, "<@") { //nolint:errcheck,forcetypeassert // reply makes a section
			t.Errorf("it calls somebody: %s", shown)
		}
	})
}
