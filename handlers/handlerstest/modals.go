package handlerstest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
)

type modal struct {
	View  slack.ModalViewRequest
	hash  int
	state bot.State
}

func (w *Workspace) OpenView(_ context.Context, trigger string, v slack.ModalViewRequest) (bot.View, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	if err := w.enter("open"); err != nil {
		return bot.View{}, err
	}
	w.checkModal(v)
	id := "V" + trigger
	w.Modals[id] = &modal{View: v, state: inputs(w.t, v, nil)}
	return w.Modals[id].asView(id), nil
}

func (w *Workspace) UpdateView(_ context.Context, id, hash string, v slack.ModalViewRequest) (bot.View, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	if err := w.enter("updateView"); err != nil {
		return bot.View{}, err
	}
	w.checkModal(v)
	m, ok := w.Modals[id]
	if !ok {
		return bot.View{}, &bot.Error{Method: "views.update", Code: "not_found", Kind: bot.Gone}
	}
	if hash != "" && hash != fmt.Sprint(m.hash) {
		return bot.View{}, &bot.Error{Method: "views.update", Code: "hash_conflict", Kind: bot.Conflict}
	}
	m.View, m.hash, m.state = v, m.hash+1, inputs(w.t, v, m.state)
	return m.asView(id), nil
}

func (w *Workspace) UpdateNamedView(ctx context.Context, v slack.ModalViewRequest) (bot.View, error) {
	return w.UpdateView(ctx, v.ExternalID, "", v)
}

// Push puts up a modal that an answer asked for. It is known by its external_id alone.
func (w *Workspace) Push(v slack.ModalViewRequest) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	w.checkModal(v)
	w.Modals[v.ExternalID] = &modal{View: v, state: inputs(w.t, v, nil)}
}

// Close closes a modal.
func (w *Workspace) Close(id string) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	delete(w.Modals, id)
}

func (w *Workspace) checkModal(v slack.ModalViewRequest) {
	w.t.Helper()
	if err := CheckModal(v); err != nil {
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
		ID: id, Hash: fmt.Sprint(m.hash), CallbackID: m.View.CallbackID, Metadata: m.View.PrivateMetadata, State: state,
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

// Set fills a field in, as a person does.
func (w *Workspace) Set(id, field string, v bot.Value) {
	w.t.Helper()
	w.Mu.Lock()
	defer w.Mu.Unlock()
	for block, actions := range w.Modals[id].state {
		if name, _, _ := strings.Cut(block, ":"); name == field {
			v.Action = actions[0].Action
			w.Modals[id].state[block] = []bot.Value{v}
			return
		}
	}
	w.t.Fatalf("the modal has no field %s", field)
}

func (w *Workspace) Get(id, field string) bot.Value {
	w.t.Helper()
	w.Mu.Lock()
	defer w.Mu.Unlock()
	for block, actions := range w.Modals[id].state {
		if name, _, _ := strings.Cut(block, ":"); name == field {
			for _, v := range actions {
				return v
			}
		}
	}
	w.t.Fatalf("the modal has no field %s", field)
	return bot.Value{}
}

func (w *Workspace) Has(id, field string) bool {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	return slices.ContainsFunc(slices.Collect(maps.Keys(w.Modals[id].state)), func(block string) bool {
		name, _, _ := strings.Cut(block, ":")
		return name == field
	})
}

func (w *Workspace) View(id string) bot.View {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	return w.Modals[id].asView(id)
}

// Shows is everything that a modal shows, as JSON.
func (w *Workspace) Shows(id string) string {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	return ToJSON(w.t, w.Modals[id].View)
}
