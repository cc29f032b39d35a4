package workspace

import (
	"slices"
	"strings"
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
	a.ID = orElse(a.ID, "A0SIM00APP")
	a.Name = orElse(a.Name, "remote-cluster")
	a.BotID = orElse(a.BotID, "B0SIM00BOT")
	a.BotUserID = orElse(a.BotUserID, "U0SIM00BOT")
	a.BotToken = orElse(a.BotToken, "xoxb-simulated-bot")
	a.AppToken = orElse(a.AppToken, "xapp-simulated-app")
	a.SigningSecret = orElse(a.SigningSecret, "simulated-signing-secret")
	a.VerificationKey = orElse(a.VerificationKey, "simulated-verification")
	if a.Commands == nil {
		a.Commands = []string{"/remote-cluster"}
	}
	if a.Scopes == nil {
		a.Scopes = DefaultScopes
	}
	return a
}

// AddUser adds a member and returns it with its id.
func (w *Workspace) AddUser(p Person) Person {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.ID == "" {
		p.ID = w.newID("U")
	}
	p.Name = orElse(p.Name, p.Handle)
	w.people = append(w.people, &p)
	w.touch()
	return p
}

// AddGroup adds a user group and returns it with its id.
func (w *Workspace) AddGroup(g Group) Group {
	w.mu.Lock()
	defer w.mu.Unlock()
	if g.ID == "" {
		g.ID = w.newID("S")
	}
	g.Name = orElse(g.Name, g.Handle)
	g.Members = w.userIDs(g.Members)
	w.groups = append(w.groups, &g)
	w.touch()
	return g
}

// AddChannel adds a channel and returns it with its id.
func (w *Workspace) AddChannel(c Channel) Channel {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.ID == "" {
		c.ID = w.newID("C")
	}
	c.Members = w.userIDs(c.Members)
	w.channels = append(w.channels, &c)
	w.touch()
	return c
}

// SetGroupMembers replaces a user group's members, given by handle or id.
func (w *Workspace) SetGroupMembers(handle string, members ...string) {
	w.change(func() {
		for _, g := range w.groups {
			if g.Handle == handle || g.ID == handle {
				g.Members = w.userIDs(members)
			}
		}
	})
}

// SetApp changes the app's settings, such as its request URLs once it listens.
func (w *Workspace) SetApp(set func(*App)) { w.change(func() { set(&w.app) }) }

// App returns the app's settings.
func (w *Workspace) App() App {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.app
}

// change runs f under the lock and announces it.
func (w *Workspace) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
	w.touch()
}

// The finders below are called with the lock held.

func (w *Workspace) person(name string) *Person {
	name = strings.TrimPrefix(name, "@")
	for _, p := range w.people {
		if p.ID == name || p.Handle == name {
			return p
		}
	}
	return nil
}

func (w *Workspace) userIDs(names []string) []string {
	ids := make([]string, 0, len(names))
	for _, name := range names {
		if p := w.person(name); p != nil {
			name = p.ID
		}
		ids = append(ids, name)
	}
	return ids
}

func (w *Workspace) channel(name string) *Channel {
	bare := strings.TrimPrefix(name, "#")
	for _, c := range w.channels {
		if c.ID == name || (c.Name != "" && c.Name == bare) {
			return c
		}
	}
	return nil
}

// im returns the direct message between the app and a user, opening it if need be.
func (w *Workspace) im(userID string) (c *Channel, opened bool) {
	for _, c := range w.channels {
		if c.IM == userID {
			return c, false
		}
	}
	c = &Channel{ID: w.newID("D"), IM: userID, BotIn: true, Members: []string{userID}}
	w.channels = append(w.channels, c)
	w.touch()
	return c, true
}

func (c *Channel) has(userID string) bool { return slices.Contains(c.Members, userID) }
