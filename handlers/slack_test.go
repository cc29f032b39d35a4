package handlers

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
)

// workspace is Slack as far as handlers and notifier see it. It refuses what breaks Slack's limits, keeps what was typed
// in a modal as Slack does, and fails on order.
type workspace struct {
	t  *testing.T
	mu sync.Mutex

	messages []*message
	modals   map[string]*modal
	told     []told
	heard    []bot.Message // the same as told, whole
	calls    map[string]int
	fail     map[string][]error // by method: what the next calls answer; nil lets one through
	delayed  map[string]bool    // the next call has its effect when later is called, and its answer is lost
	later    []func()
	lost     map[string]bool // the next call has its effect, and its answer is lost
	homes    map[string]slack.HomeTabViewRequest
	noPlans  bool   // plan blocks are refused
	archived string // a channel that takes nothing; reading it goes on
	takes    int    // the longest text that is taken, blocks are not; 0: anything
	searched [][2]time.Time
}

type message struct {
	channel, ts string
	msg         bot.Message
	deleted     bool
	updates     int
}

type told struct{ via, channel, user, text string }

type modal struct {
	view  slack.ModalViewRequest
	hash  int
	state bot.State
}

func newWorkspace(t *testing.T) *workspace {
	t.Helper()
	return &workspace{
		t: t, modals: map[string]*modal{}, calls: map[string]int{}, fail: map[string][]error{}, lost: map[string]bool{}, delayed: map[string]bool{},
		homes: map[string]slack.HomeTabViewRequest{},
	}
}

// enter counts a call and says what it was ordered to answer.
func (w *workspace) enter(method string) error {
	w.calls[method]++
	if len(w.fail[method]) == 0 {
		return nil
	}
	err := w.fail[method][0]
	w.fail[method] = w.fail[method][1:]
	return err
}

func (w *workspace) leave(method string) error {
	if !w.lost[method] {
		return nil
	}
	delete(w.lost, method)
	return &bot.Error{Method: method, Kind: bot.Unavailable, Ambiguous: true}
}

func (w *workspace) check(msg bot.Message) error {
	if err := bot.CheckMessage(msg); err != nil {
		w.t.Errorf("message against Slack's limits: %v", err)
	}
	if msg.Text == "" {
		w.t.Error("a message without text says nothing to a screen reader")
	}
	if w.takes > 0 && (len(msg.Blocks) > 0 || len(msg.Text) > w.takes) {
		return &bot.Error{Method: "chat", Code: "msg_too_long", Kind: bot.BadBlocks}
	}
	if w.noPlans && len(msg.Blocks) > 0 && msg.Blocks[0].BlockType() == slack.MBTPlan {
		return &bot.Error{Method: "chat", Code: "invalid_blocks", Kind: bot.BadBlocks}
	}
	return nil
}

func (w *workspace) Post(_ context.Context, channel string, msg bot.Message) (bot.Posted, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.enter("post"); err != nil {
		return bot.Posted{}, err
	}
	if err := w.check(msg); err != nil {
		return bot.Posted{}, err
	}
	if channel == w.archived {
		return bot.Posted{}, &bot.Error{Method: "chat.postMessage", Code: "is_archived", Kind: bot.Gone}
	}
	if w.delayed["post"] {
		delete(w.delayed, "post")
		w.later = append(w.later, func() { w.add(channel, msg) })
		return bot.Posted{}, &bot.Error{Method: "post", Kind: bot.Unavailable, Ambiguous: true}
	}
	m := w.add(channel, msg)
	return bot.Posted{Channel: channel, TS: m.ts}, w.leave("post")
}

func (w *workspace) add(channel string, msg bot.Message) *message {
	m := &message{channel: channel, ts: fmt.Sprintf("%d.%06d", time.Now().Unix(), 100+len(w.messages)), msg: msg}
	w.messages = append(w.messages, m)
	return m
}

func (w *workspace) Delete(_ context.Context, p bot.Posted) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.messages {
		if m.ts == p.TS && m.channel == p.Channel {
			m.deleted = true
		}
	}
	return nil
}

func (w *workspace) Update(_ context.Context, p bot.Posted, msg bot.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.enter("update"); err != nil {
		return err
	}
	if err := w.check(msg); err != nil {
		return err
	}
	if p.Channel == w.archived {
		return &bot.Error{Method: "chat.update", Code: "is_inactive", Kind: bot.Gone}
	}
	for _, m := range w.messages {
		if m.ts == p.TS && m.channel == p.Channel && !m.deleted {
			m.msg.Text, m.msg.Blocks = msg.Text, msg.Blocks
			m.updates++
			return w.leave("update")
		}
	}
	return &bot.Error{Method: "chat.update", Code: "message_not_found", Kind: bot.Gone}
}

func (w *workspace) FindPosted(_ context.Context, channel, thread string, since, until time.Time, match func(bot.Metadata) bool) (bot.Posted, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.enter("find"); err != nil {
		return bot.Posted{}, false, err
	}
	w.searched = append(w.searched, [2]time.Time{since, until})
	for _, m := range w.messages {
		at, err := messageTime(m.ts)
		if err != nil {
			return bot.Posted{}, false, err
		}
		if at.Before(since) || !until.IsZero() && at.After(until) {
			continue
		}
		if m.channel == channel && m.msg.Thread == thread && !m.deleted && m.msg.Metadata != nil && match(*m.msg.Metadata) {
			return bot.Posted{Channel: channel, TS: m.ts}, true, nil
		}
	}
	return bot.Posted{}, false, nil
}

func (w *workspace) tell(via, channel, user string, msg bot.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.enter(via); err != nil {
		return err
	}
	if err := w.check(msg); err != nil {
		return err
	}
	w.heard = append(w.heard, msg)
	w.told = append(w.told, told{via, channel, user, msg.Text})
	return nil
}

func (w *workspace) Ephemeral(_ context.Context, channel, user string, msg bot.Message) error {
	return w.tell("ephemeral", channel, user, msg)
}

func (w *workspace) Respond(_ context.Context, responseURL string, msg bot.Message, _ bool) error {
	return w.tell("respond", responseURL, "", msg)
}

func (w *workspace) OpenDM(_ context.Context, user string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return "D" + user, w.enter("dm")
}

func (w *workspace) Permalink(_ context.Context, p bot.Posted) (string, error) {
	return "https://example.slack.com/archives/" + p.Channel + "/p" + strings.ReplaceAll(p.TS, ".", ""), nil
}

func (w *workspace) Metadata(_ context.Context, p bot.Posted, _ string) (bot.Metadata, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.messages {
		if m.ts == p.TS && m.channel == p.Channel && m.msg.Metadata != nil {
			return *m.msg.Metadata, true, w.enter("metadata")
		}
	}
	return bot.Metadata{}, false, w.enter("metadata")
}

func (w *workspace) OpenView(_ context.Context, trigger string, v slack.ModalViewRequest) (bot.View, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.enter("open"); err != nil {
		return bot.View{}, err
	}
	w.checkModal(v)
	id := "V" + trigger
	w.modals[id] = &modal{view: v, state: inputs(w.t, v, nil)}
	return w.modals[id].asView(id), nil
}

func (w *workspace) UpdateView(_ context.Context, id, hash string, v slack.ModalViewRequest) (bot.View, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.enter("updateView"); err != nil {
		return bot.View{}, err
	}
	w.checkModal(v)
	m, ok := w.modals[id]
	if !ok {
		return bot.View{}, &bot.Error{Method: "views.update", Code: "not_found", Kind: bot.Gone}
	}
	if hash != "" && hash != fmt.Sprint(m.hash) {
		return bot.View{}, &bot.Error{Method: "views.update", Code: "hash_conflict", Kind: bot.Conflict}
	}
	m.view, m.hash, m.state = v, m.hash+1, inputs(w.t, v, m.state)
	return m.asView(id), nil
}

func (w *workspace) UpdateNamedView(ctx context.Context, v slack.ModalViewRequest) (bot.View, error) {
	return w.UpdateView(ctx, v.ExternalID, "", v)
}

// push puts up a modal that an answer asked for. It is known by its external_id alone.
func (w *workspace) push(v slack.ModalViewRequest) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.checkModal(v)
	w.modals[v.ExternalID] = &modal{view: v, state: inputs(w.t, v, nil)}
}

// close closes a modal.
func (w *workspace) close(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.modals, id)
}

func (w *workspace) checkModal(v slack.ModalViewRequest) {
	w.t.Helper()
	if err := bot.CheckModal(v); err != nil {
		w.t.Errorf("modal against Slack's limits: %v", err)
	}
}

// view is a modal as Slack sends it back.
func (m *modal) asView(id string) bot.View {
	state := bot.State{}
	for block, actions := range m.state {
		state[block] = slices.Clone(actions)
	}
	return bot.View{
		ID: id, Hash: fmt.Sprint(m.hash), CallbackID: m.view.CallbackID, Metadata: m.view.PrivateMetadata, State: state,
	}
}

// inputs is what a modal's inputs hold: what was typed in blocks that stay, the initial value in new ones.
func inputs(t *testing.T, v slack.ModalViewRequest, before bot.State) bot.State {
	t.Helper()
	now := bot.State{}
	for _, b := range v.Blocks.BlockSet {
		in, ok := b.(*slack.InputBlock)
		if !ok {
			continue
		}
		if was, ok := before[in.BlockID]; ok {
			now[in.BlockID] = was
			continue
		}
		action, value := initial(t, in)
		value.Action = action
		now[in.BlockID] = []bot.Value{value}
	}
	return now
}

func initial(t *testing.T, in *slack.InputBlock) (action string, v bot.Value) {
	t.Helper()
	switch e := in.Element.(type) {
	case *slack.PlainTextInputBlockElement:
		return e.ActionID, bot.Value{Type: string(e.Type), Text: e.InitialValue}
	case *slack.SelectBlockElement:
		return e.ActionID, bot.Value{Type: e.Type, Option: asOption(e.InitialOption)}
	case *slack.RadioButtonsBlockElement:
		return e.ActionID, bot.Value{Type: string(e.Type), Option: asOption(e.InitialOption)}
	case *slack.CheckboxGroupsBlockElement:
		v := bot.Value{Type: string(e.Type)}
		for _, o := range e.InitialOptions {
			v.Options = append(v.Options, asOption(o))
		}
		return e.ActionID, v
	}
	t.Fatalf("input %s of a kind that this workspace does not know", in.BlockID)
	return "", bot.Value{}
}

func asOption(o *slack.OptionBlockObject) bot.Option {
	if o == nil {
		return bot.Option{}
	}
	return bot.Option{Value: o.Value, Text: o.Text.Text}
}

// set fills a field in, as a person does.
func (w *workspace) set(id, field string, v bot.Value) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for block, actions := range w.modals[id].state {
		if name, _, _ := strings.Cut(block, ":"); name == field {
			v.Action = actions[0].Action
			w.modals[id].state[block] = []bot.Value{v}
			return
		}
	}
	w.t.Fatalf("the modal has no field %s", field)
}

func (w *workspace) get(id, field string) bot.Value {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for block, actions := range w.modals[id].state {
		if name, _, _ := strings.Cut(block, ":"); name == field {
			for _, v := range actions {
				return v
			}
		}
	}
	w.t.Fatalf("the modal has no field %s", field)
	return bot.Value{}
}

func (w *workspace) has(id, field string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(slices.Collect(maps.Keys(w.modals[id].state)), func(block string) bool {
		name, _, _ := strings.Cut(block, ":")
		return name == field
	})
}

func (w *workspace) view(id string) bot.View {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.modals[id].asView(id)
}

// shows is everything that a modal shows, as JSON.
func (w *workspace) shows(id string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return toJSON(w.t, w.modals[id].view)
}

// visible are the messages that are there, oldest first.
func (w *workspace) visible() []message {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []message
	for _, m := range w.messages {
		if !m.deleted {
			out = append(out, *m)
		}
	}
	return out
}

// slot is the visible message of a slot; it fails the test if there is not exactly one.
func (w *workspace) slot(slot string) message {
	w.t.Helper()
	var found []message
	for _, m := range w.visible() {
		if m.msg.Metadata != nil && m.msg.Metadata.Payload["slot"] == slot {
			found = append(found, m)
		}
	}
	if len(found) != 1 {
		w.t.Fatalf("there are %d messages in slot %q, want 1", len(found), slot)
	}
	return found[0]
}

func (w *workspace) count(method string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[method]
}

func (w *workspace) order(method string, errs ...error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail[method] = append(w.fail[method], errs...)
}

// saidTo is everything that was told privately, in one text.
func (w *workspace) said() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, s := range w.told {
		out = append(out, s.text)
	}
	return strings.Join(out, "\n")
}

func toJSON(t *testing.T, v any) string {
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

func (w *workspace) PublishHome(_ context.Context, user string, v slack.HomeTabViewRequest) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.enter("home"); err != nil {
		return err
	}
	if err := bot.CheckHome(v); err != nil {
		w.t.Errorf("home tab against Slack's limits: %v", err)
	}
	w.homes[user] = v
	return nil
}
