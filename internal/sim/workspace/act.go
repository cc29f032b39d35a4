package workspace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/socketmode"
)

// User is somebody to act as. What a person cannot do in Slack's client is an error; what the app answers, or
// fails to answer, is an Outcome.
type User struct {
	w    *courier
	name string
}

// User acts as a member, by handle or id.
func (c *courier) User(name string) *User { return &User{w: c, name: name} }

// Outcome is what the person saw come back at once.
type Outcome struct {
	// Problem is empty if the app acknowledged in time, else operation_timeout, dispatch_failed,
	// http_client_error, http_service_error or bad_answer.
	Problem string `json:"problem,omitempty"`
	// Shown is the sentence or warning on the person's screen, empty if nothing was said.
	Shown string `json:"shown,omitempty"`
	// Options are what a select offered.
	Options []Choice `json:"options,omitempty"`
	// Confirm is the dialog that asks before a press is sent; PressConfirm goes on.
	Confirm *Confirm `json:"confirm,omitempty"`
	// Errors are beside the fields of a modal, by block_id.
	Errors map[string]string `json:"errors,omitempty"`
}

// Choice is an option of a select.
type Choice struct {
	Text        string `json:"text"`
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
	Group       string `json:"group,omitempty"`
}

// Confirm is a confirmation dialog.
type Confirm struct {
	Title string `json:"title"`
	Text  string `json:"text"`
	Yes   string `json:"yes"`
	No    string `json:"no"`
}

// member finds who acts; the lock is held.
func (u *User) member() (*Person, error) {
	p := u.w.person(u.name)
	switch {
	case p == nil:
		return nil, fmt.Errorf("there is no user %q", u.name)
	case p.Deleted:
		return nil, fmt.Errorf("user %q is deactivated", u.name)
	}
	return p, nil
}

// in finds a channel that the person can write in; the lock is held. "" is the direct message with the app.
func (u *User) in(name string) (*Person, *Channel, error) {
	p, err := u.member()
	if err != nil {
		return nil, nil, err
	}
	if name == "" {
		c, _ := u.w.im(p.ID)
		return p, c, nil
	}
	c := u.w.channel(name)
	switch {
	case c == nil:
		return nil, nil, fmt.Errorf("there is no channel %q", name)
	case c.Archived:
		return nil, nil, fmt.Errorf("channel %q is archived", name)
	case !c.has(p.ID):
		return nil, nil, fmt.Errorf("%s is not in channel %q", u.name, name)
	}
	return p, c, nil
}

// Say posts a message of the person's own and returns its ts.
func (u *User) Say(channel, thread, text string) (string, error) {
	u.w.mu.Lock()
	defer u.w.mu.Unlock()
	p, c, err := u.in(channel)
	if err != nil {
		return "", err
	}
	return u.w.post(Message{Channel: c.ID, Thread: thread, User: p.ID, Text: typed.Replace(text)}).TS, nil
}

// typed turns what a person types into the text of a message: "&, <, and > [are] control characters" (Slack's docs,
// formatting text) and only Slack's own client writes them, around mentions and links.
var typed = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// Type types a slash command, such as "/remote-cluster connect", into a channel ("" is the direct message with
// the app). Slash commands do not work in threads.
func (u *User) Type(ctx context.Context, channel, line string) (Outcome, error) {
	command, text, _ := strings.Cut(strings.TrimSpace(line), " ")
	if !strings.HasPrefix(command, "/") {
		return Outcome{}, fmt.Errorf("%q is not a slash command", line)
	}
	u.w.mu.Lock()
	p, c, err := u.in(channel)
	switch {
	case err != nil:
	case !slices.Contains(u.w.app.Commands, command):
		err = fmt.Errorf("%s is not a valid command. In Slack, all messages that start with the \"/\" character are interpreted as commands", command)
	case !slices.Contains(u.w.app.Scopes, "commands"):
		err = fmt.Errorf("%s is not a valid command: the app has no commands scope", command)
	}
	if err != nil {
		u.w.mu.Unlock()
		return Outcome{}, err
	}
	payload := u.w.commandPayload(p, c, command, strings.TrimSpace(text))
	u.w.mu.Unlock()

	answer := u.w.deliver(ctx, delivery{kind: socketmode.Command, payload: payload})
	if answer.problem != "" {
		return Outcome{Problem: answer.problem, Shown: fmt.Sprintf("%s failed with the error %q", command, answer.problem)}, nil
	}
	return sayAnswer(u.w.team, answer, p.ID, c.ID), nil
}

// sayAnswer posts what a command's acknowledgement says: plain text, or a JSON message.
func sayAnswer(t *team, answer ack, user, channel string) Outcome {
	args := answer.json()
	if args == nil {
		if strings.TrimSpace(string(answer.body)) == "" {
			return Outcome{}
		}
		args = object{"text": string(answer.body)}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r := &request{team: t, method: "ack", args: args}
	said, problem := r.content()
	if problem != nil {
		return Outcome{Problem: "bad_answer", Shown: problem.code + " " + strings.Join(problem.messages, "; ")}
	}
	if said.empty() {
		return Outcome{}
	}
	m := said.sayFrom(t, &responseURL{channel: channel, user: user}, r.str("response_type"), "")
	return Outcome{Shown: t.snapshot().Render(m.clone())}
}

// Shortcut runs a global shortcut by its callback_id.
func (u *User) Shortcut(ctx context.Context, callbackID string) (Outcome, error) {
	u.w.mu.Lock()
	p, err := u.member()
	if err == nil && !u.w.app.has(callbackID, false) {
		err = fmt.Errorf("the app has no global shortcut %q", callbackID)
	}
	if err != nil {
		u.w.mu.Unlock()
		return Outcome{}, err
	}
	payload := u.w.interaction("shortcut", p)
	payload["callback_id"], payload["action_ts"] = callbackID, u.w.newTS()
	payload["trigger_id"] = u.w.newTrigger(p.ID, false)
	u.w.mu.Unlock()
	return u.interact(ctx, payload), nil
}

// MessageShortcut runs a message shortcut on a message.
func (u *User) MessageShortcut(ctx context.Context, m Message, callbackID string) (Outcome, error) {
	u.w.mu.Lock()
	p, err := u.member()
	c := u.w.channel(m.Channel)
	live := u.w.message(m.Channel, m.TS)
	switch {
	case err != nil:
	case c == nil || live == nil || live.Ephemeral():
		err = errors.New("message shortcuts need a message that everybody sees")
	case !u.w.app.has(callbackID, true):
		err = fmt.Errorf("the app has no message shortcut %q", callbackID)
	}
	if err != nil {
		u.w.mu.Unlock()
		return Outcome{}, err
	}
	payload := u.w.interaction("message_action", p)
	delete(payload, "api_app_id") // which this one payload does not carry (Bolt's MessageShortcut)
	payload["callback_id"], payload["action_ts"], payload["message_ts"] = callbackID, u.w.newTS(), m.TS
	payload["trigger_id"] = u.w.newTrigger(p.ID, false)
	payload["channel"], payload["message"] = c.named(), live.payload(u.w.opts.TeamID, true)
	payload["response_url"] = u.w.newResponseURL(responseURL{channel: c.ID, user: p.ID, thread: replyThread(live), message: live})
	u.w.mu.Unlock()
	return u.interact(ctx, payload), nil
}

// OpenHome opens the app's home tab: the app hears app_home_opened.
func (u *User) OpenHome(ctx context.Context) (Outcome, error) {
	u.w.mu.Lock()
	p, err := u.member()
	if err != nil {
		u.w.mu.Unlock()
		return Outcome{}, err
	}
	c, _ := u.w.im(p.ID)
	event := object{"type": "app_home_opened", "user": p.ID, "channel": c.ID, "tab": "home", "event_ts": u.w.newTS()}
	if v := u.w.homes[p.ID]; v != nil {
		event["view"] = u.w.viewPayload(v)
	}
	payload := u.w.eventPayload(event)
	u.w.mu.Unlock()
	answer := u.w.deliver(ctx, delivery{kind: socketmode.Event, payload: payload})
	return Outcome{Problem: answer.problem}, nil
}

// interact delivers an interaction whose acknowledgement has no content.
func (u *User) interact(ctx context.Context, payload object) Outcome {
	answer := u.w.deliver(ctx, delivery{kind: socketmode.Interactive, payload: payload})
	if answer.problem != "" {
		return Outcome{Problem: answer.problem, Shown: "⚠ This app didn't respond in time or failed. Try again?"}
	}
	return Outcome{}
}
