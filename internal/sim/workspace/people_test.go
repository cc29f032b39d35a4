package workspace_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// TestSignatureIsSlacks uses the example that Slack publishes in "verifying requests from Slack".
func TestSignatureIsSlacks(t *testing.T) {
	t.Parallel()
	body := "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar" +
		"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2F" +
		"commands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	got := workspace.Sign("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", body)
	if want := "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSlashCommandIsASignedForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t)(w.User("alice").Type(t.Context(), "#ops", "/remote-cluster connect  logs "))
	got := w.last()
	for name, want := range map[string]string{
		"command": "/remote-cluster", "text": "connect  logs", "user_id": "UALICE", "user_name": "alice", "channel_id": "COPS",
		"channel_name": "ops", "team_id": w.TeamID(), "is_enterprise_install": "false", "api_app_id": w.App().ID,
	} {
		if got[name] != want {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
	head := w.heads[0]
	want := workspace.Sign(w.App().SigningSecret, head.Get("X-Slack-Request-Timestamp"), w.bodies[0])
	if got := head.Get("X-Slack-Signature"); got != want {
		t.Errorf("signature: got %s, want %s", got, want)
	}
}

func TestWhatACommandAnswers(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status      int
		body        string
		shown       string
		problem     string
		toEverybody bool
	}{
		"nothing":    {status: 200},
		"plain text": {status: 200, body: "one moment", shown: "one moment"},
		"ephemeral":  {status: 200, body: `{"text":"*no* <@UBOB>"}`, shown: "no @bob"},
		"in channel": {status: 200, body: `{"text":"hello","response_type":"in_channel"}`, shown: "hello", toEverybody: true},
		"500":        {status: 500, problem: "http_service_error", shown: `/remote-cluster failed with the error "http_service_error"`},
		"401":        {status: 401, problem: "http_client_error", shown: `/remote-cluster failed with the error "http_client_error"`},
		"too late":   {status: 0, problem: "operation_timeout", shown: `/remote-cluster failed with the error "operation_timeout"`},
		"bad blocks": {status: 200, body: `{"blocks":[{"type":"nonsense"}]}`, problem: "bad_answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *workspace.Options) {
				if tc.status == 0 {
					o.AckWithin = 20 * time.Millisecond
				}
			})
			w.answers(func(object) (int, string) { return tc.status, tc.body })
			out := must(t)(w.User("alice").Type(t.Context(), "ops", "/remote-cluster connect"))
			if out.Problem != tc.problem || (tc.shown != "" && out.Shown != tc.shown) {
				t.Errorf("got %+v", out)
			}
			state := w.State()
			if seen := len(state.In("ops")) == 1; seen != tc.toEverybody {
				t.Errorf("seen by everybody: %v", seen)
			}
			if tc.shown != "" && tc.problem == "" && !tc.toEverybody && len(state.Ephemerals("alice")) != 1 {
				t.Error("alice saw nothing of her own")
			}
		})
	}
}

func TestPeopleCannotDoWhatSlackForbids(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *workspace.Options) {
		o.Users = append(o.Users, workspace.Person{Handle: "gone", Deleted: true})
		o.Channels = append(o.Channels,
			workspace.Channel{Name: "old", Archived: true, Members: []string{"alice"}}, workspace.Channel{Name: "secret"})
	})
	for who, where := range map[string]string{"gone": "ops", "alice": "old", "bob": "secret", "nobody": "ops"} {
		if _, err := w.User(who).Type(t.Context(), where, "/remote-cluster help"); err == nil {
			t.Errorf("%s could type in %s", who, where)
		}
	}
	for _, line := range []string{"/foo", "/Remote-Cluster help", "/remote-clusters"} {
		if _, err := w.User("alice").Type(t.Context(), "ops", line); err == nil || !strings.Contains(err.Error(), "is not a valid command") {
			t.Errorf("%s, which the manifest does not have: %v", line, err)
		}
	}
	w.ok("chat.postMessage", object{"channel": "COPS", "text": "hello"})
	if _, err := w.User("alice").MessageShortcut(t.Context(), w.State().In("ops")[0], "unheard_of"); err == nil {
		t.Error("alice found a message shortcut that the manifest does not have")
	}
	if _, err := w.User("alice").Shortcut(t.Context(), "unheard_of"); err == nil {
		t.Error("alice found a shortcut that the manifest does not have")
	}
	if w.heard() != 0 {
		t.Error("the app heard of it")
	}
}

// TestWhatPeopleTypeIsNoMarkup: only Slack's own client writes mentions and links.
func TestWhatPeopleTypeIsNoMarkup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.User("alice").Say("ops", "", "<b>x</b> & <@UBOB>"); err != nil {
		t.Fatal(err)
	}
	m := w.State().In("ops")[0]
	if want := "&lt;b&gt;x&lt;/b&gt; &amp; &lt;@UBOB&gt;"; m.Text != want {
		t.Errorf("got %s, want %s", m.Text, want)
	}
	if got := w.State().Render(m); !strings.Contains(got, "<b>x</b> & <@UBOB>") {
		t.Errorf("it is shown as %s", got)
	}
}

func TestForgeriesAreWhatTheySay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	genuine := func(n int) bool {
		h := w.heads[n]
		return h.Get("X-Slack-Signature") == workspace.Sign(w.App().SigningSecret, h.Get("X-Slack-Request-Timestamp"), w.bodies[n])
	}
	for i, tc := range []struct {
		f       workspace.Forgery
		genuine bool
	}{
		{workspace.Forgery{}, true},
		{workspace.Forgery{WrongSecret: true}, false},
		{workspace.Forgery{NoSignature: true}, false},
		{workspace.Forgery{TamperedBody: true}, false},
		{workspace.Forgery{OtherTeam: true}, true},
		{workspace.Forgery{Age: 6 * time.Minute}, true},
	} {
		if status := w.Forge(t.Context(), tc.f); status != http.StatusOK {
			t.Fatalf("%+v: status %d", tc.f, status)
		}
		if genuine(i) != tc.genuine {
			t.Errorf("%+v: genuine is %v", tc.f, genuine(i))
		}
	}
	if w.got[4]["team_id"] == w.TeamID() {
		t.Error("the other team is ours")
	}
	if got, want := w.heads[5].Get("X-Slack-Request-Timestamp"), "1767257640"; got != want {
		t.Errorf("old timestamp: got %s, want %s", got, want)
	}
}

func TestShortcutsAndHome(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *workspace.Options) {
		o.App.Shortcuts = []workspace.Shortcut{{CallbackID: "connect"}, {CallbackID: "explain", Message: true}}
	})
	ctx := t.Context()
	must(t)(w.User("alice").Shortcut(ctx, "connect"))
	if got := w.last(); got["type"] != "shortcut" || got["callback_id"] != "connect" || got["trigger_id"] == "" {
		t.Errorf("global shortcut: %v", got)
	}
	w.ok("chat.postMessage", object{"channel": "COPS", "text": "hello"})
	m := w.State().In("ops")[0]
	must(t)(w.User("alice").MessageShortcut(ctx, m, "explain"))
	got := w.last()
	if got["type"] != "message_action" || got["message_ts"] != m.TS || dig(got, "channel")["id"] != "COPS" || got["response_url"] == "" {
		t.Errorf("message shortcut: %v", got)
	}
	must(t)(w.User("alice").OpenHome(ctx))
	got = w.last()
	if got["type"] != "event_callback" || got["event_id"] == "" || dig(got, "event")["type"] != "app_home_opened" {
		t.Errorf("event: %v", got)
	}
	if _, there := dig(got, "event")["view"]; there {
		t.Error("a home tab was there before it was published")
	}
	w.ok("views.publish", object{"user_id": "UALICE", "view": object{"type": "home", "blocks": []any{section("Requests"), actions("a", button("New", "new", "1"))}}})
	must(t)(w.User("alice").Home().Press(ctx, "New"))
	got = w.last()
	if dig(got, "container")["type"] != "view" || dig(got, "view")["type"] != "home" || got["channel"] != nil {
		t.Errorf("press in the home tab: %v", got)
	}
	home, _ := w.State().Home("alice")
	if text := w.State().RenderView(home); !strings.Contains(text, "[ New ]") {
		t.Errorf("home tab: %s", text)
	}
}
