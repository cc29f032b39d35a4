package workspace

import (
	"cmp"
	"slices"
)

// Person is a member of the workspace.
type Person struct {
	ID      string `json:"id"`
	Handle  string `json:"handle"` // alice
	Name    string `json:"name"`   // Alice Example
	Deleted bool   `json:"deleted,omitempty"`
	Bot     bool   `json:"bot,omitempty"`
	Guest   bool   `json:"guest,omitempty"`
	Team    string `json:"team,omitempty"` // of another organization; empty: the workspace itself
}

// Group is a user group, mentioned as <!subteam^S…>.
type Group struct {
	ID       string   `json:"id"`
	Handle   string   `json:"handle"`
	Name     string   `json:"name"`
	Members  []string `json:"members"` // user ids, or handles in Options
	Disabled bool     `json:"disabled,omitempty"`
}

// Channel is a channel or, where IM names somebody, a direct message between that person and the app.
type Channel struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Private  bool     `json:"private,omitempty"`
	Archived bool     `json:"archived,omitempty"`
	Members  []string `json:"members"` // user ids, or handles in Options
	BotIn    bool     `json:"bot_in"`  // the app has been invited
	IM       string   `json:"im,omitempty"`
}

// App is the bot as Slack knows it.
type App struct {
	ID, Name         string
	BotID, BotUserID string
	BotToken         string // xoxb-…
	AppToken         string // xapp-…; opens Socket Mode
	SigningSecret    string
	VerificationKey  string   // the deprecated token field of every payload
	Scopes           []string // granted to the bot token
	SocketMode       bool     // deliver over the websocket; request URLs are not used then
	// What the app's manifest has: the workspace refuses other slash commands and shortcuts.
	Commands  []string // such as /remote-cluster, which is what nil means
	Shortcuts []Shortcut
	// Request URLs, as in the app's manifest. An empty one falls back to InteractivityURL for options.
	CommandURL, InteractivityURL, OptionsURL, EventsURL string
}

// Shortcut is one of the app's shortcuts: of a message's menu, or, where Message is false, of everywhere.
type Shortcut struct {
	CallbackID string `json:"callback_id"`
	Name       string `json:"name"`
	Message    bool   `json:"message"`
}

// has tells whether the app has the shortcut.
func (a App) has(callbackID string, message bool) bool {
	return slices.ContainsFunc(a.Shortcuts, func(s Shortcut) bool { return s.CallbackID == callbackID && s.Message == message })
}

// DefaultScopes is what an approval bot needs.
var DefaultScopes = []string{"commands", "chat:write", "usergroups:read", "users:read", "im:write"}

func (a App) filled() App {
	a.ID = cmp.Or(a.ID, "A0SIM00APP")
	a.Name = cmp.Or(a.Name, "remote-cluster")
	a.BotID = cmp.Or(a.BotID, "B0SIM00BOT")
	a.BotUserID = cmp.Or(a.BotUserID, "U0SIM00BOT")
	a.BotToken = cmp.Or(a.BotToken, "xoxb-simulated-bot")
	a.AppToken = cmp.Or(a.AppToken, "xapp-simulated-app")
	a.SigningSecret = cmp.Or(a.SigningSecret, "simulated-signing-secret")
	a.VerificationKey = cmp.Or(a.VerificationKey, "simulated-verification")
	if a.Commands == nil {
		a.Commands = []string{"/remote-cluster"}
	}
	if a.Scopes == nil {
		a.Scopes = DefaultScopes
	}
	return a
}

func (c *Channel) has(userID string) bool { return slices.Contains(c.Members, userID) }
