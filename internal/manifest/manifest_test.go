package manifest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers"
)

func TestManifestNamesWhatTheRouterServes(t *testing.T) {
	t.Parallel()
	const command = "/clusters"
	var served recorder
	handlers.New(handlers.Options{Command: command}).Register(&served)
	m, err := New(Options{URL: "https://bot.example.com/", Command: command})
	if err != nil {
		t.Fatal(err)
	}

	var commands, shortcuts, events []string
	for _, c := range m.Features.SlashCommands {
		commands = append(commands, c.Command)
		if c.Url != "https://bot.example.com/slack/commands" {
			t.Errorf("%s goes to %s", c.Command, c.Url)
		}
	}
	for _, s := range m.Features.Shortcuts {
		shortcuts = append(shortcuts, s.CallbackID)
	}
	if served.home {
		events = []string{"app_home_opened"}
	}
	var subscribed []string
	if s := m.Settings.EventSubscriptions; s != nil {
		subscribed = s.BotEvents
	}
	for name, diff := range map[string]string{
		"commands":  cmp.Diff(served.commands, commands),
		"shortcuts": cmp.Diff(served.shortcuts, shortcuts),
		"events":    cmp.Diff(events, subscribed),
		"scopes":    cmp.Diff(bot.Scopes(), m.OAuthConfig.Scopes.Bot),
	} {
		if diff != "" {
			t.Errorf("%s (-served +in the manifest):\n%s", name, diff)
		}
	}
	if served.home != m.Features.AppHome.HomeTabEnabled {
		t.Error("the home tab is served but not switched on, or the other way round")
	}
	if i := m.Settings.Interactivity; i == nil || !i.IsEnabled || i.RequestUrl != "https://bot.example.com/slack/interactivity" ||
		i.MessageMenuOptionsUrl != "https://bot.example.com/slack/options" {
		t.Errorf("interactivity: %+v", i)
	}
}
