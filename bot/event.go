package bot

import "context"

// User is who did something in Slack.
type User struct {
	ID   string `json:"id"`
	Name string `json:"name"` // a handle for logs; never trust it for a decision
	Team string `json:"team_id"`
}

// Command is a slash command.
type Command struct {
	Name        string // "/remote-cluster"
	Text        string // what was typed after it
	User        User
	Channel     string
	TriggerID   string
	ResponseURL string
}

// Action is an element of a message, modal or home tab that was pressed or changed (block_actions).
type Action struct {
	ID          string // action_id
	Block       string // block_id
	Value       Value
	User        User
	Channel     string // empty in a modal
	Message     string // ts of the message; empty in a modal
	Thread      string // ts of the thread that the message is in
	TriggerID   string
	ResponseURL string
	View        *View // nil in a message
}

// Submission is a modal that was submitted (view_submission).
type Submission struct {
	View      View
	User      User
	TriggerID string
}

// Closed is a modal that was closed (view_closed; only where notify_on_close was asked for).
type Closed struct {
	View    View
	User    User
	Cleared bool
}

// Suggestion asks for the options of an external select (block_suggestion).
type Suggestion struct {
	ID    string // action_id
	Block string
	Typed string
	User  User
	View  *View
}

// Shortcut is a global or message shortcut.
type Shortcut struct {
	ID        string // callback_id
	User      User
	TriggerID string
	Channel   string // of the message, for a message shortcut
	Message   string
	Thread    string
}

// HomeOpened is somebody looking at the app's home tab.
type HomeOpened struct {
	User User
	Tab  string
}

// View is a modal or home tab as Slack sends it back.
type View struct {
	ID         string
	RootID     string
	Hash       string
	CallbackID string
	ExternalID string
	Metadata   string // private_metadata; comes back as we sent it, but is parsed as strictly as any input
	State      State
	Carried    string // what MessengerOptions.Carry gave when it was drawn
}

func (v *View) carried() string {
	if v == nil {
		return ""
	}
	return v.Carried
}

// State is what is filled in, by block_id. A block has one element as a rule, for which a map would be a waste.
type State map[string][]Value

// At returns what is filled in in one element; an empty Value if there is none.
func (s State) At(block, action string) Value {
	for _, v := range s[block] {
		if v.Action == action {
			return v
		}
	}
	return Value{}
}

// Value is what is filled in in one element.
type Value struct {
	Action   string   // action_id
	Type     string   `json:"type"`
	Text     string   // typed text, date, chosen user or conversation, or a button's value
	Option   Option   // the chosen option
	Options  []Option // the chosen options
	Selected []string // chosen users, channels or conversations
}

// Option is a chosen option.
type Option struct {
	Value string
	Text  string
}

// MaxAnswer is how many bytes of JSON an answer may have on every kind of connection: over Socket Mode, Slack drops one
// of 20 480 bytes or more without a word (measured in github.com/slack-go/slack/issues/1196), and the envelope around it
// takes some.
const MaxAnswer = 20*1024 - 256 - 1

// Answer is what Slack is told within its three seconds, and what goes on afterwards.
type Answer struct {
	// Body is sent as JSON; nil is an empty 200. For a submission an empty answer closes the modal.
	Body any
	// Then runs afterwards in a bounded worker, with a deadline of its own.
	Then func(context.Context) error
}

// ID generation, deadlines and the like come from Options; a handler never blocks longer than its context says:
// that deadline lies within Slack's three seconds.
type (
	// CommandHandler answers a slash command.
	CommandHandler func(context.Context, Command) (Answer, error)
	// ActionHandler answers a pressed button or a changed element.
	ActionHandler func(context.Context, Action) (Answer, error)
	// SubmissionHandler answers a submitted modal.
	SubmissionHandler func(context.Context, Submission) (Answer, error)
	// ClosedHandler hears that a modal was closed.
	ClosedHandler func(context.Context, Closed) (Answer, error)
	// SuggestionHandler answers with options.
	SuggestionHandler func(context.Context, Suggestion) (Answer, error)
	// ShortcutHandler answers a shortcut.
	ShortcutHandler func(context.Context, Shortcut) (Answer, error)
	// HomeHandler hears that the home tab was opened.
	HomeHandler func(context.Context, HomeOpened) (Answer, error)
)
