package workspace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/blockkit"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

// Screen is something with fields and buttons that a person looks at: the top modal, the home tab, or a message.
type Screen struct {
	u       *User
	home    bool
	message *Message // nil: a view
	block   string   // only this block's elements are meant; empty: all
}

// Modal is the modal on top of the person's screen, whichever it is when something is done.
func (u *User) Modal() *Screen { return &Screen{u: u} }

// Home is the app's home tab.
func (u *User) Home() *Screen { return &Screen{u: u, home: true} }

// On is a message as the person sees it, which may be older than what it is now.
func (u *User) On(m Message) *Screen { return &Screen{u: u, message: &m} }

// Press presses a button of a message.
func (u *User) Press(ctx context.Context, m Message, button string) (Outcome, error) {
	return u.On(m).Press(ctx, button)
}

// PressConfirm presses a button of a message and says yes to its confirmation dialog.
func (u *User) PressConfirm(ctx context.Context, m Message, button string) (Outcome, error) {
	return u.On(m).PressConfirm(ctx, button)
}

var errNoModal = errors.New("no modal is open")

// find looks the screen up; the lock is held.
func (s *Screen) find() (*Person, *spot, error) {
	w := s.u.w
	p, err := s.u.member()
	if err != nil {
		return nil, nil, err
	}
	if s.message != nil {
		live := w.message(s.message.Channel, s.message.TS)
		if live == nil {
			return nil, nil, errors.New("that message is gone")
		}
		if live.Ephemeral() && live.Only != p.ID {
			return nil, nil, errors.New("that message is for somebody else's eyes")
		}
		if c := w.channel(live.Channel); c == nil || !c.has(p.ID) {
			return nil, nil, fmt.Errorf("%s does not see that channel", s.u.name)
		}
		seen := live.clone()
		seen.Text, seen.Blocks = s.message.Text, s.message.Blocks
		return p, &spot{message: &seen, live: live, blocks: seen.Blocks, values: live.values, only: s.block}, nil
	}
	v := w.top(p.ID)
	if s.home {
		v = w.homes[p.ID]
	}
	if v == nil {
		return nil, nil, errNoModal
	}
	return p, &spot{view: v, blocks: field.List(v.json, "blocks"), values: v.values, only: s.block}, nil
}

// Press presses a button, on whatever screen it is. If the button asks for confirmation nothing is sent yet.
func (s *Screen) Press(ctx context.Context, button string) (Outcome, error) {
	return s.press(ctx, button, false)
}

// PressConfirm presses a button and says yes to its confirmation dialog.
func (s *Screen) PressConfirm(ctx context.Context, button string) (Outcome, error) {
	return s.press(ctx, button, true)
}

func (s *Screen) press(ctx context.Context, button string, confirmed bool) (Outcome, error) {
	s.u.w.mu.Lock()
	p, at, err := s.find()
	if err != nil {
		s.u.w.mu.Unlock()
		return Outcome{}, err
	}
	b, e, err := at.element(button, "button", "workflow_button", "icon_button")
	if err != nil {
		s.u.w.mu.Unlock()
		return Outcome{}, err
	}
	if c := field.Obj(e, "confirm"); c != nil && !confirmed {
		s.u.w.mu.Unlock()
		return Outcome{Confirm: confirmOf(c)}, nil
	}
	action := object{"type": e["type"], "block_id": b["block_id"], "action_id": e["action_id"], "text": e["text"]}
	for _, name := range []string{"value", "url", "style", "confirm", "icon"} {
		if e[name] != nil {
			action[name] = e[name]
		}
	}
	payload := s.u.w.actionPayload(p, at, action)
	s.u.w.mu.Unlock()
	return s.u.interact(ctx, payload), nil
}

func confirmOf(c object) *Confirm {
	return &Confirm{
		Title: cmp.Or(field.Str(field.Obj(c, "title"), "text"), "Are you sure?"), Text: field.Str(field.Obj(c, "text"), "text"),
		Yes: cmp.Or(field.Str(field.Obj(c, "confirm"), "text"), "Yes"), No: cmp.Or(field.Str(field.Obj(c, "deny"), "text"), "Cancel"),
	}
}

// set puts a value into an element and, where Slack does, tells the app; it releases the lock.
func (s *Screen) set(ctx context.Context, p *Person, at *spot, b, e object, filled any) Outcome {
	w := s.u.w
	block, action := field.Str(b, "block_id"), field.Str(e, "action_id")
	value := blockkit.Value(e, filled)
	if blockkit.Stateful(e) {
		actions := map[string]object{}
		maps.Copy(actions, at.values[block])
		actions[action] = value
		at.values[block] = actions
		if at.view != nil {
			delete(at.view.errors, block)
		}
		w.touch()
	}
	// "block_actions do not fire for elements in input blocks unless dispatch_action is true."
	if field.Str(b, "type") == "input" && !field.Flag(b, "dispatch_action") {
		w.mu.Unlock()
		return Outcome{}
	}
	sent := object{"type": e["type"], "block_id": block, "action_id": action}
	key := blockkit.SlotOf(field.Str(e, "type")).Key
	sent[key] = value[key]
	for _, name := range []string{"placeholder", "initial_option", "initial_options", "confirm"} {
		if e[name] != nil {
			sent[name] = e[name]
		}
	}
	payload := w.actionPayload(p, at, sent)
	w.mu.Unlock()
	return s.u.interact(ctx, payload)
}
