package handlers

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
)

// What is wrong is an alert in a modal. A workspace that refuses one is asked once, and shown a section from then on.
func TestWhatIsWrongIsAnAlertWhereTheWorkspaceTakesIt(t *testing.T) {
	w := handlerstest.NewWorkspace(t)
	h := New(Options{Slack: w, Log: slog.New(slog.DiscardHandler)})
	shows := func() string {
		t.Helper()
		if _, err := h.home.slack.UpdateNamedView(t.Context(), checkingModal("c", "Back", forms.AlertBlock(slack.AlertLevelError, ":warning: *Not submitted.* Why."))); err != nil {
			t.Fatal(err)
		}
		return handlerstest.ToJSON(t, w.Modals["c"].View.Blocks)
	}
	w.Push(checkingModal("c", "Back", mrkdwn.Section("…")))
	if s := shows(); !strings.Contains(s, `"type": "alert"`) || !strings.Contains(s, `"level": "error"`) || !strings.Contains(s, `"*Not submitted.* Why."`) {
		t.Errorf("shown: %s", s)
	}
	w.Order("updateView", &bot.Error{Method: "views.update", Code: "invalid_arguments", Kind: bot.BadBlocks})
	before := w.Count("updateView")
	for range 2 {
		if s := shows(); !strings.Contains(s, `"type": "section"`) || !strings.Contains(s, `":warning: *Not submitted.* Why."`) {
			t.Errorf("without alerts: %s", s)
		}
	}
	if n := w.Count("updateView") - before; n != 3 {
		t.Errorf("two modals took %d calls: one is refused, and that is remembered", n)
	}
}

// An alert takes 200 characters: what is longer is shown whole, in a section.
func TestWhatIsTooLongForAnAlertIsASection(t *testing.T) {
	for n, want := range map[int]slack.MessageBlockType{forms.MaxAlert: slack.MBTAlert, forms.MaxAlert + 1: slack.MBTSection} {
		b := forms.AlertBlock(slack.AlertLevelWarning, ":warning: "+strings.Repeat("é", n))
		if b.BlockType() != want {
			t.Errorf("%d characters are a %s", n, b.BlockType())
		}
		v := checkingModal("c", "Back", b)
		if err := handlerstest.CheckModal(v); err != nil {
			t.Error(err)
		}
	}
}
