package contract

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// boltApp is the app of slack/bolt.mjs at work.
type boltApp struct {
	*testing.T
	*workspace.Workspace
	lines chan map[string]any
}

const patience = 20 * time.Second

// met waits until the app says that it met something, and returns that.
func (a boltApp) met(what string) map[string]any {
	a.Helper()
	timeout := time.After(patience)
	for {
		select {
		case line, ok := <-a.lines:
			switch {
			case !ok:
				a.Fatalf("the app ended before it met %s", what)
			case line["met"] == what:
				return line
			case line["met"] == "error" && what != "error":
				a.Fatalf("waiting for %s: %v", what, line["text"])
			}
		case <-timeout:
			a.Fatalf("the app never met %s", what)
		}
	}
}

// sees waits for something in the workspace.
func (a boltApp) sees(wanted func(workspace.State) bool) workspace.State {
	a.Helper()
	ctx, cancel := context.WithTimeout(a.Context(), patience)
	defer cancel()
	s, err := a.WaitFor(ctx, wanted)
	if err != nil {
		a.Fatalf("not seen: %v\n%s", err, s.Transcript(s.In("C0NOTES000")))
	}
	return s
}

func startBolt(t *testing.T, mode string) boltApp {
	t.Helper()
	needNode(t)
	w := workspace.New(workspace.Options{
		Now: time.Now, Limits: 1, App: workspace.App{SocketMode: mode == "socket", Scopes: append([]string{"files:write"}, workspace.DefaultScopes...)},
		Users:    []workspace.Person{{ID: "U0ALICE", Handle: "alice", Name: "Alice"}},
		Channels: []workspace.Channel{{ID: "C0NOTES000", Name: "notes", Members: []string{"alice"}, BotIn: true}},
	})
	must(t, w.Start(t.Context()))
	t.Cleanup(w.Close)
	app := w.App()
	cmd := exec.CommandContext(t.Context(), "node", "bolt.mjs")
	cmd.Dir = "slack"
	cmd.Env = append(cmd.Environ(), "MODE="+mode, "API_URL="+w.APIURL(), "BOT_TOKEN="+app.BotToken, "APP_TOKEN="+app.AppToken,
		"SIGNING_SECRET="+app.SigningSecret, "CHANNEL=C0NOTES000")
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	must(t, cmd.Start())
	a := boltApp{T: t, Workspace: w, lines: make(chan map[string]any, 100)}
	go func() {
		defer close(a.lines)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			line := map[string]any{}
			if json.Unmarshal(scan.Bytes(), &line) == nil {
				a.lines <- line
			}
		}
	}()
	t.Cleanup(func() {
		_ = in.Close()
		for range a.lines { // the app ends when its input does
		}
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(complaints.String())
		}
	})
	started := a.met("started")
	base := fmt.Sprintf("http://127.0.0.1:%v/slack/", started["port"])
	w.SetApp(func(app *workspace.App) {
		app.CommandURL, app.InteractivityURL, app.OptionsURL, app.EventsURL = base+"commands", base+"interactivity", base+"options", base+"events"
	})
	if mode == "socket" {
		a.sees(func(s workspace.State) bool { return s.Connections > 0 })
	}
	return a
}

// done expects an act to have been acknowledged in time.
func (a boltApp) done(out workspace.Outcome, err error) workspace.Outcome {
	a.Helper()
	if err != nil || out.Problem != "" {
		a.Fatalf("%s %s %v", out.Problem, out.Shown, err)
	}
	return out
}

// TestSlacksOwnFrameworkWorksInTheStandIn plays one story with Bolt for JavaScript in the bot's place: it verifies the
// stand-in's signatures, understands its payloads, and @slack/web-api and @slack/socket-mode understand its answers.
func TestSlacksOwnFrameworkWorksInTheStandIn(t *testing.T) {
	for _, mode := range []string{"http", "socket"} {
		t.Run(mode, func(t *testing.T) {
			a := startBolt(t, mode)
			ctx, alice := t.Context(), a.User("alice")
			a.done(alice.Type(ctx, "notes", "/remote-cluster note"))
			if got := a.met("command"); got["text"] != "note" {
				t.Errorf("command: %v", got)
			}
			a.met("opened")
			a.sees(func(s workspace.State) bool { return len(s.Ephemerals("alice")) == 1 })
			modal := alice.Modal()
			if out := a.done(modal.Suggest(ctx, "Where", "me")); len(out.Options) != 2 || out.Options[1].Value != "metrics" {
				t.Errorf("options: %+v", out.Options)
			}
			a.done(modal.Choose(ctx, "Where", "met", "metrics"))
			a.met("picked")
			a.done(modal.Fill(ctx, "Note", "bad"))
			if out := a.done(modal.Submit(ctx)); out.Errors["note"] != "Write something better" {
				t.Errorf("errors: %+v", out)
			}
			a.done(modal.Fill(ctx, "Note", "hello"))
			a.Workspace.Fail(workspace.Fault{Method: "chat.postMessage", RetryAfter: 1}) // the client waits, and says it again
			a.done(modal.Submit(ctx))
			a.met("posted")
			s := a.sees(func(s workspace.State) bool { return len(s.In("notes")) == 1 })
			if shown := s.Render(s.In("notes")[0]); !strings.Contains(shown, "hello in metrics") {
				t.Errorf("posted: %s", shown)
			}
			a.done(alice.Press(ctx, s.In("notes")[0], "Done"))
			a.met("updated")
			a.done(alice.OpenHome(ctx))
			if got := a.met("published"); got["members"] != 2.0 || got["fault"] != "channel_not_found" {
				t.Errorf("published: %v", got)
			}
			if home, ok := a.State().Home("alice"); !ok || !strings.Contains(a.State().RenderView(home), "Welcome") {
				t.Error("there is no home tab")
			}
			a.done(alice.Type(ctx, "notes", "/remote-cluster picture"))
			pictured := a.met("pictured")
			file, _ := pictured["file"].(string)
			if one, ok := a.File(file); !ok || one.Title != "A dot" || pictured["refused"] != "invalid_blocks" || !a.State().MaySee("U0ALICE", file) {
				t.Errorf("pictured: %v, %+v", pictured, one)
			}
			a.done(alice.Type(ctx, "notes", "/remote-cluster again"))
			a.met("opened")
			a.done(alice.Modal().Dismiss(ctx))
			a.met("closed")
		})
	}
}

// TestBoltRefusesWhatSlackNeverSent: what the stand-in forges is refused by Slack's own check as it is by ours.
func TestBoltRefusesWhatSlackNeverSent(t *testing.T) {
	a := startBolt(t, "http")
	for name, tc := range map[string]struct {
		forgery workspace.Forgery
		status  int
	}{
		"genuine":      {workspace.Forgery{}, 200},
		"wrong secret": {workspace.Forgery{WrongSecret: true}, 401},
		"no signature": {workspace.Forgery{NoSignature: true}, 401},
		"too old":      {workspace.Forgery{Age: 6 * time.Minute}, 401},
		"tampered":     {workspace.Forgery{TamperedBody: true}, 401},
	} {
		if got := a.Forge(t.Context(), tc.forgery); got != tc.status {
			t.Errorf("%s: %d, want %d", name, got, tc.status)
		}
	}
}
