package workspace_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTriggerWorksOnceAndForThreeSeconds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.trigger()
	w.refused("invalid_arguments", "views.open", object{"trigger_id": id, "view": object{"type": "modal"}})
	w.clock.advance(3 * time.Second)
	w.ok("views.open", object{"trigger_id": id, "view": modal(aliasInput())})
	w.refused("exchanged_trigger_id", "views.open", object{"trigger_id": id, "view": modal(aliasInput())})
	w.refused("invalid_trigger_id", "views.open", object{"trigger_id": "1.2.3", "view": modal(aliasInput())})
	id = w.trigger()
	w.clock.advance(3*time.Second + time.Millisecond)
	w.refused("expired_trigger_id", "views.open", object{"trigger_id": id, "view": modal(aliasInput())})
}

func TestUpdateKeepsTypedInputOnlyWhereBothIDsStay(t *testing.T) {
	t.Parallel()
	field := func(block, action, initial string) object {
		return input(block, "Alias", object{"type": "plain_text_input", "action_id": action, "initial_value": initial})
	}
	for name, tc := range map[string]struct {
		after object
		want  string
	}{
		"same ids":     {field("b", "a", "new"), "typed"},
		"other block":  {field("b2", "a", "new"), "new"},
		"other action": {field("b", "a2", "new"), "new"},
		"other kind":   {input("b", "Alias", object{"type": "url_text_input", "action_id": "a", "initial_value": "http://new"}), "http://new"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			view := w.open(modal(field("b", "a", "first")))
			must(t)(w.User("alice").Modal().Fill(t.Context(), "Alias", "typed"))
			after := w.ok("views.update", object{"view_id": view["id"], "hash": view["hash"], "view": modal(tc.after)})
			element := dig(tc.after, "element")
			block, _ := tc.after["block_id"].(string)
			action, _ := element["action_id"].(string)
			if got := dig(after, "view", "state", "values", block, action)["value"]; got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
			w.refused("hash_conflict", "views.update", object{"view_id": view["id"], "hash": view["hash"], "view": modal(tc.after)})
		})
	}
}

func TestUpdateFindsViewsByIDOrExternalID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	named := modal(aliasInput())
	named["external_id"] = "connect-1"
	view := w.open(named)
	w.ok("views.update", object{"external_id": "connect-1", "view": named})
	w.refused("invalid_arguments", "views.update", object{"external_id": "connect-1", "view_id": view["id"], "view": named})
	w.refused("not_found", "views.update", object{"view_id": "V404", "view": named})
	must(t)(w.User("alice").Modal().Close(t.Context()))
	w.refused("not_found", "views.update", object{"view_id": view["id"], "view": named})
	w.open(named)
	w.refused("duplicate_external_id", "views.publish", object{"user_id": "UBOB", "view": object{
		"type": "home", "external_id": "connect-1", "blocks": []any{section("x")},
	}})
}

func TestStackHoldsThreeViews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	pages := func(n string) object { return modal(section(n), actions("more", button("More", "more", n))) }
	root := w.open(pages("one"))
	w.refused("invalid_trigger_id", "views.push", object{"trigger_id": w.trigger(), "view": pages("two")})
	for _, want := range []string{"", "", "push_limit_reached"} {
		must(t)(w.User("alice").Modal().Press(ctx, "More"))
		out := w.call("views.push", object{"trigger_id": w.last()["trigger_id"], "view": pages("next")})
		if got, _ := out["error"].(string); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
		if want == "" && dig(out, "view")["root_view_id"] != root["id"] {
			t.Errorf("root: %v", dig(out, "view"))
		}
	}
	must(t)(w.User("alice").Modal().Close(ctx))
	if got := len(w.State().Modals["UALICE"]); got != 2 {
		t.Errorf("after cancel %d views are open", got)
	}
	must(t)(w.User("alice").Modal().Dismiss(ctx))
	if got := len(w.State().Modals["UALICE"]); got != 0 {
		t.Errorf("after the x %d views are open", got)
	}
}

func TestClosingIsToldWhereAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	quiet, loud := modal(aliasInput()), modal(aliasInput())
	loud["notify_on_close"], loud["private_metadata"] = true, "r1"
	w.open(quiet)
	before := w.heard()
	must(t)(w.User("alice").Modal().Close(t.Context()))
	if w.heard() != before {
		t.Error("the app heard of a close it did not ask for")
	}
	w.open(loud)
	must(t)(w.User("alice").Modal().Close(t.Context()))
	got := w.last()
	if got["type"] != "view_closed" || got["is_cleared"] != false || dig(got, "view")["private_metadata"] != "r1" {
		t.Errorf("got %v", got)
	}
	w.open(loud)
	must(t)(w.User("alice").Modal().Dismiss(t.Context()))
	if got := w.last(); got["is_cleared"] != true {
		t.Errorf("got %v", got)
	}
}

func TestClientChecksBeforeItSends(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	number := input("n", "Count", object{"type": "number_input", "action_id": "n", "is_decimal_allowed": false, "max_value": "5"})
	number["optional"] = true
	w.open(modal(aliasInput(), number))
	before := w.heard()
	screen := w.User("alice").Modal()
	out := must(t)(screen.Submit(ctx))
	if diff := cmp.Diff(map[string]string{"alias": "This is a required field"}, out.Errors); diff != "" {
		t.Error(diff)
	}
	for _, text := range []string{"x", "much too long"} {
		must(t)(screen.Fill(ctx, "Alias", text))
		if out := must(t)(screen.Submit(ctx)); out.Errors["alias"] == "" {
			t.Errorf("%q went through", text)
		}
	}
	must(t)(screen.Fill(ctx, "Alias", "logs"))
	must(t)(screen.Fill(ctx, "Count", "7"))
	if out := must(t)(screen.Submit(ctx)); out.Errors["n"] == "" {
		t.Error("7 of at most 5 went through")
	}
	if w.heard() != before {
		t.Fatal("the app heard of what Slack's client refuses")
	}
	must(t)(screen.Fill(ctx, "Count", ""))
	must(t)(screen.Submit(ctx))
	got := w.last()
	if got["type"] != "view_submission" || dig(got, "user")["id"] != "UALICE" || got["trigger_id"] == "" {
		t.Errorf("got %v", got)
	}
	values := dig(got, "view", "state", "values")
	if diff := cmp.Diff(object{
		"alias": object{"text": object{"type": "plain_text_input", "value": "logs"}},
		"n":     object{"n": object{"type": "number_input", "value": nil}},
	}, values); diff != "" {
		t.Error(diff)
	}
	if _, open := w.State().Modal("alice"); open {
		t.Error("an empty acknowledgement leaves the modal open")
	}
}

func TestWhatASubmissionAnswers(t *testing.T) {
	t.Parallel()
	raw := func(v object) string { b, _ := json.Marshal(v); return string(b) }
	second := modal(section("second"))
	for name, tc := range map[string]struct {
		status      int
		body        string
		wantOpen    int
		wantTrouble bool
		wantErrors  map[string]string
	}{
		"close":                   {200, "", 0, false, nil},
		"clear":                   {200, `{"response_action":"clear"}`, 0, false, nil},
		"errors":                  {200, `{"response_action":"errors","errors":{"alias":"taken"}}`, 1, false, map[string]string{"alias": "taken"}},
		"errors on no input":      {200, `{"response_action":"errors","errors":{"info":"no"}}`, 1, true, nil},
		"errors by action_id":     {200, `{"response_action":"errors","errors":{"text":"no"}}`, 1, true, nil},
		"update":                  {200, raw(object{"response_action": "update", "view": second}), 1, false, nil},
		"push":                    {200, raw(object{"response_action": "push", "view": second}), 2, false, nil},
		"update, view is invalid": {200, `{"response_action":"update","view":{"type":"modal"}}`, 1, true, nil},
		"unknown action":          {200, `{"response_action":"dance"}`, 1, true, nil},
		"not JSON":                {200, `ok`, 1, true, nil},
		"failure":                 {500, ``, 1, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			info := section("info")
			info["block_id"] = "info"
			w.open(modal(info, aliasInput()))
			screen := w.User("alice").Modal()
			must(t)(screen.Fill(t.Context(), "alias", "logs"))
			w.answers(func(object) (int, string) { return tc.status, tc.body })
			out := must(t)(screen.Submit(t.Context()))
			if trouble := out.Problem != ""; trouble != tc.wantTrouble || (trouble && !strings.HasPrefix(out.Shown, "We had some trouble connecting")) {
				t.Errorf("got %+v", out)
			}
			if got := len(w.State().Modals["UALICE"]); got != tc.wantOpen {
				t.Errorf("%d views are open, want %d", got, tc.wantOpen)
			}
			if diff := cmp.Diff(tc.wantErrors, out.Errors); diff != "" {
				t.Error(diff)
			}
			if len(tc.wantErrors) > 0 {
				v, _ := w.State().Modal("alice")
				if text := w.State().RenderView(v); !strings.Contains(text, "Alias: [logs]\n  ✗ taken") {
					t.Errorf("the modal shows\n%s", text)
				}
			}
		})
	}
}
