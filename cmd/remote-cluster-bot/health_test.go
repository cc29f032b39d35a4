package main

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage/stagetest"
)

// entered is a stage with a bot on it, until the test ends.
func entered(t *testing.T) *actor {
	t.Helper()
	s := stagetest.New(t, sim.Options{Now: time.Now}, slog.New(slog.DiscardHandler))
	c, err := s.Config(nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := enter(context.WithoutCancel(t.Context()), s, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Leave(); err != nil {
			t.Error(err)
		}
	})
	return a
}

func TestHealthAsksTheListenerOnThisHost(t *testing.T) {
	t.Parallel()
	a := entered(t)
	stagetest.Until(t, time.Minute, "the bot is ready", func() bool { return askReady(t.Context(), a.Addr) == nil })
	a.stage.Redis.Close()
	if err := askReady(t.Context(), a.Addr); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("without Redis: %v", err)
	}
	for listen, want := range map[string]string{":8080": "127.0.0.1:8080", "0.0.0.0:1": "127.0.0.1:1", "[::]:2": "127.0.0.1:2", "10.0.0.1:3": "10.0.0.1:3"} {
		got, err := healthAddress(&config.Config{Slack: config.Slack{Mode: "http", Listen: listen}})
		if err != nil || got != want {
			t.Errorf("%s: got %s, %v", listen, got, err)
		}
	}
	if _, err := healthAddress(&config.Config{Slack: config.Slack{Mode: "socket", Listen: ":8080"}}); err == nil {
		t.Error("Socket Mode has no listener of its own")
	}
}
