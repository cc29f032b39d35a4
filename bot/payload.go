package bot

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The payload structs read only what an event carries: decoding the whole of slack.InteractionCallback costs
// about a millisecond for a filled-in modal, and fails on a block that the library does not know yet.

// commandPayload is a slash command: form values over HTTP, JSON in Socket Mode (Slack's docs: "Implementing
// slash commands").
type commandPayload struct {
	Command     string `json:"command"`
	Text        string `json:"text"`
	TeamID      string `json:"team_id"`
	Enterprise  string `json:"enterprise_id"`
	UserID      string `json:"user_id"`
	UserName    string `json:"user_name"`
	ChannelID   string `json:"channel_id"`
	TriggerID   string `json:"trigger_id"`
	ResponseURL string `json:"response_url"`
}

func (p commandPayload) command() Command {
	return Command{
		Name: p.Command, Text: p.Text,
		User:    User{ID: p.UserID, Name: p.UserName, Team: p.TeamID},
		Channel: p.ChannelID, TriggerID: p.TriggerID, ResponseURL: p.ResponseURL,
	}
}

// interactionPayload is the union of what Slack sends to the interactivity and options URLs (Slack's docs:
// "Interaction payloads").
type interactionPayload struct {
	Type        string        `json:"type"`
	TriggerID   string        `json:"trigger_id"`
	ResponseURL string        `json:"response_url"`
	CallbackID  string        `json:"callback_id"`
	ActionID    string        `json:"action_id"` // block_suggestion
	BlockID     string        `json:"block_id"`  // block_suggestion
	Value       lenientString `json:"value"`     // block_suggestion
	MessageTS   string        `json:"message_ts"`
	IsCleared   bool          `json:"is_cleared"`
	Team        teamPayload   `json:"team"`
	Enterprise  idPayload     `json:"enterprise"` // the organization that the app is installed in, or a workspace of which
	Channel     idPayload     `json:"channel"`
	User        userPayload   `json:"user"`
	Actions     []element     `json:"actions"`
	View        *viewPayload  `json:"view"`
	Container   containerSpot `json:"container"`
	Message     messageSpot   `json:"message"`

	blocks []byte // of the view or message, not decoded: see cutBlocks
}

type idPayload struct {
	ID string `json:"id"`
}

// teamPayload is null when the app is installed for a whole organization.
type teamPayload struct {
	ID         string `json:"id"`
	Enterprise string `json:"enterprise_id"`
}

type userPayload struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Username string `json:"username"`
	TeamID   string `json:"team_id"`
}

type containerSpot struct {
	ChannelID string `json:"channel_id"`
	MessageTS string `json:"message_ts"`
	ThreadTS  string `json:"thread_ts"`
}

type messageSpot struct {
	TS       string `json:"ts"`
	ThreadTS string `json:"thread_ts"`
}

type viewPayload struct {
	ID              string `json:"id"`
	TeamID          string `json:"team_id"`
	InstalledTeamID string `json:"app_installed_team_id"` // of the app, where another workspace shares the channel
	RootViewID      string `json:"root_view_id"`
	Hash            string `json:"hash"`
	CallbackID      string `json:"callback_id"`
	ExternalID      string `json:"external_id"`
	PrivateMetadata string `json:"private_metadata"`
	State           struct {
		// Pointers, because a map makes room for eight values at once and an element is large.
		Values map[string]map[string]*element `json:"values"`
	} `json:"state"`
}

type blockPayload struct {
	Type    string `json:"type"`
	BlockID string `json:"block_id"`
}

// element is a pressed or filled-in element. Each type of element keeps its value under a name of its own
// (Slack's docs: "Block elements"); rich text and files are not read.
type element struct {
	Type          string        `json:"type"`
	ActionID      string        `json:"action_id"`
	BlockID       string        `json:"block_id"`
	Value         lenientString `json:"value"`
	Date          string        `json:"selected_date"`
	Time          string        `json:"selected_time"`
	DateTime      int64         `json:"selected_date_time"`
	User          string        `json:"selected_user"`
	Conversation  string        `json:"selected_conversation"`
	Channel       string        `json:"selected_channel"`
	Users         []string      `json:"selected_users"`
	Conversations []string      `json:"selected_conversations"`
	Channels      []string      `json:"selected_channels"`
	Option        option        `json:"selected_option"`
	Options       []option      `json:"selected_options"`
}

type option struct {
	Value string `json:"value"`
	Text  struct {
		Text string `json:"text"`
	} `json:"text"`
}

// lenientString takes a string or a number and passes over anything else: an element that we do not know must not
// make the whole payload unreadable.
type lenientString string

// UnmarshalJSON reads a string or a number.
func (t *lenientString) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case '"':
		return json.Unmarshal(data, (*string)(t))
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		*t = lenientString(data)
	}
	return nil
}

func (e *element) value() Value {
	v := Value{Type: e.Type, Option: e.Option.option()}
	for _, text := range [...]string{string(e.Value), e.Date, e.Time, e.User, e.Conversation, e.Channel} {
		if text != "" {
			v.Text = text
			break
		}
	}
	if v.Text == "" && e.DateTime != 0 {
		v.Text = strconv.FormatInt(e.DateTime, 10)
	}
	for _, chosen := range [...][]string{e.Users, e.Conversations, e.Channels} {
		if len(chosen) > 0 {
			v.Selected = chosen
			break
		}
	}
	if len(e.Options) > 0 {
		v.Options = make([]Option, len(e.Options))
		for i := range e.Options {
			v.Options[i] = e.Options[i].option()
		}
	}
	return v
}

func (o option) option() Option { return Option{Value: o.Value, Text: o.Text.Text} }

func (v *viewPayload) view() *View {
	if v == nil {
		return nil
	}
	state := make(State, len(v.State.Values))
	for block, elements := range v.State.Values {
		values := make([]Value, 0, len(elements))
		for action, e := range elements {
			if e != nil {
				v := e.value()
				v.Action = action
				values = append(values, v)
			}
		}
		state[block] = values
	}
	carried, metadata := unload(v.PrivateMetadata)
	return &View{
		ID: v.ID, RootID: v.RootViewID, Hash: v.Hash,
		CallbackID: v.CallbackID, ExternalID: v.ExternalID, Metadata: metadata, State: state, Carried: carried,
	}
}

// lastInput is the block_id of the view's last input block: where an error about the whole form is shown,
// because Slack has no other place for it. Only input blocks may carry one.
func (p *interactionPayload) lastInput() string {
	var blocks []blockPayload
	if json.Unmarshal(p.blocks, &blocks) != nil {
		return ""
	}
	for _, b := range slices.Backward(blocks) {
		if b.Type == "input" {
			return b.BlockID
		}
	}
	return ""
}

// hasUserInput reports whether there is an input block, as a rule without decoding any.
func (p *interactionPayload) hasUserInput() bool {
	return bytes.Contains(p.blocks, []byte(`"type":"input"`)) || p.lastInput() != ""
}

// user is who did it. In a channel shared with another organization, its team is not that of the workspace. In an
// Enterprise organization it may be the organization's id (Slack's docs: block_suggestion payload), which is no stranger.
func (p *interactionPayload) user() User {
	u := User{ID: p.User.ID, Name: p.User.Username, Team: p.User.TeamID}
	if u.Name == "" {
		u.Name = p.User.Name
	}
	if u.Team == "" || u.Team == p.organization() {
		u.Team = p.workspace()
	}
	return u
}

// workspace is where the interaction happened. Its team is null where the app is installed for a whole organization
// (Slack's docs: view interaction payloads); then the view tells, as Slack's own libraries read it. Where nothing does,
// it is the organization's id.
func (p *interactionPayload) workspace() string {
	org := p.organization()
	told := []string{p.Team.ID}
	if p.View != nil {
		told = append(told, p.View.TeamID, p.View.InstalledTeamID)
	}
	if p.User.TeamID != "" { // last: a guest's is another one
		told = append(told, p.User.TeamID)
	}
	for _, id := range told {
		if id != "" && id != org {
			return id
		}
	}
	return org
}

// organization is the Enterprise organization of the workspace; empty outside one.
func (p *interactionPayload) organization() string { return cmp.Or(p.Team.Enterprise, p.Enterprise.ID) }

func (p *interactionPayload) action(e *element) Action {
	a := Action{
		ID: e.ActionID, Block: e.BlockID, Value: e.value(), User: p.user(),
		Channel: p.Container.ChannelID, Message: p.Container.MessageTS, Thread: p.Container.ThreadTS,
		TriggerID: p.TriggerID, ResponseURL: p.ResponseURL, View: p.View.view(),
	}
	if a.Channel == "" {
		a.Channel = p.Channel.ID
	}
	if a.Message == "" {
		a.Message = p.Message.TS
	}
	if a.Thread == "" {
		a.Thread = p.Message.ThreadTS
	}
	return a
}

func (p *interactionPayload) shortcut() Shortcut {
	s := Shortcut{
		ID: p.CallbackID, User: p.user(), TriggerID: p.TriggerID,
		Channel: p.Channel.ID, Message: p.MessageTS, Thread: p.Message.ThreadTS,
	}
	if s.Message == "" {
		s.Message = p.Message.TS
	}
	return s
}

func decodeInteraction(raw []byte) (*interactionPayload, error) {
	var p interactionPayload
	rest, blocks := cutBlocks(raw)
	if err := json.Unmarshal(rest, &p); err != nil {
		return nil, fmt.Errorf("decoding an interaction: %w", err)
	}
	p.blocks = blocks
	return &p, nil
}

// eventPayload is the outer event of the Events API (Slack's docs: "The Events API"), with what is read of the
// one inner event that we know, app_home_opened.
type eventPayload struct {
	Type       string `json:"type"`
	Challenge  string `json:"challenge"`
	TeamID     string `json:"team_id"`
	Enterprise string `json:"enterprise_id"`
	EventID    string `json:"event_id"`
	Event      struct {
		Type string        `json:"type"`
		User lenientString `json:"user"` // an object in events such as team_join, which we pass over
		Tab  string        `json:"tab"`
	} `json:"event"`
}

func decodeEvent(raw []byte) (*eventPayload, error) {
	var p eventPayload
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("decoding an event: %w", err)
	}
	return &p, nil
}

const (
	loadMark  = "carried="
	loadEnd   = ";"
	maxLoaded = 100
)

// unload takes apart what load has put together.
func unload(metadata string) (carried, rest string) {
	if loaded, ok := strings.CutPrefix(metadata, loadMark); ok {
		if what, rest, ok := strings.Cut(loaded, loadEnd); ok && len(what) <= maxLoaded {
			return what, rest
		}
	}
	return "", metadata
}
