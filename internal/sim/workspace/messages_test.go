package workspace_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

func TestErrorsOfMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *workspace.Options) {
		o.Channels = append(o.Channels, workspace.Channel{ID: "COLD", Archived: true, BotIn: true}, workspace.Channel{ID: "COUT"},
			workspace.Channel{ID: "CSEC", Private: true})
	})
	said, err := w.User("alice").Say("ops", "", "hi")
	if err != nil {
		t.Fatal(err)
	}
	root, _ := w.ok("chat.postMessage", object{"channel": "COPS", "text": "root"})["ts"].(string)
	reply, _ := w.ok("chat.postMessage", object{"channel": "COPS", "text": "reply", "thread_ts": root})["ts"].(string)
	whisper, _ := w.ok("chat.postEphemeral", object{"channel": "COPS", "user": "UALICE", "text": "psst"})["message_ts"].(string)
	for _, tc := range []struct {
		method, want string
		args         object
	}{
		{"chat.postMessage", "channel_not_found", object{"channel": "C404", "text": "x"}},
		{"chat.postMessage", "channel_not_found", object{"channel": "CSEC", "text": "x"}},
		{"chat.postMessage", "not_in_channel", object{"channel": "COUT", "text": "x"}},
		{"chat.postMessage", "is_archived", object{"channel": "COLD", "text": "x"}},
		{"chat.postMessage", "no_text", object{"channel": "COPS"}},
		{"chat.postMessage", "no_text", object{"channel": "COPS", "blocks": []any{}}},
		{"chat.postMessage", "invalid_blocks_format", object{"channel": "COPS", "blocks": "nonsense"}},
		{"chat.postMessage", "invalid_blocks", object{"channel": "COPS", "text": "x", "blocks": []any{object{"type": "alert"}}}},
		{"chat.postMessage", "invalid_metadata_format", object{"channel": "COPS", "text": "x", "metadata": object{"event_type": "x"}}},
		{"chat.postMessage", "thread_not_found", object{"channel": "COPS", "text": "x", "thread_ts": "1.000001"}},
		{"chat.postMessage", "cannot_reply_to_message", object{"channel": "COPS", "text": "x", "thread_ts": reply}},
		{"chat.postEphemeral", "user_not_in_channel", object{"channel": "COPS", "text": "x", "user": "U404"}},
		{"chat.update", "message_not_found", object{"channel": "COPS", "ts": "1.000001", "text": "x"}},
		{"chat.update", "message_not_found", object{"channel": "COPS", "ts": whisper, "text": "x"}},
		{"chat.update", "cant_update_message", object{"channel": "COPS", "ts": said, "text": "x"}},
		{"chat.update", "no_text", object{"channel": "COPS", "ts": root}},
		{"chat.update", "msg_too_long", object{"channel": "COPS", "ts": root, "text": strings.Repeat("x", 4001)}},
		{"chat.delete", "cant_delete_message", object{"channel": "COPS", "ts": said}},
		{"chat.getPermalink", "message_not_found", object{"channel": "COPS", "message_ts": "1.000001"}},
		{"conversations.open", "user_not_found", object{"users": "U404"}},
		{"conversations.replies", "thread_not_found", object{"channel": "COPS", "ts": "1.000001"}},
		{"users.info", "user_not_found", object{"user": "alice"}},
		{"usergroups.users.list", "no_such_subteam", object{"usergroup": "S404"}},
		{"chat.meMessage", "unknown_method", object{}},
		{"apps.connections.open", "not_allowed_token_type", object{}},
	} {
		w.refused(tc.want, tc.method, tc.args)
	}
}

func TestTokensAndScopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *workspace.Options) { o.App.Scopes = []string{"commands", "users:read"} })
	const form = "application/x-www-form-urlencoded"
	bot := url.Values{"token": {w.App().BotToken}}.Encode()
	for _, tc := range []struct{ name, body, kind, auth, want string }{
		{"none", "", form, "", "not_authed"},
		{"unknown", "token=xoxb-other", form, "", "invalid_auth"},
		{"in a form", bot, form, "", ""},
		{"in the header", "{}", "application/json", "Bearer " + w.App().BotToken, ""},
		{"in a JSON body", `{"token":"` + w.App().BotToken + `"}`, "application/json", "", "not_authed"},
		{"app token", "", form, "Bearer " + w.App().AppToken, "not_allowed_token_type"},
		{"not JSON", "{", "application/json", "Bearer " + w.App().BotToken, "invalid_json"},
	} {
		if got, _ := w.send("auth.test", tc.body, tc.kind, tc.auth)["error"].(string); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
	out := w.refused("missing_scope", "chat.postMessage", object{"channel": "COPS", "text": "x"})
	if out["needed"] != "chat:write" || out["provided"] != "commands,users:read" {
		t.Errorf("got %v", out)
	}
	if out := w.refused("missing_scope", "conversations.history", object{"channel": "COPS"}); out["needed"] != "channels:history" {
		t.Errorf("got %v", out)
	}
	w.ok("users.info", object{"user": "UALICE"})
	for _, code := range []string{"token_revoked", "account_inactive"} {
		w.Revoke(code)
		w.refused(code, "auth.test", object{})
	}
	w.Revoke("")
	w.ok("auth.test", object{})
}

// TestOneCardIsUpdatedInPlace: the history of a message is kept, text without blocks removes blocks, metadata stays.
func TestOneCardIsUpdatedInPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	meta := object{"event_type": "request", "event_payload": object{"id": "r1"}}
	ts := w.ok("chat.postMessage", object{
		"channel": "COPS", "text": "Connect?", "blocks": []any{actions("d", button("Approve", "approve", "r1.1"))}, "metadata": meta,
	})["ts"]
	w.ok("chat.update", object{"channel": "COPS", "ts": ts, "text": "Approved", "blocks": []any{section("*Approved* by <@UBOB>")}})
	w.ok("chat.update", object{"channel": "COPS", "ts": ts, "text": "Done"})
	messages := w.State().In("#ops")
	if len(messages) != 1 {
		t.Fatalf("%d messages", len(messages))
	}
	m := messages[0]
	var texts []string
	for i := range m.History {
		texts = append(texts, w.State().Render(m.At(i)))
	}
	if diff := cmp.Diff([]string{"[ Approve ]", "Approved by @bob", "Done"}, texts); diff != "" {
		t.Error(diff)
	}
	if len(m.Blocks) != 0 || m.Edited == "" {
		t.Errorf("text alone leaves blocks %v, edited %q", m.Blocks, m.Edited)
	}
	if diff := cmp.Diff(meta, m.Metadata); diff != "" {
		t.Error(diff)
	}
	for all, want := range map[bool]bool{true: true, false: false} {
		history, _ := w.ok("conversations.history", object{"channel": "COPS", "include_all_metadata": all})["messages"].([]any)
		first, _ := history[0].(object)
		if _, got := first["metadata"]; got != want {
			t.Errorf("include_all_metadata %v: metadata there %v", all, got)
		}
	}
	// A button of the first version can still be pressed by who has not seen the update.
	must(t)(w.User("bob").Press(t.Context(), m.At(0), "Approve"))
	if action, _ := w.last()["actions"].([]any)[0].(object); action["value"] != "r1.1" {
		t.Errorf("stale press: %v", action)
	}
}

func TestPressCarriesWhatSlackSends(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	reject := button("Reject", "reject", "r1")
	reject["confirm"] = object{"title": plain("Sure?"), "text": plain("It is final."), "confirm": plain("Reject"), "deny": plain("Keep")}
	more := object{"type": "overflow", "action_id": "more", "options": []any{option("Show plan", "plan"), option("Drop", "drop")}, "confirm": reject["confirm"]}
	root := w.ok("chat.postMessage", object{"channel": "COPS", "text": "root"})["ts"]
	w.ok("chat.postMessage", object{"channel": "COPS", "thread_ts": root, "text": "card", "blocks": []any{actions("d", reject, more)}})
	rootTS, _ := root.(string)
	m := w.State().Thread("ops", rootTS)[1]
	out := must(t)(w.User("bob").Press(ctx, m, "Reject"))
	if diff := cmp.Diff(&workspace.Confirm{Title: "Sure?", Text: "It is final.", Yes: "Reject", No: "Keep"}, out.Confirm); diff != "" || w.heard() != 0 {
		t.Errorf("before the confirmation: %s", diff)
	}
	must(t)(w.User("bob").PressConfirm(ctx, m, "Reject"))
	got := w.last()
	action, _ := got["actions"].([]any)[0].(object)
	delete(action, "action_ts")
	if diff := cmp.Diff(object{
		"type": "button", "block_id": "d", "action_id": "reject", "value": "r1",
		"text": object{"type": "plain_text", "text": "Reject"}, "confirm": decoded(t, reject)["confirm"],
	}, action); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(object{
		"type": "message", "message_ts": m.TS, "channel_id": "COPS", "is_ephemeral": false, "is_app_unfurl": false, "thread_ts": root,
	}, dig(got, "container")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(object{"id": "UBOB", "username": "bob", "name": "bob", "team_id": w.TeamID()}, dig(got, "user")); diff != "" {
		t.Error(diff)
	}
	if enterprise, there := got["enterprise"]; !there || enterprise != nil || dig(got, "message")["ts"] != m.TS || dig(got, "channel")["name"] != "ops" {
		t.Errorf("got %v", got)
	}
	heard := w.heard()
	if out := must(t)(w.User("bob").On(m).Choose(ctx, "more", "", "Show plan")); out.Confirm == nil || w.heard() != heard {
		t.Errorf("the menu did not ask: %+v", out)
	}
	must(t)(w.User("bob").On(m).ChooseConfirm(ctx, "more", "", "Show plan"))
	action, _ = w.last()["actions"].([]any)[0].(object)
	if dig(action, "selected_option")["value"] != "plan" {
		t.Errorf("overflow: %v", action)
	}
	if _, err := w.User("carol").Press(ctx, m, "Reject"); err == nil {
		t.Error("a stranger pressed it")
	}
	w.answers(func(object) (int, string) { return http.StatusInternalServerError, "" })
	if out := must(t)(w.User("bob").PressConfirm(ctx, m, "Reject")); out.Problem != "http_service_error" || out.Shown == "" {
		t.Errorf("failing app: %+v", out)
	}
}

func TestResponseURLWorksFiveTimesInHalfAnHour(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.trigger()
	address, _ := w.last()["response_url"].(string)
	post := func(body string) object {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		return w.do(req)
	}
	if got := post(`{}`); got["error"] != "no_text" {
		t.Errorf("nothing said: %v", got)
	}
	w.clock.advance(30 * time.Minute)
	for range 5 {
		if got := post(`{"text":"hello"}`); got["ok"] != true {
			t.Fatal(got)
		}
	}
	if got := post(`{"text":"hello"}`); got["error"] != "used_url" {
		t.Errorf("sixth use: %v", got)
	}
	if n := len(w.State().Ephemerals("alice")); n != 5 || len(w.State().In("ops")) != 0 {
		t.Errorf("alice saw %d", n)
	}
	w.trigger()
	address, _ = w.last()["response_url"].(string)
	w.clock.advance(30*time.Minute + time.Second)
	if got := post(`{"text":"hello"}`); got["error"] != "expired_url" {
		t.Errorf("after half an hour: %v", got)
	}
}

func TestResponseURLReplacesWhatWasPressed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok("chat.postEphemeral", object{"channel": "COPS", "user": "UALICE", "text": "?", "blocks": []any{actions("a", button("Go", "go", "1"))}})
	m := w.State().Ephemerals("alice")[0]
	if _, err := w.User("bob").Press(t.Context(), m, "Go"); err == nil {
		t.Error("bob pressed what only alice sees")
	}
	must(t)(w.User("alice").Press(t.Context(), m, "Go"))
	got := w.last()
	if dig(got, "container")["is_ephemeral"] != true || got["message"] != nil {
		t.Errorf("got %v", got)
	}
	address, _ := got["response_url"].(string)
	for _, body := range []string{`{"replace_original":true,"response_type":"in_channel","text":"going"}`, `{"delete_original":true}`} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if got := w.do(req); got["ok"] != true {
			t.Fatal(got)
		}
		if seen := w.State().Ephemerals("alice"); strings.Contains(body, "replace") && (len(seen) != 1 || seen[0].Text != "going" || len(w.State().In("ops")) != 0) {
			t.Errorf("after replacing: %v", seen)
		}
	}
	if n := len(w.State().Ephemerals("alice")); n != 0 {
		t.Errorf("%d left after deleting", n)
	}
}

func TestWaitForWakesOnChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var calls sync.WaitGroup
	defer calls.Wait()
	w.answers(func(object) (int, string) {
		calls.Go(func() { w.call("chat.postMessage", object{"channel": "UALICE", "text": "welcome"}) })
		return 200, ""
	})
	must(t)(w.User("alice").Type(t.Context(), "", "/remote-cluster help"))
	state, err := w.WaitFor(t.Context(), func(s workspace.State) bool { return len(s.DM("alice")) == 1 })
	if err != nil || state.Transcript(state.DM("alice")) != "remote-cluster\n  welcome\n" {
		t.Errorf("%v: %s", err, state.Transcript(state.DM("alice")))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.WaitFor(ctx, func(workspace.State) bool { return false }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
