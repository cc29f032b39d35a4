package workspace

import (
	"maps"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

// State is the workspace at one moment. It shares nothing that changes.
type State struct {
	Seq         int               `json:"seq"`
	Users       []Person          `json:"users"`
	Groups      []Group           `json:"groups"`
	Channels    []Channel         `json:"channels"`
	Messages    []Message         `json:"messages"` // oldest first, deleted ones too
	Modals      map[string][]View `json:"modals"`   // user id → open modals, the top one last
	Homes       map[string]View   `json:"homes"`    // user id → home tab
	Connections int               `json:"connections"`
}

// View is a modal or home tab as its user sees it.
type View struct {
	ID         string                               `json:"id"`
	Hash       string                               `json:"hash"`
	User       string                               `json:"user"`
	Title      string                               `json:"title,omitempty"`
	Submit     string                               `json:"submit,omitempty"`
	Close      string                               `json:"close,omitempty"`
	CallbackID string                               `json:"callback_id,omitempty"`
	ExternalID string                               `json:"external_id,omitempty"`
	Metadata   string                               `json:"private_metadata,omitempty"`
	Blocks     []any                                `json:"blocks"`
	Values     map[string]map[string]map[string]any `json:"values"`            // as in state.values
	Errors     map[string]string                    `json:"errors,omitempty"`  // by block_id, beside the fields
	Problem    string                               `json:"problem,omitempty"` // above the fields
	Updates    int                                  `json:"updates"`           // how often its content was set
}

func (v *view) seen() View {
	values := map[string]map[string]object{}
	for block, actions := range v.values {
		values[block] = maps.Clone(actions)
	}
	return View{
		ID: v.id, Hash: v.hash, User: v.user, Title: field.Str(field.Obj(v.json, "title"), "text"),
		Submit: field.Str(field.Obj(v.json, "submit"), "text"), Close: field.Str(field.Obj(v.json, "close"), "text"),
		CallbackID: field.Str(v.json, "callback_id"), ExternalID: field.Str(v.json, "external_id"), Metadata: field.Str(v.json, "private_metadata"),
		Blocks: field.List(v.json, "blocks"), Values: values, Errors: maps.Clone(v.errors), Problem: v.problem, Updates: v.updates,
	}
}

// UserID finds a user by handle or id; empty if there is none.
func (s State) UserID(name string) string {
	for _, p := range s.Users {
		if p.Handle == name || p.ID == name {
			return p.ID
		}
	}
	return ""
}

// ChannelID finds a channel by name or id; empty if there is none.
func (s State) ChannelID(name string) string {
	for _, c := range s.Channels {
		if c.ID == name || (c.Name != "" && (c.Name == name || "#"+c.Name == name)) {
			return c.ID
		}
	}
	return ""
}

func (s State) filter(wanted func(Message) bool) []Message {
	return slices.DeleteFunc(slices.Clone(s.Messages), func(m Message) bool { return m.Deleted || !wanted(m) })
}

// In returns what everybody sees in a channel, without replies that stayed in their thread.
func (s State) In(channel string) []Message {
	id := s.ChannelID(channel)
	return s.filter(func(m Message) bool {
		return m.Channel == id && !m.Ephemeral() && (m.Thread == "" || m.Thread == m.TS || m.Broadcast)
	})
}

// Thread returns a root and its replies.
func (s State) Thread(channel, ts string) []Message {
	id := s.ChannelID(channel)
	return s.filter(func(m Message) bool {
		return m.Channel == id && !m.Ephemeral() && (m.TS == ts || m.Thread == ts)
	})
}

// Ephemerals returns what only this user was told.
func (s State) Ephemerals(user string) []Message {
	id := s.UserID(user)
	return s.filter(func(m Message) bool { return m.Only == id })
}

// DM returns the direct messages between the app and a user.
func (s State) DM(user string) []Message {
	id := s.UserID(user)
	for _, c := range s.Channels {
		if c.IM == id {
			return s.filter(func(m Message) bool { return m.Channel == c.ID && !m.Ephemeral() })
		}
	}
	return nil
}

// Modal returns the modal on top of a user's screen.
func (s State) Modal(user string) (View, bool) {
	stack := s.Modals[s.UserID(user)]
	if len(stack) == 0 {
		return View{}, false
	}
	return stack[len(stack)-1], true
}

// Home returns a user's home tab.
func (s State) Home(user string) (View, bool) {
	v, ok := s.Homes[s.UserID(user)]
	return v, ok
}
