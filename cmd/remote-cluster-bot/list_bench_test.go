package main

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// BenchmarkListOf500 is the time from typing /remote-cluster list to its first content, with nothing remembered, on
// 500 deployments whose platform takes 100 ms for every call.
func BenchmarkListOf500(b *testing.B) {
	b.StopTimer()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	s, err := stage.New(ctx, sim.Options{Now: time.Now, Latency: 100 * time.Millisecond}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for i := range 497 { // beside the three that are there
		if _, err := s.ECE.AddDeployment(platform.DeploymentSpec{Name: fmt.Sprintf("local-%03d", i), Version: "8.17.4"}); err != nil {
			b.Fatal(err)
		}
	}
	tell := &story{Stage: s, ctx: ctx}
	for i := range 20 {
		err := tell.sets(nil, []string{fmt.Sprintf("local-%03d", 25*i%497), `{"persistent":{"cluster.remote.far.mode":"proxy","cluster.remote.far.proxy_address":"far.example:9400"}}`})
		if err != nil {
			b.Fatal(err)
		}
	}
	c, err := s.Config(nil)
	if err != nil {
		b.Fatal(err)
	}
	for range b.N {
		b.StopTimer()
		a, err := enter(ctx, s, c)
		if err != nil {
			b.Fatal(err)
		}
		before := len(s.Slack.State().Ephemerals("alice"))
		b.StartTimer()
		if err := seen(s.Slack.User("alice").Type(ctx, clusters, "/remote-cluster list")); err != nil {
			b.Fatal(err)
		}
		state, err := s.Until(ctx, storyWait, func(w workspace.State) bool { return len(w.Ephemerals("alice")) > before })
		b.StopTimer()
		if err != nil {
			b.Fatal(err)
		}
		all := state.Ephemerals("alice")
		b.Log(state.Render(all[len(all)-1]))
		if err := a.Leave(); err != nil {
			b.Fatal(err)
		}
	}
}
