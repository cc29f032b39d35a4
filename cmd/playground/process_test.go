package main

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage/stagetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// TestKilledProcessIsReplaced plays the playground's bot without its page: a process that answers, is killed, and is
// followed by another one that answers.
func TestKilledProcessIsReplaced(t *testing.T) {
	t.Parallel()
	s, err := stage.New(t.Context(), sim.Options{Now: time.Now, SocketMode: true}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	bot, err := played(s, t.TempDir(), pageOptions{approvals: 1}, s.Log, &stagetest.Log{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- bot.run(ctx) }()

	there := func(w workspace.State) bool { return w.Connections > 0 }
	gone := func(w workspace.State) bool { return w.Connections == 0 }
	if _, err := s.Until(ctx, stage.Patience, there); err != nil {
		t.Fatal("the bot did not come: ", err, bot.out)
	}
	first := bot.Status()
	if out, err := s.Slack.User("alice").Type(ctx, "#clusters", "/remote-cluster help"); err != nil || out.Problem != "" {
		t.Fatal(err, out)
	}
	if err := bot.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Until(ctx, stage.Patience, gone); err != nil {
		t.Fatal("the bot is still there")
	}
	if _, err := s.Until(ctx, stage.Patience, there); err != nil {
		t.Fatal("no other bot came: ", err)
	}
	second := bot.Status()
	if second.PID == first.PID || second.Starts != 2 {
		t.Errorf("%+v, then %+v", first, second)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if status := bot.Status(); status.PID != 0 {
		t.Errorf("it left process %d behind", status.PID)
	}
}

func TestBotThatDoesNotComeUpIsGivenUp(t *testing.T) {
	t.Parallel()
	bot := &process{executable: os.Args[0], args: []string{"bot", "--config", t.TempDir() + "/nothing.yaml"}, out: &stagetest.Log{}, log: slog.New(slog.DiscardHandler)}
	if err := bot.run(t.Context()); err == nil || !strings.Contains(err.Error(), "does not come up") || !strings.Contains(err.Error(), "nothing.yaml") {
		t.Error(err)
	}
}

// TestPlayedConfigurationIsTheExample holds the edits to the example against what the configuration reads.
func TestPlayedConfigurationIsTheExample(t *testing.T) {
	t.Parallel()
	s, err := stage.New(t.Context(), sim.Options{Now: time.Now}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	bot, err := played(s, t.TempDir(), pageOptions{approvals: 2}, s.Log, &stagetest.Log{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(bot.args[len(bot.args)-1], config.Source{ReadFile: os.ReadFile, LookupEnv: func(name string) (string, bool) {
		v, ok := s.Secrets()[name]
		return v, ok
	}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Slack.Mode != "socket" || c.Rules().Rules[0].Sides[0].Count != 2 || c.Rules().Rules[0].BreakGlass == nil || c.Platforms[0].URL != s.ECE.URL() || c.Platforms[1].URL != s.Cloud.URL() || c.Redis.Addresses[0] != s.Redis.Addr() {
		t.Errorf("%+v", c)
	}
	for _, pair := range bot.env {
		if name, _, _ := strings.Cut(pair, "="); s.Secrets()[name] == "" {
			t.Errorf("the bot is given %s of the environment", name)
		}
	}
}
