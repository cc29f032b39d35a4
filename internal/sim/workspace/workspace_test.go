package workspace_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type object = map[string]any

// clock is the workspace's clock, moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a workspace with alice and bob in #ops, and an app that answers as the test says.
type world struct {
	*workspace.Workspace
	t     *testing.T
	clock *clock

	mu     sync.Mutex
	answer func(payload object) (status int, body string)
	got    []object      // payloads, forms as objects of strings
	heads  []http.Header // their headers
	bodies []string
}

func newWorld(t *testing.T, change ...func(*workspace.Options)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)}}
	w.answer = func(object) (int, string) { return http.StatusOK, "" }
	app := httptest.NewServer(http.HandlerFunc(w.hear))
	o := workspace.Options{
		Now:      w.clock.Now,
		Users:    []workspace.Person{{ID: "UALICE", Handle: "alice"}, {ID: "UBOB", Handle: "bob"}},
		Groups:   []workspace.Group{{ID: "SAPPROVE", Handle: "approvers", Members: []string{"bob"}}},
		Channels: []workspace.Channel{{ID: "COPS", Name: "ops", BotIn: true, Members: []string{"alice", "bob"}}},
		App: workspace.App{
			Scopes:     append([]string{"channels:history", "channels:read", "reactions:write"}, workspace.DefaultScopes...),
			CommandURL: app.URL, InteractivityURL: app.URL, EventsURL: app.URL,
		},
	}
	for _, f := range change {
		f(&o)
	}
	w.Workspace = workspace.New(o)
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.Close()
		app.Close()
	})
	return w
}

func (w *world) hear(rw http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	var payload object
	if strings.HasPrefix(req.Header.Get("Content-Type"), "application/json") {
		_ = json.Unmarshal(body, &payload)
	} else {
		form, _ := url.ParseQuery(string(body))
		payload = object{}
		if p := form.Get("payload"); p != "" {
			_ = json.Unmarshal([]byte(p), &payload)
		} else {
			for name := range form {
				payload[name] = form.Get(name)
			}
		}
	}
	w.mu.Lock()
	w.got = append(w.got, payload)
	w.heads = append(w.heads, req.Header)
	w.bodies = append(w.bodies, string(body))
	answer := w.answer
	w.mu.Unlock()
	status, text := answer(payload)
	if status == 0 { // never answers
		<-req.Context().Done()
		return
	}
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, text)
}

func (w *world) answers(f func(payload object) (int, string)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = f
}

func (w *world) last() object {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.got) == 0 {
		w.t.Fatal("the app heard nothing")
	}
	return w.got[len(w.got)-1]
}

func (w *world) heard() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.got)
}

// call calls a method with a JSON body and the bot's token.
func (w *world) call(method string, args object) object {
	w.t.Helper()
	raw, _ := json.Marshal(args)
	return w.send(method, string(raw), "application/json", "Bearer "+w.App().BotToken)
}

func (w *world) send(method, body, kind, auth string) object {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.APIURL()+method, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Authorization", auth)
	return w.do(req)
}

func (w *world) do(req *http.Request) object {
	w.t.Helper()
	res, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var out object
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		w.t.Fatal(err)
	}
	out["status"] = res.StatusCode
	out["retry"] = res.Header.Get("Retry-After")
	return out
}

var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// ok calls a method that must succeed.
func (w *world) ok(method string, args object) object {
	w.t.Helper()
	out := w.call(method, args)
	if out["ok"] != true {
		w.t.Fatalf("%s: %v", method, out)
	}
	return out
}

// refused calls a method that must answer with this error.
func (w *world) refused(want, method string, args object) object {
	w.t.Helper()
	out := w.call(method, args)
	if out["error"] != want {
		w.t.Fatalf("%s: got %v, want error %s", method, out, want)
	}
	return out
}

// trigger lets alice type a command and returns its trigger_id.
func (w *world) trigger() string {
	w.t.Helper()
	if _, err := w.User("alice").Type(w.t.Context(), "ops", "/remote-cluster connect"); err != nil {
		w.t.Fatal(err)
	}
	id, _ := w.last()["trigger_id"].(string)
	return id
}

// open opens a modal on alice's screen.
func (w *world) open(view object) object {
	w.t.Helper()
	out := w.ok("views.open", object{"trigger_id": w.trigger(), "view": view})
	return dig(out, "view")
}

func dig(o object, path ...string) object {
	for _, name := range path {
		o, _ = o[name].(object)
	}
	return o
}

func must(t *testing.T) func(workspace.Outcome, error) workspace.Outcome {
	t.Helper()
	return func(out workspace.Outcome, err error) workspace.Outcome {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// What payloads are made of.

func plain(text string) object  { return object{"type": "plain_text", "text": text} }
func mrkdwn(text string) object { return object{"type": "mrkdwn", "text": text} }
func section(text string) object {
	return object{"type": "section", "text": mrkdwn(text)}
}

func option(text, value string) object { return object{"text": plain(text), "value": value} }

func button(text, action, value string) object {
	return object{"type": "button", "text": plain(text), "action_id": action, "value": value}
}

func actions(block string, elements ...any) object {
	return object{"type": "actions", "block_id": block, "elements": append([]any{}, elements...)}
}

func input(block, label string, element object) object {
	return object{"type": "input", "block_id": block, "label": plain(label), "element": element}
}

func modal(blocks ...any) object {
	return object{"type": "modal", "title": plain("Connect"), "submit": plain("Ask"), "callback_id": "connect", "blocks": append([]any{}, blocks...)}
}

func aliasInput() object {
	return input("alias", "Alias", object{"type": "plain_text_input", "action_id": "text", "min_length": 2, "max_length": 8})
}
