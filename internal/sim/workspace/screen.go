package workspace

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

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

// spot is a screen found in the workspace. It is used with the lock held.
type spot struct {
	view    *view
	message *Message // as the person sees it
	live    *Message // as it is
	blocks  []any
	values  map[string]map[string]object
	only    string // the block_id to look in; empty: all
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

// names are what a person, or a test, calls an element: its label, its ids, the text on it or beside it.
func names(b, e object) []string {
	all := []string{
		field.Str(field.Obj(b, "label"), "text"), field.Str(field.Obj(e, "text"), "text"), field.Str(e, "action_id"), field.Str(b, "block_id"),
		field.Str(field.Obj(e, "placeholder"), "text"),
	}
	if field.Str(b, "type") == "section" {
		all = append(all, field.Str(field.Obj(b, "text"), "text"))
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// element finds the one element of a wanted kind that is called name: exactly, else by a beginning, else by a part.
func (at *spot) element(name string, kinds ...string) (b, e object, err error) {
	matches := []func(string) bool{
		func(s string) bool { return s == name },
		func(s string) bool { return strings.HasPrefix(strings.ToLower(s), strings.ToLower(name)) },
		func(s string) bool { return strings.Contains(strings.ToLower(s), strings.ToLower(name)) },
	}
	var there []string
	for _, match := range matches {
		found := 0
		there = nil
		for _, block := range blockkit.Flatten(at.blocks) {
			if at.only != "" && field.Str(block, "block_id") != at.only {
				continue
			}
			for _, one := range blockkit.Elements(block) {
				if len(kinds) > 0 && !slices.Contains(kinds, field.Str(one, "type")) {
					continue
				}
				there = append(there, fmt.Sprintf("%q", names(block, one)[0]))
				if slices.ContainsFunc(names(block, one), match) {
					b, e = block, one
					found++
				}
			}
		}
		if found == 1 {
			return b, e, nil
		}
		if found > 1 {
			return nil, nil, fmt.Errorf("%q may mean %d things here", name, found)
		}
	}
	return nil, nil, fmt.Errorf("there is no %q here, only %s", name, strings.Join(there, ", "))
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
		Title: orElse(field.Str(field.Obj(c, "title"), "text"), "Are you sure?"), Text: field.Str(field.Obj(c, "text"), "text"),
		Yes: orElse(field.Str(field.Obj(c, "confirm"), "text"), "Yes"), No: orElse(field.Str(field.Obj(c, "deny"), "text"), "Cancel"),
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
