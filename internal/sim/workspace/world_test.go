package workspace_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// TestRateLimits goes through the tiers of Slack's method pages by the workspace's clock.
func TestRateLimits(t *testing.T) {
	t.Parallel()
	for method, allowed := range map[string]int{
		"usergroups.list": 20, "users.list": 20, "conversations.info": 50, "users.info": 100, "views.open": 100, "chat.update": 50,
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *workspace.Options) { o.Limits = 1 })
			for i := range allowed {
				if out := w.call(method, object{}); out["error"] == "ratelimited" {
					t.Fatalf("call %d: %v", i, out)
				}
			}
			out := w.refused("ratelimited", method, object{})
			if out["status"] != http.StatusTooManyRequests || out["retry"] != "60" {
				t.Errorf("got %v", out)
			}
			w.ok("auth.test", object{}) // other methods stay usable
			w.clock.advance(time.Minute)
			if out := w.call(method, object{}); out["error"] == "ratelimited" {
				t.Errorf("a minute later: %v", out)
			}
		})
	}
}

func TestOneMessageASecondInEachChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *workspace.Options) {
		o.Limits = 1
		o.Channels = append(o.Channels, workspace.Channel{ID: "COTHER", BotIn: true})
	})
	w.ok("chat.postMessage", object{"channel": "COPS", "text": "1"})
	if out := w.refused("ratelimited", "chat.postMessage", object{"channel": "COPS", "text": "2"}); out["retry"] != "1" {
		t.Errorf("got %v", out)
	}
	w.ok("chat.postMessage", object{"channel": "COTHER", "text": "1"})
	w.clock.advance(time.Second)
	w.ok("chat.postMessage", object{"channel": "COPS", "text": "2"})
}

func TestTimestampsAreUniqueAndGrow(t *testing.T) {
	t.Parallel()
	w := newWorld(t) // whose clock stands still
	last := ""
	for range 50 {
		ts, _ := w.ok("chat.postMessage", object{"channel": "COPS", "text": "x"})["ts"].(string)
		if ts <= last {
			t.Fatalf("%s after %s", ts, last)
		}
		last = ts
	}
}

func TestFaultsComeInOrderAndEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	say := object{"channel": "COPS", "text": "x"}
	w.Fail(workspace.Fault{Method: "chat.postMessage", Error: "internal_error", Times: 2})
	w.Fail(workspace.Fault{Method: "chat.postMessage", RetryAfter: 7})
	w.refused("internal_error", "chat.postMessage", say)
	w.ok("auth.test", object{})
	w.refused("internal_error", "chat.postMessage", say)
	if out := w.refused("ratelimited", "chat.postMessage", say); out["retry"] != "7" {
		t.Errorf("got %v", out)
	}
	w.ok("chat.postMessage", say)
	if n := len(w.State().In("ops")); n != 1 {
		t.Errorf("%d messages", n)
	}
	if calls := w.Calls("chat.postMessage"); len(calls) != 4 || calls[0].Error != "fault" || calls[3].Error != "" {
		t.Errorf("calls: %+v", calls)
	}
}

func TestLostAnswersHaveDoneTheirWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Fail(workspace.Fault{Method: "chat.postMessage", LoseAnswer: true})
	w.Fail(workspace.Fault{Method: "chat.postMessage", Hang: true})
	api := w.slack()
	if _, _, err := api.PostMessageContext(t.Context(), "COPS", slack.MsgOptionText("x", false)); err == nil {
		t.Error("the answer was not lost")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := api.PostMessageContext(ctx, "COPS", slack.MsgOptionText("y", false)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hanging: %v", err)
	}
	if n := len(w.State().In("ops")); n != 1 {
		t.Errorf("%d messages, want the one whose answer was lost", n)
	}
}

func TestTheWorldCanGetWorse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ts, _ := w.ok("chat.postMessage", object{"channel": "COPS", "text": "x"})["ts"].(string)
	w.DeleteMessage("ops", ts)
	w.refused("message_not_found", "chat.update", object{"channel": "COPS", "ts": ts, "text": "y"})
	w.Kick("ops")
	w.refused("not_in_channel", "chat.postMessage", object{"channel": "COPS", "text": "x"})
	w.Archive("ops")
	w.refused("is_archived", "chat.postMessage", object{"channel": "COPS", "text": "x"})
	w.Deactivate("bob")
	if out := w.ok("users.info", object{"user": "UBOB"}); dig(out, "user")["deleted"] != true {
		t.Errorf("got %v", out)
	}
	w.refused("user_disabled", "conversations.open", object{"users": "UBOB"})
	w.SetGroupMembers("approvers", "alice")
	if users, _ := w.ok("usergroups.users.list", object{"usergroup": "SAPPROVE"})["users"].([]any); len(users) != 1 || users[0] != "UALICE" {
		t.Errorf("got %v", users)
	}
}

func (w *world) slack(options ...slack.Option) *slack.Client {
	return slack.New(w.App().BotToken, append(options, slack.OptionAPIURL(w.APIURL()), slack.OptionHTTPClient(client))...)
}

// TestSomebodyElsesClientUnderstandsUs drives the Web API with slack-go, whose types are not ours.
func TestSomebodyElsesClientUnderstandsUs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, api := t.Context(), w.slack()
	who, err := api.AuthTestContext(ctx)
	if err != nil || who.TeamID != w.TeamID() || who.BotID != w.App().BotID {
		t.Fatalf("auth.test: %+v %v", who, err)
	}
	text := slack.NewTextBlockObject("mrkdwn", "*Connect* <@UALICE>", false, false)
	press := slack.NewButtonBlockElement("approve", "r1", slack.NewTextBlockObject("plain_text", "Approve", true, false))
	_, ts, err := api.PostMessageContext(ctx, "COPS", slack.MsgOptionText("Connect", false),
		slack.MsgOptionBlocks(slack.NewSectionBlock(text, nil, nil), slack.NewActionBlock("decide", press)),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "request", EventPayload: map[string]any{"id": "r1"}}))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := api.UpdateMessageContext(ctx, "COPS", ts, slack.MsgOptionText("Connected", false)); err != nil {
		t.Fatal(err)
	}
	if _, err := api.PostEphemeralContext(ctx, "COPS", "UALICE", slack.MsgOptionText("psst", false)); err != nil {
		t.Fatal(err)
	}
	if link, err := api.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: "COPS", Ts: ts}); err != nil || !strings.Contains(link, "/archives/COPS/p") {
		t.Fatalf("%s %v", link, err)
	}
	if err := api.AddReactionContext(ctx, "eyes", slack.NewRefToMessage("COPS", ts)); err != nil {
		t.Fatal(err)
	}
	replies, _, _, err := api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{ChannelID: "COPS", Timestamp: ts, IncludeAllMetadata: true})
	if err != nil || len(replies) != 1 || replies[0].Text != "Connected" || replies[0].Metadata.EventPayload["id"] != "r1" {
		t.Fatalf("%+v %v", replies, err)
	}
	if members, err := api.GetUserGroupMembersContext(ctx, "SAPPROVE"); err != nil || len(members) != 1 {
		t.Fatalf("%v %v", members, err)
	}
	channel, _, _, err := api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{"UALICE"}})
	if err != nil || !strings.HasPrefix(channel.ID, "D") {
		t.Fatalf("%+v %v", channel, err)
	}
	view := slack.ModalViewRequest{
		Type: slack.VTModal, Title: slack.NewTextBlockObject("plain_text", "Connect", false, false),
		Submit: slack.NewTextBlockObject("plain_text", "Ask", false, false),
		Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewInputBlock("alias", slack.NewTextBlockObject("plain_text", "Alias", false, false), nil,
			slack.NewPlainTextInputBlockElement(nil, "text"))}},
	}
	opened, err := api.OpenViewContext(ctx, w.trigger(), view)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.UpdateViewContext(ctx, view, "", opened.Hash, opened.ID); err != nil {
		t.Fatal(err)
	}
	must(t)(w.User("alice").Modal().Fill(ctx, "Alias", "logs"))
	must(t)(w.User("alice").Modal().Submit(ctx))
	raw, _ := json.Marshal(w.last())
	var callback slack.InteractionCallback
	if err := json.Unmarshal(raw, &callback); err != nil {
		t.Fatal(err)
	}
	if got := callback.View.State.Values["alias"]["text"].Value; callback.Type != slack.InteractionTypeViewSubmission || got != "logs" {
		t.Errorf("%s %q", callback.Type, got)
	}
	view.Submit = nil
	_, err = api.OpenViewContext(ctx, w.trigger(), view)
	refusal, _ := errors.AsType[slack.SlackErrorResponse](err)
	if refusal.Err != "invalid_arguments" || len(refusal.ResponseMetadata.Messages) == 0 {
		t.Errorf("got %v %v", err, refusal.ResponseMetadata.Messages)
	}
}

// TestPagesDriveTheControlAPI does over HTTP what the Go API does.
func TestPagesDriveTheControlAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	post := func(path string, body any) (int, object) {
		t.Helper()
		raw, _ := json.Marshal(body)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.ControlURL()+path, bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		out := w.do(req)
		status, _ := out["status"].(int)
		return status, out
	}
	w.answers(func(p object) (int, string) {
		if p["command"] != nil {
			w.ok("views.open", object{"trigger_id": p["trigger_id"], "view": modal(aliasInput())})
		}
		return 200, ""
	})
	for _, act := range []workspace.Act{
		{User: "alice", Do: "type", Channel: "ops", Text: "/remote-cluster connect"},
		{User: "alice", Do: "fill", Field: "Alias", Text: "logs"},
		{User: "alice", Do: "submit"},
	} {
		if _, out := post("/act", act); out["error"] != nil || out["problem"] != nil {
			t.Fatalf("%+v: %v", act, out)
		}
	}
	if got := w.last(); got["type"] != "view_submission" {
		t.Errorf("got %v", got)
	}
	if _, out := post("/act", workspace.Act{User: "alice", Do: "submit"}); out["error"] != "no modal is open" {
		t.Errorf("got %v", out)
	}
	post("/faults", workspace.Order{Fault: &workspace.Fault{Method: "chat.postMessage", Error: "fatal_error"}})
	w.refused("fatal_error", "chat.postMessage", object{"channel": "COPS", "text": "x"})

	get := func(path string) object {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.ControlURL()+path, nil)
		if err != nil {
			t.Error(err)
			return nil
		}
		return w.do(req)
	}
	before, _ := get("/state")["seq"].(float64)
	seq := int(before)
	var poll sync.WaitGroup
	poll.Go(func() {
		state := get("/state?after=" + strconv.Itoa(seq))
		if after, _ := state["seq"].(float64); int(after) <= seq {
			t.Errorf("the poll ended with nothing new: %v", state["seq"])
		}
	})
	w.ok("chat.postMessage", object{"channel": "COPS", "text": "news"})
	poll.Wait()

	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.ControlURL()+"/act", strings.NewReader(`{"user":"alice","do":"submit"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "text/plain") // what another site's form could send
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("status %d", res.StatusCode)
	}
}
