package bot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"                    //nolint:depguard // its own test
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace" //nolint:depguard // only this test: an independent reading of Slack's docs to hold bot against
)

// office is a workspace with an app that is made of nothing but bot.
type office struct {
	*workspace.Workspace
	router    *bot.Router
	messenger *bot.Messenger
}

// open starts a workspace and connects the app to it, over HTTP or Socket Mode.
func open(t *testing.T, socket bool) *office {
	t.Helper()
	w := workspace.New(workspace.Options{
		Now:   time.Now,
		Users: []workspace.Person{{ID: "UALICE", Handle: "alice"}},
		Channels: []workspace.Channel{
			{ID: "COPS", Name: "ops", Members: []string{"alice"}, BotIn: true},
		},
		App: workspace.App{SocketMode: socket, Commands: []string{"/rc"}, Scopes: append([]string{"channels:history", "files:write"}, workspace.DefaultScopes...)},
	})
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	app, transport := w.App(), &http.Transport{}
	o := &office{Workspace: w, router: bot.NewRouter(bot.Options{Teams: []string{w.TeamID()}})}
	o.messenger = bot.NewMessenger(bot.MessengerOptions{
		Token: func() string { return app.BotToken }, APIURL: w.APIURL(), HTTP: &http.Client{Transport: transport},
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	if socket {
		source := bot.NewSocketSource(o.router, bot.SocketOptions{
			AppToken: func() string { return app.AppToken }, APIURL: w.APIURL(), HTTP: &http.Client{Transport: transport},
		})
		go func() { ended <- source.Run(ctx) }()
		for w.State().Connections < 2 {
			time.Sleep(time.Millisecond)
		}
	} else {
		server := httptest.NewServer(bot.NewHTTPSource(o.router, bot.HTTPOptions{
			SigningSecrets: []func() string{func() string { return app.SigningSecret }},
		}))
		t.Cleanup(server.Close)
		w.SetApp(func(a *workspace.App) {
			a.CommandURL, a.InteractivityURL = server.URL+"/slack/commands", server.URL+"/slack/interactivity"
			a.OptionsURL, a.EventsURL = server.URL+"/slack/options", server.URL+"/slack/events"
		})
		ended <- nil
	}
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		stopping, done := context.WithTimeout(context.Background(), 10*time.Second)
		defer done()
		if err := o.router.Stop(stopping); err != nil {
			t.Error(err)
		}
		w.Close()
		transport.CloseIdleConnections()
	})
	return o
}

// everySource runs a story over HTTP and over Socket Mode: handlers cannot tell which.
func everySource(t *testing.T, story func(*testing.T, *office)) {
	t.Helper()
	for name, socket := range map[string]bool{"http": false, "socket": true} {
		t.Run(name, func(t *testing.T) { story(t, open(t, socket)) })
	}
}

func form() slack.ModalViewRequest {
	plain := func(s string) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
	}
	alias := slack.NewInputBlock("alias", plain("Alias"), nil, slack.NewPlainTextInputBlockElement(nil, "alias"))
	where := slack.NewInputBlock("where", plain("Deployment"), nil,
		slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, plain("choose"), "deployment"))
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: "connect", Title: plain("Connect"), Submit: plain("Ask"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{alias, where}},
	}
}

func card(text string) bot.Message {
	label := slack.NewTextBlockObject(slack.PlainTextType, "Approve", false, false)
	return bot.Message{Text: text, Blocks: []slack.Block{
		slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, text, false, false), nil, nil),
		slack.NewActionBlock("decide", slack.NewButtonBlockElement("approve", "r1:1", label)),
	}}
}

func TestStoryFromCommandToApproval(t *testing.T) {
	everySource(t, func(t *testing.T, o *office) {
		t.Helper()
		m, r := o.messenger, o.router
		r.OnCommand("/rc", func(ctx context.Context, c bot.Command) (bot.Answer, error) {
			_, err := m.OpenView(ctx, c.TriggerID, form())
			return bot.Answer{}, err
		})
		r.OnSuggest("deployment", func(_ context.Context, s bot.Suggestion) (bot.Answer, error) {
			label := slack.NewTextBlockObject(slack.PlainTextType, s.Typed+"uction", false, false)
			return bot.Answer{Body: slack.OptionsResponse{
				Options: []*slack.OptionBlockObject{slack.NewOptionBlockObject("d1", label, nil)},
			}}, nil
		})
		r.OnSubmit("connect", func(_ context.Context, s bot.Submission) (bot.Answer, error) {
			alias := s.View.State.At("alias", "alias").Text
			if alias == "bad" {
				return bot.Answer{Body: slack.NewErrorsViewSubmissionResponse(map[string]string{"alias": "not this one"})}, nil
			}
			text := alias + " to " + s.View.State.At("where", "deployment").Option.Value
			return bot.Answer{Then: func(ctx context.Context) error {
				_, err := m.Post(ctx, "COPS", card(text))
				return err
			}}, nil
		}, nil)
		r.OnAction("approve", func(_ context.Context, a bot.Action) (bot.Answer, error) {
			return bot.Answer{Then: func(ctx context.Context) error {
				at := bot.Posted{Channel: a.Channel, TS: a.Message}
				return errors.Join(
					m.Update(ctx, at, bot.Message{Text: "approved " + a.Value.Text}),
					m.Respond(ctx, a.ResponseURL, bot.Message{Text: "thank you"}, false))
			}}, nil
		})

		ctx, alice := t.Context(), o.User("alice")
		if out, err := alice.Type(ctx, "ops", "/rc connect"); err != nil || out.Problem != "" {
			t.Fatalf("%+v, %v", out, err)
		}
		modal := alice.Modal()
		mustDo(t)(modal.Fill(ctx, "Alias", "bad"))
		mustDo(t)(modal.Choose(ctx, "Deployment", "prod", "production"))
		if out, err := modal.Submit(ctx); err != nil || out.Errors["alias"] != "not this one" {
			t.Fatalf("%+v, %v", out, err)
		}
		mustDo(t)(modal.Fill(ctx, "Alias", "good"))
		mustDo(t)(modal.Submit(ctx))
		posted := o.waitFor(t, "good to d1")
		mustDo(t)(alice.Press(ctx, posted, "Approve"))
		o.waitFor(t, "approved r1:1")
		o.waitFor(t, "thank you")
	})
}

func TestAModalThatAnAnswerPutsUpIsReplacedByItsName(t *testing.T) {
	everySource(t, func(t *testing.T, o *office) {
		t.Helper()
		m, r := o.messenger, o.router
		named := func(say string) slack.ModalViewRequest {
			return slack.ModalViewRequest{
				Type: slack.VTModal, ExternalID: "this one", Title: form().Title, Blocks: slack.Blocks{BlockSet: card(say).Blocks},
			}
		}
		r.OnCommand("/rc", func(ctx context.Context, c bot.Command) (bot.Answer, error) {
			if _, err := m.UpdateNamedView(ctx, named("too early")); err == nil {
				t.Error("a modal that is not there was replaced")
			}
			short := form()
			short.Blocks.BlockSet = short.Blocks.BlockSet[:1]
			_, err := m.OpenView(ctx, c.TriggerID, short)
			return bot.Answer{}, err
		})
		r.OnSubmit("connect", func(context.Context, bot.Submission) (bot.Answer, error) {
			v := named("wait")
			return bot.Answer{Body: slack.NewPushViewSubmissionResponse(&v), Then: func(ctx context.Context) error {
				for ctx.Err() == nil { // Slack puts it up when it has read the answer
					if _, err := m.UpdateNamedView(ctx, named("done")); err == nil {
						return nil
					}
					time.Sleep(10 * time.Millisecond)
				}
				return ctx.Err()
			}}, nil
		}, nil)
		alice := o.User("alice")
		mustDo(t)(alice.Type(t.Context(), "ops", "/rc connect"))
		modal := alice.Modal()
		mustDo(t)(modal.Fill(t.Context(), "Alias", "good"))
		mustDo(t)(modal.Submit(t.Context()))
		_, err := o.WaitFor(t.Context(), func(s workspace.State) bool {
			v, open := s.Modal("alice")
			return open && v.ExternalID == "this one" && len(s.Modals["UALICE"]) == 2 && strings.Contains(fmt.Sprint(v.Blocks), "done")
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestHomeIsPublishedWhenItIsOpened(t *testing.T) {
	everySource(t, func(t *testing.T, o *office) {
		t.Helper()
		o.router.OnHome(func(_ context.Context, h bot.HomeOpened) (bot.Answer, error) {
			return bot.Answer{Then: func(ctx context.Context) error {
				return o.messenger.PublishHome(ctx, h.User.ID, slack.HomeTabViewRequest{
					Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: card("hello").Blocks},
				})
			}}, nil
		})
		mustDo(t)(o.User("alice").OpenHome(t.Context()))
		_, err := o.WaitFor(t.Context(), func(s workspace.State) bool { _, there := s.Home("UALICE"); return there })
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestLostAnswerIsFoundInTheWorkspace(t *testing.T) {
	o := open(t, false)
	msg := card("lost")
	msg.Metadata = &bot.Metadata{Type: "request", Payload: map[string]any{"id": "r1"}}
	mine := func(md bot.Metadata) bool { return md.Payload["id"] == "r1" }
	before := time.Now().Add(-time.Minute)
	if _, found, err := o.messenger.FindPosted(t.Context(), "COPS", "", before, time.Time{}, mine); err != nil || found {
		t.Fatalf("%v, %v", found, err)
	}
	o.Fail(workspace.Fault{Method: "chat.postMessage", LoseAnswer: true})
	_, err := o.messenger.Post(t.Context(), "COPS", msg)
	if e, ok := errors.AsType[*bot.Error](err); !ok || !e.Ambiguous {
		t.Fatalf("posting: %v", err)
	}
	p, found, err := o.messenger.FindPosted(t.Context(), "COPS", "", before, time.Time{}, mine)
	if err != nil || !found {
		t.Fatalf("%v, %v", found, err)
	}
	if err := o.messenger.Update(t.Context(), p, bot.Message{Text: "found"}); err != nil {
		t.Error(err)
	}
	if err := o.messenger.Delete(t.Context(), p); err != nil {
		t.Error(err)
	}
}

func mustDo(t *testing.T) func(workspace.Outcome, error) {
	t.Helper()
	return func(out workspace.Outcome, err error) {
		t.Helper()
		if err != nil || out.Problem != "" || len(out.Errors) > 0 {
			t.Fatalf("%+v, %v", out, err)
		}
	}
}

// waitFor waits for a message that says text.
func (o *office) waitFor(t *testing.T, text string) workspace.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var found workspace.Message
	_, err := o.WaitFor(ctx, func(s workspace.State) bool {
		for _, msg := range append(s.In("ops"), s.Ephemerals("UALICE")...) {
			if strings.Contains(msg.Text, text) {
				found = msg
				return true
			}
		}
		return false
	})
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return found
}

func TestWorkspaceShowsAnUploadedPicture(t *testing.T) {
	t.Parallel()
	o := open(t, false)
	var drawn bytes.Buffer
	if err := png.Encode(&drawn, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	file, err := o.messenger.Upload(t.Context(), bot.Picture{Name: "map.png", Alt: "a map", PNG: drawn.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	dm, err := o.messenger.OpenDM(t.Context(), "UALICE")
	if err != nil {
		t.Fatal(err)
	}
	shown := slack.NewImageBlockSlackFile(&slack.SlackFileObject{ID: file}, "a map", "", nil)
	if _, err := o.messenger.PostPicture(t.Context(), dm, bot.Message{Text: "a map", Blocks: []slack.Block{shown}}); err != nil {
		t.Fatal(err)
	}
	if !o.State().MaySee("UALICE", file) {
		t.Error("she does not see it")
	}
}
