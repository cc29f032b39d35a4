package app

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage/stagetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// siege is a bot with one request that waits for Bob, and somebody outside who can send it anything.
type siege struct {
	*stage.Transcript
	t    *testing.T
	log  *stagetest.Log
	bots []*actor
	card workspace.Message
	id   string
}

func newSiege(t *testing.T, prepare func(*stage.Stage)) *siege {
	t.Helper()
	log := &stagetest.Log{}
	s := stagetest.New(t, sim.Options{Now: time.Now}, slog.New(slog.NewTextHandler(log, nil)))
	if prepare != nil {
		prepare(s)
	}
	c, err := s.Config(func(c *config.Config) { c.Slack.Teams = nil }) // as by default: its own workspace alone
	if err != nil {
		t.Fatal(err)
	}
	g := &siege{t: t, log: log, Transcript: &stage.Transcript{Stage: s, Pair: stage.Platforms, Out: io.Discard}}
	for range 2 { // the last one that enters gets Slack's deliveries
		a, err := enter(t.Context(), s, c)
		if err != nil {
			t.Fatal(err)
		}
		g.bots = append(g.bots, a)
	}
	t.Cleanup(func() {
		for _, a := range g.bots {
			if err := a.Leave(); err != nil {
				t.Error(err)
			}
		}
		if strings.Contains(log.String(), "panic") {
			t.Errorf("something panicked:\n%s", log.String())
		}
	})
	return g
}

func (g *siege) asked() {
	g.t.Helper()
	if err := g.Ask(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
	var err error
	if g.card, err = g.Card(g.t.Context(), "Approve"); err != nil {
		g.t.Fatal(err)
	}
	payload, _ := g.card.Metadata["event_payload"].(map[string]any)
	g.id, _ = payload["request"].(string)
}

func (g *siege) request() *change.Request {
	g.t.Helper()
	r, err := g.bots[0].store.Get(g.t.Context(), g.id)
	if err != nil {
		g.t.Fatal(err)
	}
	return r
}

// send posts body to one of the bots, signed as Slack does unless sign changes that.
func (g *siege) send(bot int, path, contentType, body string) (status int, answer string) {
	g.t.Helper()
	app := g.Slack.App()
	at := strconv.FormatInt(time.Now().Unix(), 10)
	req, err := http.NewRequestWithContext(g.t.Context(), http.MethodPost,
		"http://"+g.bots[bot].listener.Addr().String()+"/slack/"+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-Slack-Request-Timestamp", at)
	req.Header.Set("X-Slack-Signature", workspace.Sign(app.SigningSecret, at, body))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = resp.Body.Close() }()
	raw, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(raw)
}

const form = "application/x-www-form-urlencoded"

// interaction sends a payload that is correctly signed, whatever it says.
func (g *siege) interaction(payload any) (int, string) {
	raw, err := json.Marshal(payload)
	if err != nil {
		g.t.Fatal(err)
	}
	return g.send(0, "interactivity", form, url.Values{"payload": {string(raw)}}.Encode())
}

type m = map[string]any

// payload is a well-formed one of the package bot: what is forged in it is nothing that its shape would betray.
func (g *siege) payload(name string) m {
	g.t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "bot", "testdata", name+".json"))
	if err != nil {
		g.t.Fatal(err)
	}
	var p m
	if err := json.Unmarshal(raw, &p); err != nil {
		g.t.Fatal(err)
	}
	return p
}

// press is a press of a button by somebody, as Slack tells it.
func (g *siege) press(user, team, action, value, trigger string) m {
	g.t.Helper()
	p := g.payload("press")
	p["trigger_id"] = trigger
	p["team"] = m{"id": team, "domain": "example"}
	p["user"] = m{"id": user, "username": "somebody", "name": "somebody", "team_id": team}
	p["channel"] = m{"id": sim.Channel, "name": "ops"}
	p["container"] = m{"type": "message", "message_ts": g.card.TS, "channel_id": sim.Channel, "is_ephemeral": false}
	p["actions"] = []m{{
		"type": "button", "action_id": action, "block_id": "b", "value": value, "action_ts": g.card.TS,
		"text": m{"type": "plain_text", "text": "Press", "emoji": true},
	}}
	return p
}

// submission is what a form says that was never opened. Its state need not have the shape of Slack's.
func (g *siege) submission(user, team, view, metadata string, state m) m {
	g.t.Helper()
	p := g.payload("submit")
	p["team"] = m{"id": team, "domain": "example"}
	p["user"] = m{"id": user, "username": "somebody", "name": "somebody", "team_id": team}
	form, _ := p["view"].(m)
	form["id"], form["root_view_id"], form["private_metadata"] = view, view, metadata
	form["state"] = m{"values": state}
	return p
}

// command is a slash command of the bot.
func (g *siege) command(user, text, trigger string) string {
	g.t.Helper()
	form := url.Values{}
	for field, value := range g.payload("slash_command") {
		form.Set(field, fmt.Sprint(value))
	}
	form.Set("command", "/remote-cluster")
	form.Set("team_id", g.Slack.TeamID())
	form.Set("user_id", user)
	form.Set("text", text)
	form.Set("trigger_id", trigger)
	return form.Encode()
}

func TestForgedRequestsAreRefused(t *testing.T) {
	t.Parallel()
	g := newSiege(t, nil)
	g.asked()
	for name, f := range map[string]struct {
		workspace.Forgery
		want int
	}{
		"another secret":    {workspace.Forgery{WrongSecret: true}, http.StatusUnauthorized},
		"no signature":      {workspace.Forgery{NoSignature: true}, http.StatusUnauthorized},
		"an old one":        {workspace.Forgery{Age: 6 * time.Minute}, http.StatusUnauthorized},
		"one from tomorrow": {workspace.Forgery{Age: -24 * time.Hour}, http.StatusUnauthorized},
		"a tampered body":   {workspace.Forgery{TamperedBody: true}, http.StatusUnauthorized},
		"genuine":           {workspace.Forgery{}, http.StatusOK},
	} {
		if got := g.Slack.Forge(t.Context(), f.Forgery); got != f.want {
			t.Errorf("%s: status %d, want %d", name, got, f.want)
		}
	}
	before := g.request()
	nested := strings.Repeat(`{"a":`, 200000) + "1" + strings.Repeat("}", 200000)
	for name, one := range map[string]struct{ path, kind, body string }{ // only the last is as Slack sends it
		"a huge body":         {"interactivity", form, "payload=" + strings.Repeat("x", 5<<20)},
		"deep JSON":           {"interactivity", form, "payload=" + nested},
		"deep JSON, event":    {"events", "application/json", nested},
		"no JSON":             {"interactivity", form, "payload=%7Bnope"},
		"no payload":          {"interactivity", form, "x=1"},
		"another type":        {"interactivity", "application/json", "{}"},
		"a form as an event":  {"events", form, "payload={}"},
		"no type":             {"commands", "", "command=/remote-cluster"},
		"bad escapes":         {"commands", form, "command=%zz"},
		"null":                {"interactivity", form, "payload=null"},
		"a list":              {"interactivity", form, "payload=[]"},
		"actions of no shape": {"interactivity", form, `payload={"type":"block_actions","actions":[1,null,"x"]}`},
		"an unknown kind":     {"interactivity", form, `payload={"type":"surprise"}`},
		"a view of nothing":   {"interactivity", form, `payload={"type":"view_submission","view":null}`},
		"control characters":  {"commands", form, g.command("U0MALLORY", "\x00\x1b[2J\u202e", "t0")},
	} {
		if status, answer := g.send(0, one.path, one.kind, one.body); status >= 500 || strings.Contains(answer, g.id) {
			t.Errorf("%s: status %d, answer %q", name, status, answer)
		}
	}
	if status, answer := g.send(0, "commands", form, g.command("U0ALICE", "help", "t1")); status != http.StatusOK || !strings.Contains(answer, "connect") {
		t.Errorf("afterwards the bot answers with %d %q", status, answer)
	}
	if after := g.request(); after.Version != before.Version {
		t.Errorf("the request moved from version %d to %d", before.Version, after.Version)
	}
}

func TestTamperedPressesChangeNothing(t *testing.T) {
	t.Parallel()
	g := newSiege(t, nil)
	g.asked()
	before, team := g.request(), g.Slack.TeamID()
	version := strconv.FormatInt(before.Version, 10)
	for i, one := range []m{
		g.press("U0BOB", "T0STRANGER", "request.approve", g.id+":"+version, "s1"),
		g.press("U0MALLORY", team, "request.approve", g.id+":"+version, "s2"),
		g.press("U0ALICE", team, "request.approve", g.id+":"+version, "s3"),
		g.press("", team, "request.approve", g.id+":"+version, "s4"),
		g.press("U0BOB", team, "request.approve", g.id+":999999", "s5"),
		g.press("U0BOB", team, "request.approve", g.id+":-1", "s6"),
		g.press("U0BOB", team, "request.approve", "rcb:{demo}:audit:1", "s7"),
		g.press("U0BOB", team, "request.approve", strings.Repeat("x", 3000), "s8"),
		g.press("U0BOB", team, "request.approve", "", "s9"),
		g.press("U0BOB", team, "request.approve\x00", g.id+":"+version, "s10"),
		g.press("U0BOB", team, "no.such.action", g.id+":"+version, "s11"),
		g.submission("U0MALLORY", team, "V0FORGED", `{"channel":"C0GENERAL","blocks":{"alias":"other"}}`, m{}),
		g.submission("U0MALLORY", team, "V0FORGED2", strings.Repeat(`{"channel":`, 5000), m{"alias": m{"alias": 3}}),
	} {
		if status, _ := g.interaction(one); status >= 500 {
			t.Errorf("press %d: status %d", i+1, status)
		}
	}
	for _, b := range g.bots { // whatever was begun behind the answers has ended
		if err := b.router.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if after := g.request(); after.State != change.Pending || after.Version != before.Version {
		t.Errorf("the request is %s at version %d, it was at %d", after.State, after.Version, before.Version)
	}
	if all, err := g.bots[0].store.Recent(t.Context(), 10); err != nil || len(all) != 1 {
		t.Errorf("%d requests, error %v", len(all), err)
	}
}

// A click that two replicas get counts once, and so does one that somebody captured and sends again.
func TestAPressThatTwoReplicasGetCountsOnce(t *testing.T) {
	t.Parallel()
	g := newSiege(t, nil)
	g.asked()
	raw, err := json.Marshal(g.press("U0BOB", g.Slack.TeamID(), "request.approve", value(t, g.card, "request.approve"), "t"))
	if err != nil {
		t.Fatal(err)
	}
	body := url.Values{"payload": {string(raw)}}.Encode()
	var both sync.WaitGroup
	for i := range 6 {
		both.Go(func() {
			if status, _ := g.send(i%2, "interactivity", form, body); status != http.StatusOK {
				t.Errorf("status %d", status)
			}
		})
	}
	both.Wait()
	stagetest.Until(t, 20*time.Second, "it is applied", func() bool { return g.request().State == change.Applied })
	if status, _ := g.send(0, "interactivity", form, body); status != http.StatusOK {
		t.Errorf("afterwards: status %d", status)
	}
	if r := g.request(); len(r.Decisions) != 1 || r.Epoch != 1 {
		t.Errorf("%d decisions, %d claims", len(r.Decisions), r.Epoch)
	}
	state := g.Slack.State()
	if said := state.Transcript(state.Ephemerals("bob")); strings.Contains(said, "too late") {
		t.Errorf("Bob was first, and was told: %s", said)
	}
}

// value finds what a button on a card carries.
func value(t *testing.T, card workspace.Message, action string) string {
	t.Helper()
	raw, err := json.Marshal(card.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []struct {
		Elements []struct {
			ActionID string `json:"action_id"`
			Value    string `json:"value"`
		} `json:"elements"`
	}
	_ = json.Unmarshal(raw, &blocks) // elements of other blocks have other shapes
	for _, b := range blocks {
		for _, e := range b.Elements {
			if e.ActionID == action {
				return e.Value
			}
		}
	}
	t.Fatalf("no button %s in %s", action, raw)
	return ""
}

// What comes from outside is written as text: it calls nobody, links nowhere and breaks out of nothing.
func TestWhatComesFromOutsideIsEscaped(t *testing.T) {
	t.Parallel()
	const evil = "<!channel> <@U0CAROL> <https://evil.example|Approve> `code` ```fence``` *bold* \u202e\x07 &lt;!here&gt;"
	const name = "evil <!here> `x`"
	g := newSiege(t, func(s *stage.Stage) {
		if _, err := s.ECE.AddDeployment(platform.DeploymentSpec{Name: name, Version: "8.17.4", Addr: ""}); err != nil {
			t.Fatal(err)
		}
	})
	alice := g.Slack.User("alice")
	if _, err := alice.Type(t.Context(), "#clusters", "/remote-cluster connect"); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Until(t.Context(), stage.Patience, stage.HasModal("alice")); err != nil {
		t.Fatal(err)
	}
	modal := alice.Modal()
	for _, err := range []error{
		g.Choose(func() (workspace.Outcome, error) {
			return modal.Choose(t.Context(), "Local deployment", "evil", "evil")
		}),
		g.Choose(func() (workspace.Outcome, error) {
			return modal.Choose(t.Context(), "Remote deployment", "metr", "metrics-eu")
		}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := g.Until(t.Context(), stage.Patience, stage.ModalShows("alice", ":9443")); err != nil {
		t.Fatal(err)
	}
	for field, text := range map[string]string{"Indices that may be searched": "metrics-*", "What is it for?": evil} {
		if _, err := modal.Fill(t.Context(), field, text); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := modal.Submit(t.Context()); err != nil || out.Problem != "" || len(out.Errors) > 0 {
		t.Fatalf("%v %+v", err, out)
	}
	card, err := g.Card(t.Context(), "Approve")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := g.Slack.User("bob").PressConfirm(t.Context(), card, "Approve"); err != nil || out.Problem != "" {
		t.Fatalf("%v %+v", err, out)
	}
	stagetest.Until(t, 30*time.Second, "the end is announced", func() bool { return stage.Threads(g.Slack.State()) != "" })
	for _, msg := range g.Slack.State().In("#clusters") {
		raw := msg.Text + "\n" + strings.Join(markup(msg.Blocks), "\n")
		for _, bad := range []string{"<!channel>", "<!here>", "<https://evil", "\u202e", "\x07"} {
			if strings.Contains(raw, bad) {
				t.Errorf("a message holds %q:\n%s", bad, raw)
			}
		}
		if strings.Contains(raw, "<@U0CAROL> &lt;https") {
			t.Errorf("Carol is called by somebody else's text:\n%s", raw)
		}
	}
}

// markup is all text that Slack reads as mrkdwn; plain text is shown as it is.
func markup(v any) []string {
	var out []string
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			out = append(out, markup(one)...)
		}
	case map[string]any:
		if v["type"] == "plain_text" {
			return nil
		}
		for _, one := range v {
			out = append(out, markup(one)...)
		}
	case string:
		out = append(out, v)
	}
	return out
}
