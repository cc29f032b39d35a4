package bot

import (
	"context"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack/socketmode"
)

func FuzzInteraction(f *testing.F) {
	for _, name := range []string{
		"block_actions.json", "view_submission.json", "block_suggestion.json", "view_closed.json", "message_action.json", "press_in_organization.json",
	} {
		f.Add(golden(f, name))
	}
	// What Slack would not send.
	f.Add([]byte(`{"type":"view_submission","view":null,"team":null,"user":null,"actions":null}`))
	f.Add([]byte(`{"type":"block_actions","actions":[{"value":{"a":1}},{"value":-1e3}]}`))
	rg := fuzzRouter(f)
	f.Fuzz(func(_ *testing.T, raw []byte) {
		_, _ = rg.interaction(context.Background(), raw, delivery{}) // it may refuse, not panic or hang
	})
}

func FuzzEvent(f *testing.F) {
	f.Add(golden(f, "app_home_opened.json"))
	f.Add([]byte(`{"type":"url_verification","challenge":"x"}`))
	f.Add([]byte(`{"type":"event_callback","event":{"type":"team_join","user":{"id":"U1"}}}`))
	rg := fuzzRouter(f)
	f.Fuzz(func(_ *testing.T, raw []byte) { _, _ = rg.event(context.Background(), raw, delivery{}) })
}

func FuzzHTTP(f *testing.F) {
	f.Add("/slack/commands", formType, commandForm(f, "/rc", "x", "t").Encode(), true)
	f.Add("/slack/interactivity", formType, url.Values{"payload": {press}}.Encode(), true)
	// What Slack would not send.
	f.Add("/slack/interactivity", formType, "payload=%7B%22type%22%3A%22block_actions%22%7D", true)
	f.Add("/slack/options", formType, "payload=", true)
	f.Add("/slack/events", jsonType, `{"type":"event_callback"}`, false)
	rg := fuzzRouter(f)
	f.Fuzz(func(t *testing.T, path, contentType, body string, good bool) {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " \t\r\n%?#") || !isPrintable(path) {
			path = "/slack/commands"
		}
		secret := rigSecret
		if !good {
			secret = "guessed"
		}
		w := httptest.NewRecorder()
		rg.http.ServeHTTP(w, signed(path, contentType, body, secret, time.Now()))
		if !good && w.Code == 200 && w.Body.Len() > 0 {
			t.Errorf("an answer without a signature: %s", w.Body)
		}
		if w.Code >= 500 {
			t.Errorf("status %d", w.Code)
		}
	})
}

func isPrintable(s string) bool {
	for _, r := range s {
		if r < 0x21 || r > 0x7e {
			return false
		}
	}
	return true
}

func fuzzRouter(f *testing.F) *rig {
	f.Helper()
	rg := newRig(f, Options{})
	rg.OnCommand("/rc", func(context.Context, Command) (Answer, error) { return Answer{}, nil })
	rg.OnAction("WaXA", func(context.Context, Action) (Answer, error) { return Answer{}, nil })
	rg.OnSubmit("modal-with-inputs", func(context.Context, Submission) (Answer, error) { return Answer{}, nil }, nil)
	rg.OnClosed("connect", func(context.Context, Closed) (Answer, error) { return Answer{}, nil })
	rg.OnSuggest("deployment", func(context.Context, Suggestion) (Answer, error) { return Answer{}, nil })
	rg.OnShortcut("chirp_message", func(context.Context, Shortcut) (Answer, error) { return Answer{}, nil })
	rg.OnHome(func(context.Context, HomeOpened) (Answer, error) { return Answer{}, nil })
	f.Cleanup(func() { rg.stop(f) })
	return rg
}

// FuzzEnvelope: what a socket delivers is answered or refused, known to slack-go or not.
func FuzzEnvelope(f *testing.F) {
	for _, name := range []string{"block_actions.json", "view_submission.json", "app_home_opened.json"} {
		raw := golden(f, name)
		f.Add("interactive", []byte(`{"type":"interactive","envelope_id":"e","payload":`+string(raw)+`,"accepts_response_payload":true}`))
		f.Add("events_api", raw)
	}
	f.Add("slash_commands", []byte(`{"command":"/rc","text":"x","team_id":"T1"}`))
	f.Add("slash_commands", []byte(`{"command":{"a":1}}`))
	f.Add("disconnect", []byte(`{"type":"disconnect","reason":"warning"}`))
	f.Add("", []byte(`{"envelope_id":"","payload":null}`))
	rg := fuzzRouter(f)
	s := NewSocketSource(rg.Router, SocketOptions{AppToken: func() string { return "xapp" }})
	f.Fuzz(func(t *testing.T, kind string, raw []byte) {
		bad := socketmode.Event{Type: socketmode.EventTypeErrorBadMessage, Data: &socketmode.ErrorBadMessage{Message: raw}}
		env, ok := envelopeOf(bad)
		if ok && env.EnvelopeID == "" {
			t.Error("an envelope without an id can't be acked")
		}
		if ok {
			_, _ = s.answer(context.Background(), env)
		}
		_, _ = s.answer(context.Background(), socketmode.Request{Type: kind, EnvelopeID: "e", Payload: raw})
	})
}
