// Package stage is the example configuration brought to life, for the playground and the tests: a bot enters, and people
// play with it.
package stage

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/manifest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/webhook"
)

// Stage is the example configuration brought to life: the scene around the bot, and Redis inside this process.
// The demo and the stories play on it.
type Stage struct {
	*sim.Scene
	Redis *miniredis.Miniredis
	Log   *slog.Logger
	Text  []byte // of the configuration, before addresses and secrets are put in

	// RealRedis is the address of a real server; empty: Redis is the one inside this process.
	RealRedis string

	Own    bool // the platforms are the stage's own, in the text
	Socket bool // the bot connects to Slack, instead of the other way round
}

// New sets a stage.
func New(ctx context.Context, o sim.Options, log *slog.Logger) (*Stage, error) {
	scene, err := sim.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	mini := miniredis.NewMiniRedis()
	mini.ClockTTL(true) // without it, nothing would ever expire by itself
	if err := mini.Start(); err != nil {
		scene.Close()
		return nil, err
	}
	s := &Stage{Scene: scene, Redis: mini, Log: log, Text: config.Example}
	if err := s.install(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// install gives the app what its manifest asks for, which has to be enough for everything that is played here.
func (s *Stage) install() error {
	m, err := manifest.New(manifest.Options{SocketMode: true, Command: command})
	if err != nil {
		return err
	}
	s.Slack.SetApp(func(a *workspace.App) {
		a.Scopes, a.Commands, a.Shortcuts = m.OAuthConfig.Scopes.Bot, nil, nil
		for _, one := range m.Features.SlashCommands {
			a.Commands = append(a.Commands, one.Command)
		}
		for _, one := range m.Features.Shortcuts {
			a.Shortcuts = append(a.Shortcuts, workspace.Shortcut{
				CallbackID: one.CallbackID, Name: one.Name, Message: one.Type == slack.MessageShortcut,
			})
		}
	})
	return nil
}

// command is the example configuration's slash command.
const command = "/remote-cluster"

// Close ends the scene and Redis.
func (s *Stage) Close() {
	s.Scene.Close()
	s.Redis.Close()
}

// Config is the example with the stand-ins' addresses in place of the real ones, and their secrets in place of the
// environment's. edit may change it; nil leaves it.
func (s *Stage) Config(edit func(*config.Config)) (*config.Config, error) {
	secrets := s.Secrets()
	raw := s.Text
	if s.Socket {
		raw = bytes.Replace(raw, []byte("mode: http"), []byte("app_token: { env: SLACK_APP_TOKEN }\n  mode: socket"), 1)
	}
	c, err := config.Parse("example.yaml", raw, config.Source{
		ReadFile:  func(string) ([]byte, error) { return nil, errors.New("the stage has no files") },
		LookupEnv: func(name string) (string, bool) { v, ok := secrets[name]; return v, ok },
	})
	if err != nil {
		return nil, err
	}
	c.Slack.APIURL = s.Slack.APIURL()
	c.Redis.Addresses = []string{s.RedisAddr()}
	if !s.Own {
		for i := range c.Platforms[1].Credentials { // some stories take them away
			c.Platforms[1].Credentials[i].Deployment = "*"
		}
		c.Platforms[0].URL, c.Platforms[1].URL = s.ECE.URL(), s.Cloud.URL()
	}
	if edit != nil {
		edit(c)
	}
	return c, nil
}

// RedisAddr is where the bot finds Redis.
func (s *Stage) RedisAddr() string { return cmp.Or(s.RealRedis, s.Redis.Addr()) }

// EncryptionKey encrypts what people hand in on the stage.
const EncryptionKey = "simulated-encryption-key-0123456789"

// checkpointKey signs checkpoints of the audit on the stage.
const checkpointKey = "MC4CAQAwBQYDK2VwBCIEIH4d8lhr45FrUX4U+4RH/bqlllvwSBHvDQZeOPUF4bTY"

// HookKey signs calls to the hook for keystores on the stage.
const HookKey = "simulated-keystore-hook-secret-0123456789"

// WebhookSecret signs what webhooks are sent on the stage, in each of the formats.
const WebhookSecret = webhook.SigningPrefix + "c2ltdWxhdGVkLXdlYmhvb2stc2VjcmV0LTAxMjM0NTY3ODk="

// Secrets are what the environment of the example configuration holds.
func (s *Stage) Secrets() map[string]string {
	all := SimulatedSecrets(s.Scene)
	all["RCB_CHECKPOINT_KEY"], all["KEYSTORE_HOOK_SECRET"], all["WEBHOOK_SECRET"] = checkpointKey, HookKey, WebhookSecret
	for _, p := range s.World.Platforms() {
		all[KeyOf(p.Name())] = p.Key()
	}
	return all
}

// KeyOf is the name in the environment of a platform's key: ece-lab → ECE_LAB_API_KEY.
func KeyOf(platform string) string {
	return strings.ToUpper(strings.ReplaceAll(platform, "-", "_")) + "_API_KEY"
}

// Until waits for something in the workspace, no longer than limit.
func (s *Stage) Until(ctx context.Context, limit time.Duration, wanted func(workspace.State) bool) (workspace.State, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return s.Slack.WaitFor(ctx, wanted)
}

// SimulatedSecrets are what the example configuration takes from the environment.
func SimulatedSecrets(s *sim.Scene) map[string]string {
	app := s.Slack.App()
	return map[string]string{
		"SLACK_BOT_TOKEN": app.BotToken, "SLACK_SIGNING_SECRET": app.SigningSecret, "SLACK_APP_TOKEN": app.AppToken,
		"RCB_ENCRYPTION_KEY": EncryptionKey,
		"ECE_API_KEY":        s.ECE.Key(), "EC_API_KEY": s.Cloud.Key(), "EC_ELASTICSEARCH_PASSWORD": sim.Password,
	}
}

// Enter starts the bot and makes the workspace deliver to it.
func (s *Stage) Enter(ctx context.Context, b Bot) (*Actor, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b.ListenOn(listener)
	addr := listener.Addr().String()
	base := "http://" + addr + "/slack/"
	s.Slack.SetApp(func(a *workspace.App) {
		a.CommandURL, a.InteractivityURL, a.OptionsURL, a.EventsURL = base+"commands", base+"interactivity", base+"options", base+"events"
	})
	ctx, cancel := context.WithCancel(ctx)
	in := &Actor{Addr: addr, cancel: cancel}
	in.done.Go(func() { in.err = b.Run(ctx) })
	return in, nil
}
