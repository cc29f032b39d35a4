package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The benchmarks answer signed requests one after another, signature check and decoding included: what one core
// can take. Slack-go's own decoding of the submission is there to compare with.

func benchRouter(b *testing.B) http.Handler {
	b.Helper()
	r := NewRouter(Options{})
	r.OnCommand("/rc", func(context.Context, Command) (Answer, error) {
		return Answer{Body: ephemeral("hello")}, nil
	})
	r.OnAction("approve", func(context.Context, Action) (Answer, error) { return Answer{}, nil })
	r.OnSubmit("connect", func(_ context.Context, s Submission) (Answer, error) {
		if s.View.State.At("block0", "action0").Text == "" {
			return Answer{}, fmt.Errorf("nothing filled in")
		}
		return Answer{}, nil
	}, nil)
	return NewHTTPSource(r, HTTPOptions{SigningSecrets: []func() string{func() string { return rigSecret }}})
}

// serve sends what body makes of a number, so that no two are deliveries of the same thing.
func serve(b *testing.B, path string, body func(n int) string) {
	b.Helper()
	h := benchRouter(b)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		b.StopTimer() // Slack's part
		req := signed(path, formType, body(n), rigSecret, time.Now())
		w := httptest.NewRecorder()
		b.StartTimer()
		h.ServeHTTP(w, req)
		if w.Code != http.StatusOK {
			b.Fatalf("status %d", w.Code)
		}
	}
}

func BenchmarkSlashCommandAck(b *testing.B) {
	form := commandForm(b, "/rc", "connect", "TRIGGER").Encode()
	serve(b, "/slack/commands", func(n int) string { return strings.Replace(form, "TRIGGER", strconv.Itoa(n), 1) })
}

func BenchmarkButtonAck(b *testing.B) {
	payload := url.QueryEscape(string(golden(b, "block_actions.json")))
	payload = strings.ReplaceAll(payload, "WaXA", "approve")
	serve(b, "/slack/interactivity", func(n int) string {
		return "payload=" + strings.Replace(payload, "12321423423", strconv.Itoa(n), 1)
	})
}

func BenchmarkSubmissionAck(b *testing.B) {
	payload := url.QueryEscape(filledIn(b, 11))
	serve(b, "/slack/interactivity", func(n int) string {
		return "payload=" + strings.Replace(payload, "%22t2%22", "%22"+strconv.Itoa(n)+"%22", 1)
	})
}

// filledIn is the submission of a modal with that many inputs.
func filledIn(tb testing.TB, inputs int) string {
	tb.Helper()
	var blocks, values []string
	for i := range inputs {
		blocks = append(blocks, fmt.Sprintf(
			`{"type":"input","block_id":"block%d","label":{"type":"plain_text","text":"Label %d","emoji":true},`+
				`"hint":{"type":"plain_text","text":"What this is for, in a sentence of some length","emoji":true},"optional":false,`+
				`"dispatch_action":false,"element":{"type":"plain_text_input","action_id":"action%d","multiline":false,`+
				`"placeholder":{"type":"plain_text","text":"something","emoji":true},"dispatch_action_config":`+
				`{"trigger_actions_on":["on_enter_pressed"]}}}`, i, i, i))
		values = append(values, fmt.Sprintf(
			`"block%d":{"action%d":{"type":"plain_text_input","value":"what was typed into field %d"}}`, i, i, i))
	}
	var payload, view map[string]json.RawMessage
	must := func(err error) {
		if err != nil {
			tb.Fatal(err)
		}
	}
	must(json.Unmarshal([]byte(submit), &payload))
	must(json.Unmarshal(payload["view"], &view))
	view["blocks"] = json.RawMessage("[" + strings.Join(blocks, ",") + "]")
	view["state"] = json.RawMessage(`{"values":{` + strings.Join(values, ",") + "}}")
	var err error
	payload["view"], err = json.Marshal(view)
	must(err)
	raw, err := json.Marshal(payload)
	must(err)
	return string(raw)
}
