package workspace_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// TestEveryElementHasItsShapeInState holds state.values against what Slack documents for each element.
func TestEveryElementHasItsShapeInState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	red, blue := option("Red", "r"), option("Blue", "b")
	kinds := []object{
		{"type": "static_select", "options": []any{red, blue}},
		{"type": "multi_static_select", "options": []any{red, blue}},
		{"type": "radio_buttons", "options": []any{red, blue}},
		{"type": "checkboxes", "options": []any{red, blue}},
		{"type": "users_select"},
		{"type": "multi_users_select"},
		{"type": "conversations_select", "response_url_enabled": true},
		{"type": "multi_conversations_select"},
		{"type": "channels_select"},
		{"type": "multi_channels_select"},
		{"type": "datepicker"},
		{"type": "timepicker"},
		{"type": "datetimepicker"},
		{"type": "email_text_input"},
		{"type": "url_text_input"},
	}
	blocks := []any{}
	for _, e := range kinds {
		name, _ := e["type"].(string)
		e["action_id"] = "a"
		b := input(name, name, e)
		b["optional"] = true
		blocks = append(blocks, b)
	}
	values := func() object {
		w.open(modal(blocks...))
		return nil
	}
	values()
	must(t)(w.User("alice").Modal().Submit(ctx))
	wantEmpty := object{
		"static_select": object{"selected_option": nil}, "multi_static_select": object{"selected_options": []any{}},
		"radio_buttons": object{"selected_option": nil}, "checkboxes": object{"selected_options": []any{}},
		"users_select": object{"selected_user": nil}, "multi_users_select": object{"selected_users": []any{}},
		"conversations_select": object{"selected_conversation": nil}, "multi_conversations_select": object{"selected_conversations": []any{}},
		"channels_select": object{"selected_channel": nil}, "multi_channels_select": object{"selected_channels": []any{}},
		"datepicker": object{"selected_date": nil}, "timepicker": object{"selected_time": nil}, "datetimepicker": object{"selected_date_time": nil},
		"email_text_input": object{"value": nil}, "url_text_input": object{"value": nil},
	}
	compareValues(t, wantEmpty, dig(w.last(), "view", "state", "values"))

	values()
	screen := w.User("alice").Modal()
	for name, option := range map[string]string{
		"static_select": "Red", "multi_static_select": "Red", "radio_buttons": "Blue", "checkboxes": "Blue",
		"users_select": "bob", "multi_users_select": "bob", "conversations_select": "ops", "multi_conversations_select": "ops",
		"channels_select": "ops", "multi_channels_select": "ops",
	} {
		must(t)(screen.Choose(ctx, name, "", option))
	}
	for name, text := range map[string]string{
		"datepicker": "2026-02-03", "timepicker": "13:30", "datetimepicker": "1770000000", "email_text_input": "a@b.c", "url_text_input": "https://x",
	} {
		must(t)(screen.Fill(ctx, name, text))
	}
	must(t)(screen.Submit(ctx))
	red["text"], blue["text"] = object{"type": "plain_text", "text": "Red"}, object{"type": "plain_text", "text": "Blue"}
	compareValues(t, object{
		"static_select": object{"selected_option": red}, "multi_static_select": object{"selected_options": []any{red}},
		"radio_buttons": object{"selected_option": blue}, "checkboxes": object{"selected_options": []any{blue}},
		"users_select": object{"selected_user": "UBOB"}, "multi_users_select": object{"selected_users": []any{"UBOB"}},
		"conversations_select": object{"selected_conversation": "COPS"}, "multi_conversations_select": object{"selected_conversations": []any{"COPS"}},
		"channels_select": object{"selected_channel": "COPS"}, "multi_channels_select": object{"selected_channels": []any{"COPS"}},
		"datepicker": object{"selected_date": "2026-02-03"}, "timepicker": object{"selected_time": "13:30"},
		"datetimepicker":   object{"selected_date_time": 1770000000.0},
		"email_text_input": object{"value": "a@b.c"}, "url_text_input": object{"value": "https://x"},
	}, dig(w.last(), "view", "state", "values"))
	urls, _ := w.last()["response_urls"].([]any)
	if len(urls) != 1 {
		t.Errorf("response_urls: %v", urls)
	}
}

func compareValues(t *testing.T, want, got object) {
	t.Helper()
	for name, value := range want {
		o, _ := value.(object)
		o["type"] = name
		want[name] = object{"a": o}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestExternalSelectAsksTheApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	local := input("local", "Local deployment", object{"type": "external_select", "action_id": "deployment", "min_query_length": 2})
	local["dispatch_action"] = true
	w.open(modal(local, aliasInput()))
	screen := w.User("alice").Modal()
	before := w.heard()
	if out := must(t)(screen.Choose(ctx, "Local", "l", "logs")); out.Problem != "query_too_short" || w.heard() != before {
		t.Errorf("one character: %+v", out)
	}
	for body, want := range map[string]string{`{}`: "bad_answer", `nonsense`: "bad_answer", `{"options":[{"text":{"type":"plain_text","text":""},"value":"x"}]}`: "bad_answer", `{"options":[]}`: ""} {
		w.answers(func(object) (int, string) { return 200, body })
		if out := must(t)(screen.Suggest(ctx, "Local", "log")); out.Problem != want {
			t.Errorf("%s: %+v", body, out)
		}
	}
	w.answers(func(p object) (int, string) {
		if p["type"] == "block_suggestion" {
			return 200, `{"option_groups":[{"label":{"type":"plain_text","text":"ECE one"},"options":[{"text":{"type":"plain_text","text":"logs-prod"},"value":"d1"},{"text":{"type":"plain_text","text":"logs-test"},"value":"d2"}]}]}`
		}
		return 200, ""
	})
	out := must(t)(screen.Suggest(ctx, "Local", "log"))
	if diff := cmp.Diff([]workspace.Choice{{Text: "logs-prod", Value: "d1", Group: "ECE one"}, {Text: "logs-test", Value: "d2", Group: "ECE one"}}, out.Options); diff != "" {
		t.Error(diff)
	}
	got := w.last()
	if got["action_id"] != "deployment" || got["block_id"] != "local" || got["value"] != "log" || dig(got, "view")["callback_id"] != "connect" {
		t.Errorf("block_suggestion: %v", got)
	}
	must(t)(screen.Choose(ctx, "Local", "log", "logs-test"))
	got = w.last()
	action, _ := got["actions"].([]any)[0].(object)
	if got["type"] != "block_actions" || dig(action, "selected_option")["value"] != "d2" || got["response_url"] != nil || got["message"] != nil {
		t.Errorf("block_actions: %v", got)
	}
	if dig(got, "view", "state", "values", "local", "deployment", "selected_option")["value"] != "d2" {
		t.Errorf("state: %v", dig(got, "view", "state"))
	}
	if _, err := screen.Choose(ctx, "Local", "log", "metrics"); err == nil {
		t.Error("an option that was not offered was picked")
	}
}

func TestBlockTellsElementsOfOneNameApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	row := func(block string) object {
		return object{"type": "actions", "block_id": block, "elements": []any{
			object{"type": "button", "action_id": "go", "text": object{"type": "plain_text", "text": "Go"}},
		}}
	}
	w.open(modal(row("first"), row("second")))
	if _, err := w.Act(ctx, workspace.Act{User: "alice", Do: "press", Field: "go"}); err == nil {
		t.Error("one of two buttons was pressed without saying which")
	}
	if _, err := w.Act(ctx, workspace.Act{User: "alice", Do: "press", Block: "second", Field: "go"}); err != nil {
		t.Fatal(err)
	}
	actions, _ := w.last()["actions"].([]any)
	if action, _ := actions[0].(object); action["block_id"] != "second" {
		t.Errorf("pressed %v", action)
	}
}

func TestCallsAreReadOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, before := w.CallsSince(0)
	w.open(modal(aliasInput()))
	fresh, total := w.CallsSince(before)
	if len(fresh) == 0 || total != before+len(fresh) || fresh[len(fresh)-1].Method != "views.open" {
		t.Errorf("%d calls after %d: %+v", total, before, fresh)
	}
	if again, _ := w.CallsSince(total); len(again) != 0 {
		t.Errorf("read twice: %+v", again)
	}
}
