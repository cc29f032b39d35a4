package handlerstest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
)

// Workspace is Slack as far as handlers and notifier see it. It refuses what breaks Slack's limits, keeps what was typed
// in a modal as Slack does, and fails on order.
type Workspace struct {
	t  *testing.T
	Mu sync.Mutex

	Messages []*message
	Modals   map[string]*modal
	told     []told
	Told     []bot.Message // the same as told, whole
	Calls    map[string]int
	Fail     map[string][]error // by method: what the next calls answer; nil lets one through
	Delayed  map[string]bool    // the next call has its effect when later is called, and its answer is lost
	Later    []func()
	Lost     map[string]bool // the next call has its effect, and its answer is lost
	Homes    map[string]slack.HomeTabViewRequest
	NoPlans  bool   // plan blocks are refused
	NoTables bool   // data_table blocks are refused
	archived string // a channel that takes nothing; reading it goes on
	Takes    int    // the longest text that is taken, blocks are not; 0: anything
	Searched [][2]time.Time
	Uploads  []bot.Picture
}

type message struct {
	Channel, Ts string
	Msg         bot.Message
	Deleted     bool
	Updates     int
}

type told struct{ via, channel, user, text string }

func NewWorkspace(t *testing.T) *Workspace {
	t.Helper()
	return &Workspace{
		t: t, Modals: map[string]*modal{}, Calls: map[string]int{}, Fail: map[string][]error{}, Lost: map[string]bool{}, Delayed: map[string]bool{},
		Homes: map[string]slack.HomeTabViewRequest{},
	}
}

// enter counts a call and says what it was ordered to answer.
func (w *Workspace) enter(method string) error {
	w.Calls[method]++
	if len(w.Fail[method]) == 0 {
		return nil
	}
	err := w.Fail[method][0]
	w.Fail[method] = w.Fail[method][1:]
	return err
}

func (w *Workspace) leave(method string) error {
	if !w.Lost[method] {
		return nil
	}
	delete(w.Lost, method)
	return &bot.Error{Method: method, Kind: bot.Unavailable, Ambiguous: true}
}

func (w *Workspace) check(msg bot.Message) error {
	if err := CheckMessage(msg); err != nil {
		w.t.Errorf("message against Slack's limits: %v", err)
	}
	if msg.Text == "" {
		w.t.Error("a message without text says nothing to a screen reader")
	}
	if w.Takes > 0 && (len(msg.Blocks) > 0 || len(msg.Text) > w.Takes) {
		return &bot.Error{Method: "chat", Code: "msg_too_long", Kind: bot.BadBlocks}
	}
	if w.NoPlans && len(msg.Blocks) > 0 && msg.Blocks[0].BlockType() == slack.MBTPlan {
		return &bot.Error{Method: "chat", Code: "invalid_blocks", Kind: bot.BadBlocks}
	}
	if w.NoTables && slices.ContainsFunc(msg.Blocks, func(b slack.Block) bool { return b.BlockType() == slack.MBTDataTable }) {
		return &bot.Error{Method: "chat", Code: "invalid_blocks", Kind: bot.BadBlocks}
	}
	return nil
}

func (w *Workspace) Post(_ context.Context, channel string, msg bot.Message) (bot.Posted, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	if err := w.enter("post"); err != nil {
		return bot.Posted{}, err
	}
	if err := w.check(msg); err != nil {
		return bot.Posted{}, err
	}
	if channel == w.archived {
		return bot.Posted{}, &bot.Error{Method: "chat.postMessage", Code: "is_archived", Kind: bot.Gone}
	}
	if w.Delayed["post"] {
		delete(w.Delayed, "post")
		w.Later = append(w.Later, func() { w.add(channel, msg) })
		return bot.Posted{}, &bot.Error{Method: "post", Kind: bot.Unavailable, Ambiguous: true}
	}
	m := w.add(channel, msg)
	return bot.Posted{Channel: channel, TS: m.Ts}, w.leave("post")
}

func (w *Workspace) add(channel string, msg bot.Message) *message {
	m := &message{Channel: channel, Ts: fmt.Sprintf("%d.%06d", time.Now().Unix(), 100+len(w.Messages)), Msg: msg}
	w.Messages = append(w.Messages, m)
	return m
}

func (w *Workspace) Delete(_ context.Context, p bot.Posted) error {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	for _, m := range w.Messages {
		if m.Ts == p.TS && m.Channel == p.Channel {
			m.Deleted = true
		}
	}
	return nil
}

func (w *Workspace) Update(_ context.Context, p bot.Posted, msg bot.Message) error {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	if err := w.enter("update"); err != nil {
		return err
	}
	if err := w.check(msg); err != nil {
		return err
	}
	if p.Channel == w.archived {
		return &bot.Error{Method: "chat.update", Code: "is_inactive", Kind: bot.Gone}
	}
	for _, m := range w.Messages {
		if m.Ts == p.TS && m.Channel == p.Channel && !m.Deleted {
			m.Msg.Text, m.Msg.Blocks = msg.Text, msg.Blocks
			m.Updates++
			return w.leave("update")
		}
	}
	return &bot.Error{Method: "chat.update", Code: "message_not_found", Kind: bot.Gone}
}

func (w *Workspace) FindPosted(_ context.Context, channel, thread string, since, until time.Time, match func(bot.Metadata) bool) (bot.Posted, bool, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	if err := w.enter("find"); err != nil {
		return bot.Posted{}, false, err
	}
	w.Searched = append(w.Searched, [2]time.Time{since, until})
	for _, m := range w.Messages {
		at, err := bot.MessageTime(m.Ts)
		if err != nil {
			return bot.Posted{}, false, err
		}
		if at.Before(since) || !until.IsZero() && at.After(until) {
			continue
		}
		if m.Channel == channel && m.Msg.Thread == thread && !m.Deleted && m.Msg.Metadata != nil && match(*m.Msg.Metadata) {
			return bot.Posted{Channel: channel, TS: m.Ts}, true, nil
		}
	}
	return bot.Posted{}, false, nil
}

func (w *Workspace) tell(via, channel, user string, msg bot.Message) error {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	if err := w.enter(via); err != nil {
		return err
	}
	if err := w.check(msg); err != nil {
		return err
	}
	w.Told = append(w.Told, msg)
	w.told = append(w.told, told{via, channel, user, msg.Text})
	return nil
}

func (w *Workspace) Ephemeral(_ context.Context, channel, user string, msg bot.Message) error {
	return w.tell("ephemeral", channel, user, msg)
}

func (w *Workspace) Respond(_ context.Context, responseURL string, msg bot.Message, _ bool) error {
	return w.tell("respond", responseURL, "", msg)
}

func (w *Workspace) OpenDM(_ context.Context, user string) (string, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	return "D" + user, w.enter("dm")
}

// Upload notes what was uploaded.
func (w *Workspace) Upload(_ context.Context, p bot.Picture) (string, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	w.Uploads = append(w.Uploads, p)
	return fmt.Sprintf("F%09d", len(w.Uploads)), w.enter("upload")
}

func (w *Workspace) PostPicture(ctx context.Context, channel string, msg bot.Message) (bot.Posted, error) {
	return w.Post(ctx, channel, msg)
}

func (w *Workspace) Permalink(_ context.Context, p bot.Posted) (string, error) {
	return "https://example.slack.com/archives/" + p.Channel + "/p" + strings.ReplaceAll(p.TS, ".", ""), nil
}

func (w *Workspace) Metadata(_ context.Context, p bot.Posted, _ string) (bot.Metadata, bool, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	for _, m := range w.Messages {
		if m.Ts == p.TS && m.Channel == p.Channel && m.Msg.Metadata != nil {
			return *m.Msg.Metadata, true, w.enter("metadata")
		}
	}
	return bot.Metadata{}, false, w.enter("metadata")
}

// Visible are the messages that are there, oldest first.
func (w *Workspace) Visible() []message {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	var out []message
	for _, m := range w.Messages {
		if !m.Deleted {
			out = append(out, *m)
		}
	}
	return out
}

// Slot is the visible message of a slot; it fails the test if there is not exactly one.
func (w *Workspace) Slot(slot string) message {
	w.t.Helper()
	var found []message
	for _, m := range w.Visible() {
		if m.Msg.Metadata != nil && m.Msg.Metadata.Payload["slot"] == slot {
			found = append(found, m)
		}
	}
	if len(found) != 1 {
		w.t.Fatalf("there are %d messages in slot %q, want 1", len(found), slot)
	}
	return found[0]
}

func (w *Workspace) Count(method string) int {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	return w.Calls[method]
}

func (w *Workspace) Order(method string, errs ...error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	w.Fail[method] = append(w.Fail[method], errs...)
}

// saidTo is everything that was told privately, in one text.
func (w *Workspace) Said() string {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	var out []string
	for _, s := range w.told {
		out = append(out, s.text)
	}
	return strings.Join(out, "\n")
}

func ToJSON(t *testing.T, v any) string {
	t.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func (w *Workspace) PublishHome(_ context.Context, user string, v slack.HomeTabViewRequest) error {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	if err := w.enter("home"); err != nil {
		return err
	}
	if err := CheckHome(v); err != nil {
		w.t.Errorf("home tab against Slack's limits: %v", err)
	}
	w.Homes[user] = v
	return nil
}

func (w *Workspace) Archive(channel string) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	w.archived = channel
}

func (w *Workspace) Direct(user string) string {
	var all []string
	for _, m := range w.Visible() {
		if m.Channel == "D"+user {
			all = append(all, m.Msg.Text)
		}
	}
	return strings.Join(all, "\n")
}
