// Package manifest makes the Slack app's manifest: what the app may do and where Slack calls it.
package manifest

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers"
)

// Options say what differs from one installation to another.
type Options struct {
	SocketMode bool   // the bot calls Slack: nothing has to reach it
	URL        string // where Slack reaches the bot otherwise: https://, without /slack
	Command    string // the slash command
	Name       string // what the app is called in Slack
}

// New asks the handlers themselves what they serve.
func New(o Options) (*slack.Manifest, error) {
	at, err := o.addresses()
	if err != nil {
		return nil, err
	}
	h := handlers.New(handlers.Options{Command: o.Command})
	var served recorder
	h.Register(&served)

	m := &slack.Manifest{
		Display: slack.Display{
			Name:        o.Name,
			Description: "Connects Elasticsearch clusters (Elastic Cloud, ECE, self-managed), with approval and rollback",
		},
		Features: slack.Features{BotUser: slack.BotUser{DisplayName: botName(o.Name), AlwaysOnline: true}},
		OAuthConfig: slack.OAuthConfig{
			Scopes: slack.OAuthScopes{Bot: bot.Scopes()},
		},
		Settings: slack.Settings{
			SocketModeEnabled: o.SocketMode,
			Interactivity: &slack.Interactivity{
				IsEnabled: true, RequestUrl: at("interactivity"), MessageMenuOptionsUrl: at("options"),
			},
		},
	}
	for _, name := range served.commands {
		m.Features.SlashCommands = append(m.Features.SlashCommands, slack.ManifestSlashCommand{
			Command: name, Url: at("commands"),
			Description: "Connect Elasticsearch clusters", UsageHint: strings.Join(handlers.Subcommands(), " | "),
		})
	}
	for _, id := range served.shortcuts {
		s, err := shortcut(id)
		if err != nil {
			return nil, err
		}
		m.Features.Shortcuts = append(m.Features.Shortcuts, s)
	}
	if served.home {
		m.Features.AppHome = slack.AppHome{HomeTabEnabled: true, MessagesTabEnabled: true, MessagesTabReadOnlyEnabled: true}
		m.Settings.EventSubscriptions = &slack.EventSubscriptions{
			RequestUrl: at("events"), BotEvents: []string{"app_home_opened"},
		}
	}
	return m, nil
}

// addresses returns where each kind of request goes: nowhere in Socket Mode.
func (o Options) addresses() (func(path string) string, error) {
	if o.SocketMode {
		return func(string) string { return "" }, nil
	}
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, errors.New("--url must begin with https:// and name a host: Slack calls nothing else")
	}
	base := strings.TrimSuffix(strings.TrimRight(o.URL, "/"), "/slack")
	return func(path string) string { return base + "/slack/" + path }, nil
}

// shortcutTexts say what a shortcut is called in Slack's menus: the handlers know but its id.
var shortcutTexts = map[string]slack.Shortcut{
	"diagnose_connection": {
		Name: "Diagnose this connection", Type: slack.MessageShortcut, Description: "Look for what is wrong with the connection of this message",
	},
}

func shortcut(id string) (slack.Shortcut, error) {
	s, ok := shortcutTexts[id]
	if !ok {
		return s, fmt.Errorf("the shortcut %s has no text for the manifest", id)
	}
	s.CallbackID = id
	return s, nil
}

// botName is how people mention the app: Slack takes lowercase letters, digits, dashes, dots and underscores.
func botName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return '-'
	}, strings.ToLower(name))
}

// recorder is a router that only notes what is registered.
type recorder struct {
	commands, actions, submissions, closings, suggestions, shortcuts []string
	home                                                             bool
}

var _ handlers.Router = (*recorder)(nil)

func (r *recorder) OnCommand(name string, _ bot.CommandHandler)  { add(&r.commands, name) }
func (r *recorder) OnAction(id string, _ bot.ActionHandler)      { add(&r.actions, id) }
func (r *recorder) OnClosed(id string, _ bot.ClosedHandler)      { add(&r.closings, id) }
func (r *recorder) OnSuggest(id string, _ bot.SuggestionHandler) { add(&r.suggestions, id) }
func (r *recorder) OnShortcut(id string, _ bot.ShortcutHandler)  { add(&r.shortcuts, id) }
func (r *recorder) OnHome(bot.HomeHandler)                       { r.home = true }
func (r *recorder) OnSubmit(id string, _ bot.SubmissionHandler, _ func(bot.Submission) bot.Answer) {
	add(&r.submissions, id)
}

func add(to *[]string, name string) {
	*to = append(*to, name)
	slices.Sort(*to)
}
