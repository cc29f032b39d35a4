package app

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/lifecycle"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
)

// Every part may be told to stop at any moment of its start, and again and again be started: it always stops, without an
// error, and leaves nothing behind. One in ten is stopped once it is ready, so each becomes so.
func TestEveryPartStartsAndStopsAtAnyTime(t *testing.T) {
	const races = 500
	s, err := stage.New(t.Context(), sim.Options{Now: time.Now, SocketMode: true}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	var parts []lifecycle.Part
	for _, mode := range []string{"http", "socket"} {
		s.Socket = mode == "socket"
		c, err := s.Config(func(c *config.Config) {
			c.Slack.Listen, c.Metrics.Listen = "127.0.0.1:0", "127.0.0.1:0"
			c.Audit.Ship = &config.Ship{URL: "http://127.0.0.1:1", Username: "nobody", DataStream: "logs-x-y", Every: config.Duration(time.Second)}
			c.Metrics.OTLP.Endpoint = "http://127.0.0.1:1"
			c.Webhooks = []config.Webhook{{Name: "on-call", Format: "cloudevents", URL: "http://127.0.0.1:1"}}
			c.Audit.Checkpoint = &config.Checkpoint{Every: 100}
		})
		if err != nil {
			t.Fatal(err)
		}
		app, err := New(c, Options{Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = app.redis.Close() })
		all := slices.Concat(app.parts(endOfAudit(app.store)), app.lateParts())
		if s.Socket {
			all = slices.DeleteFunc(all, func(p lifecycle.Part) bool { return p.Name != "events" })
			all[0].Name = "events over a socket"
		}
		parts = append(parts, all...)
	}
	if len(parts) != 15 {
		t.Fatalf("%d parts", len(parts))
	}
	for _, p := range parts {
		t.Run(p.Name, func(t *testing.T) {
			times := races
			if p.Name == "events over a socket" {
				times = 20 // it takes a third of a second to flush what it has yet to say
			}
			race(t, p) // so that what lives longer, such as pooled connections, is there
			before := goleak.IgnoreCurrent()
			for range times {
				race(t, p)
			}
			http.DefaultClient.CloseIdleConnections() // dialed for calls that were broken off

			server := "github.com/alicebob/miniredis/v2/server.(*Server).servePeer" // of pooled connections
			if err := goleak.Find(before, goleak.IgnoreAnyFunction(server), goleak.IgnoreAnyFunction(server+".func2")); err != nil {
				t.Error(err)
			}
		})
	}
}

func race(t *testing.T, p lifecycle.Part) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	g := lifecycle.Start(ctx, p)
	if rand.IntN(10) == 0 {
		select {
		case <-g.Ready():
		case <-ctx.Done():
			t.Fatalf("%s is not ready: %v", p.Name, g.Wait())
		}
	} else {
		time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
	}
	g.Stop()
	if err := g.Wait(); err != nil || ctx.Err() != nil {
		t.Fatalf("%s: %v, %v", p.Name, err, ctx.Err())
	}
}
