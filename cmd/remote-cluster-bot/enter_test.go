package main

import (
	"context"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/app"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
)

// actor is the bot on the stage.
type actor struct {
	*app.App
	*stage.Actor
	stage *stage.Stage
}

// enter starts the bot and makes the workspace deliver to it.
func enter(ctx context.Context, s *stage.Stage, c *config.Config) (*actor, error) {
	a, err := app.New(c, app.Options{Version: version, Log: s.Log}) //nolint:contextcheck // it calls nobody yet
	if err != nil {
		return nil, err
	}
	in, err := s.Enter(ctx, a)
	return &actor{App: a, Actor: in, stage: s}, err
}
