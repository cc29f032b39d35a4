package handlers

import (
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

// A list and a history are tables where the workspace takes them, and today's blocks from the first refusal on.
func TestListAndHistoryAsTables(t *testing.T) {
	d := newDesk(t)
	d.connected()
	d.tables.Refused.Store(false)
	d.types("list")
	handlerstest.GoldenMessage(t, "list_table", d.shown())
	d.book.Put(handlerstest.In(change.RolledBack, func(r *change.Request) {
		r.Messages = map[string]change.Message{notify.SlotCard: {Channel: "C0REQUESTS", ID: "1700000000.000100"}}
	}))
	d.types("history")
	handlerstest.GoldenMessage(t, "history_table", d.shown())

	d.slack.NoTables = true
	before := d.slack.Count("respond")
	for range 2 {
		d.types("list")
		if s := handlerstest.ToJSON(t, d.shown().Blocks); strings.Contains(s, "data_table") || !strings.Contains(s, "as `search-eu`") {
			t.Errorf("without tables: %s", s)
		}
	}
	d.types("history")
	if s := handlerstest.ToJSON(t, d.shown().Blocks); strings.Contains(s, "data_table") || !strings.Contains(s, "Connect logs-prod") {
		t.Errorf("without tables: %s", s)
	}
	if n := d.slack.Count("respond") - before; n != 4 {
		t.Errorf("three answers took %d calls: one is refused, and that is remembered", n)
	}
}

// The button of a row shows the whole status, from where all that can be done leads on.
func TestTheButtonOfATableRow(t *testing.T) {
	d := newDesk(t)
	d.connected()
	d.finish(d.inspect.statusPressed(t.Context(), bot.Action{ID: actionListStatus + "0", Value: bot.Value{Text: name}, User: asker, Channel: "C0"}))
	if m := d.shown(); !strings.Contains(m.Text, "It works.") {
		t.Errorf("told %s", m.Text)
	}
}

// Filters are offered where they choose among what there is, and keep what the list is about.
func TestAListIsFiltered(t *testing.T) {
	d := newDesk(t)
	d.connected()
	local := d.world.Platform("ece-prod").Find("a1")
	local.Set("byhand", "mode", "proxy")
	local.Set("byhand", "proxy_address", "far.example:9400")
	n, err := link.ParseName(name)
	if err != nil {
		t.Fatal(err)
	}
	d.types("list logs-prod")
	s := handlerstest.ToJSON(t, d.shown().Blocks)
	if !strings.Contains(s, `"All 2"`) || !strings.Contains(s, `"By hand 1"`) || strings.Contains(s, "Trouble") || strings.Contains(s, "Ends soon") {
		t.Errorf("offered: %s", s)
	}
	for _, tc := range []struct {
		filter, has, hasNot string
		kind                diagnose.ProblemKind
	}{
		{filterByHand, "byhand", "as `search-eu`", ""},
		{filterTrouble, "as `search-eu`", "byhand", diagnose.ProblemDown},
		{filterTrouble, "as `search-eu`", "byhand", diagnose.ProblemDrifted},
		{filterEnding, "as `search-eu`", "byhand", diagnose.ProblemExpiring},
		{filterTrouble, "None of them now.", "as `search-eu`", diagnose.ProblemExpiring},
		{filterEnding, "None of them now.", "as `search-eu`", ""},
	} {
		if tc.kind != "" {
			d.finds(n, diagnose.Problem{Kind: tc.kind, Say: "so"})
		} else {
			d.finds(n, diagnose.Problem{Kind: diagnose.ProblemExpiring})
		}
		d.finish(d.list.listTurned(t.Context(), bot.Action{ID: actionListFilter + tc.filter, Value: bot.Value{Text: "0 " + tc.filter + " logs-prod"}, User: asker, ResponseURL: "https://r"}))
		s := handlerstest.ToJSON(t, d.shown().Blocks)
		if !strings.Contains(s, tc.has) || strings.Contains(s, tc.hasNot) {
			t.Errorf("%s with %q: %s", tc.filter, tc.kind, s)
		}
		if !strings.Contains(s, `"0 all logs-prod"`) || !strings.Contains(s, `"0 `+tc.filter+` logs-prod"`) {
			t.Errorf("%s: the buttons forget what is listed: %s", tc.filter, s)
		}
	}
}

func TestAHistoryIsFiltered(t *testing.T) {
	d := newDesk(t)
	for id, state := range map[string]change.State{"R1": change.Pending, "R2": change.Applied, "R3": change.RolledBack, "R4": change.Stuck} {
		r := handlerstest.In(state, func(*change.Request) {})
		r.ID = id
		d.book.Put(r)
	}
	d.types("history search-eu")
	s := handlerstest.ToJSON(t, d.shown().Blocks)
	if !strings.Contains(s, `"All 4"`) || !strings.Contains(s, `"Open 2"`) || !strings.Contains(s, `"Trouble 2"`) {
		t.Errorf("offered: %s", s)
	}
	for filter, want := range map[string]string{historyAll: "R1 R2 R3 R4", historyOpen: "R1 R4", historyTrouble: "R3 R4"} {
		d.finish(d.history.historyFiltered(t.Context(), bot.Action{Value: bot.Value{Text: filter + " search-eu"}, User: asker, ResponseURL: "https://r"}))
		s := handlerstest.ToJSON(t, d.shown().Blocks)
		var has []string
		for _, id := range []string{"R1", "R2", "R3", "R4"} {
			if strings.Contains(s, "`"+id+"`") {
				has = append(has, id)
			}
		}
		if got := strings.Join(has, " "); got != want {
			t.Errorf("%s shows %s, want %s", filter, got, want)
		}
	}
}
