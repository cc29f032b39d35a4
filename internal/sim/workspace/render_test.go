package workspace_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTranscriptReadsLikeSlack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rich := func(text string) object {
		return object{"type": "rich_text", "elements": []any{object{"type": "rich_text_section", "elements": []any{object{"type": "text", "text": text}}}}}
	}
	menu := section("*Kind*")
	menu["accessory"] = object{"type": "static_select", "action_id": "kind", "options": []any{option("API key", "key")}, "placeholder": plain("Choose")}
	root := w.ok("chat.postMessage", object{"channel": "COPS", "text": "card", "blocks": []any{
		object{"type": "header", "text": plain(":link: Connect logs")},
		object{"type": "section", "fields": []any{mrkdwn("*Who:* <@UALICE>"), mrkdwn("*Alias:* `a &lt;b&gt;` `*.b.*`")}},
		menu,
		actions("d", button("Approve", "a", "1"), button("Reject", "r", "1"), object{"type": "overflow", "options": []any{option("Plan", "p")}}),
		object{"type": "context", "elements": []any{mrkdwn("<!subteam^SAPPROVE> <#COPS> <https://x.example|the plan> <!date^1^{date}|1 January>")}},
	}})["ts"]
	w.ok("chat.postMessage", object{"channel": "COPS", "text": "progress", "thread_ts": root, "blocks": []any{object{
		"type": "plan", "title": "Steps", "tasks": []any{
			object{"type": "task_card", "task_id": "1", "title": "issue_key", "status": "complete", "output": rich("key issued")},
			object{"type": "task_card", "task_id": "2", "title": "set_remote", "status": "in_progress"},
		},
	}}})
	w.ok("chat.postEphemeral", object{"channel": "COPS", "user": "UALICE", "text": ":white_check_mark: *Sent*"})
	state := w.State()
	ts, _ := root.(string)
	want := `remote-cluster
  🔗 Connect logs
  Who: @alice
  Alias: ` + "`a <b>` `*.b.*`" + `
  Kind [ ‹Choose› ▾ ]
  [ Approve ] [ Reject ] [ … ]
  @approvers #ops the plan (https://x.example) 1 January
    remote-cluster
      Steps
        ✔ issue_key
            key issued
        ◐ set_remote
remote-cluster (only visible to alice)
  ✅ Sent
`
	if diff := cmp.Diff(want, state.Transcript(append(state.Thread("ops", ts), state.Ephemerals("alice")...))); diff != "" {
		t.Error(diff)
	}
}

// TestSnapshotsStandStill: what was seen before somebody chose does not change afterwards.
func TestSnapshotsStandStill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok("chat.postMessage", object{"channel": "COPS", "text": "?", "blocks": []any{actions("a", object{
		"type": "static_select", "action_id": "kind", "options": []any{option("API key", "key")},
	})}})
	before := w.State()
	m := before.In("ops")[0]
	must(t)(w.User("alice").On(m).Choose(t.Context(), "kind", "", "API key"))
	if got := before.Render(m); got != "[ Select ▾ ]" {
		t.Errorf("the old snapshot shows %s", got)
	}
	after := w.State()
	if got := after.Render(after.In("ops")[0]); got != "[ API key ▾ ]" {
		t.Errorf("the new one shows %s", got)
	}
	if got := dig(w.last(), "state", "values", "a", "kind", "selected_option")["value"]; got != "key" {
		t.Errorf("state of the message: %v", got)
	}
}

func TestModalReadsLikeSlack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hinted := aliasInput()
	hinted["hint"] = plain("Lower case")
	model := input("m", "Model", object{"type": "radio_buttons", "action_id": "m", "options": []any{option("API key", "k"), option("Certificate", "c")}, "initial_option": option("API key", "k")})
	skip := input("s", "Skip", object{"type": "checkboxes", "action_id": "s", "options": []any{option("Verify", "v")}})
	skip["optional"] = true
	remote := input("r", "Remote", object{"type": "external_select", "action_id": "r", "placeholder": plain("Type a name")})
	w.open(modal(section("Local *to* remote"), remote, hinted, model, skip))
	must(t)(w.User("alice").Modal().Fill(t.Context(), "Alias", "x"))
	must(t)(w.User("alice").Modal().Submit(t.Context()))
	v, _ := w.State().Modal("alice")
	want := `┌ Connect
Local to remote
Remote: [ ‹Type a name› ▾ ]
  ✗ This is a required field
Alias: [x]
  ✗ Please enter at least 2 characters
  Lower case
Model: (•) API key  ( ) Certificate
Skip (optional): [ ] Verify
└ [ Cancel ] [ Ask ]`
	if diff := cmp.Diff(want, w.State().RenderView(v)); diff != "" {
		t.Error(diff)
	}
}
