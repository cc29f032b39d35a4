package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/slack-go/slack"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers"
)

// manifestCommand prints the Slack app's manifest: pasted into Slack, it is the whole set-up of the app.
func manifestCommand() *cobra.Command {
	var o manifestOptions
	var link bool
	var format output
	cmd := &cobra.Command{
		Use:   "manifest {--socket-mode | --url https://bot.example.com}",
		Short: "Print the manifest to create the Slack app from",
		Long: "Prints the app's manifest with exactly the scopes, commands, shortcuts and events that this version uses.\n" +
			"In Slack: api.slack.com/apps, Create New App, From a manifest.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := newManifest(o)
			if err != nil {
				return usageError{err}
			}
			if link {
				return writeManifestLink(cmd.OutOrStdout(), m)
			}
			return format.print(cmd.OutOrStdout(), m, func(w io.Writer) error { return writeManifest(w, m) })
		},
	}
	cmd.Flags().BoolVar(&o.socketMode, "socket-mode", false, "the bot calls Slack: nothing has to reach it")
	cmd.Flags().StringVar(&o.url, "url", "", "where Slack reaches the bot: https://, without /slack")
	cmd.Flags().StringVar(&o.command, "command", "/remote-cluster", "the slash command, as slack.command in the configuration")
	cmd.Flags().StringVar(&o.name, "name", "Remote cluster bot", "what the app is called in Slack")
	format.flag(cmd, "yaml", outputJSON)
	cmd.Flags().BoolVar(&link, "link", false, "a link that opens Slack's page with the manifest filled in")
	cmd.MarkFlagsMutuallyExclusive("output", "link")
	cmd.MarkFlagsMutuallyExclusive("socket-mode", "url")
	cmd.MarkFlagsOneRequired("socket-mode", "url")
	return cmd
}

type manifestOptions struct {
	socketMode    bool
	url           string
	command, name string
}

// newManifest asks the handlers themselves what they serve.
func newManifest(o manifestOptions) (*slack.Manifest, error) {
	at, err := o.addresses()
	if err != nil {
		return nil, err
	}
	h := handlers.New(handlers.Options{Command: o.command})
	var served recorder
	h.Register(&served)

	m := &slack.Manifest{
		Display: slack.Display{
			Name:        o.name,
			Description: "Connects Elasticsearch clusters across ECE and Elastic Cloud, with approvals",
		},
		Features: slack.Features{BotUser: slack.BotUser{DisplayName: botName(o.name), AlwaysOnline: true}},
		OAuthConfig: slack.OAuthConfig{
			Scopes: slack.OAuthScopes{Bot: bot.Scopes()},
		},
		Settings: slack.Settings{
			SocketModeEnabled: o.socketMode,
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
func (o manifestOptions) addresses() (func(path string) string, error) {
	if o.socketMode {
		return func(string) string { return "" }, nil
	}
	u, err := url.Parse(o.url)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, errors.New("--url must begin with https:// and name a host: Slack calls nothing else")
	}
	base := strings.TrimSuffix(strings.TrimRight(o.url, "/"), "/slack")
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

// writeManifestLink writes a link as in Slack's "Configuring apps with app manifests", Sharing manifests.
func writeManifestLink(w io.Writer, m *slack.Manifest) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, "https://api.slack.com/apps?"+url.Values{"new_app": {"1"}, "manifest_json": {string(raw)}}.Encode())
	return err
}

func writeManifest(w io.Writer, m *slack.Manifest) error {
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	if err := enc.Encode(m); err != nil {
		return err
	}
	return enc.Close()
}
