package stage

import (
	"context"
	"net"
	"sync"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// Bot is what plays on the stage: it takes Slack's calls on a listener, and runs until ctx ends.
type Bot interface {
	ListenOn(l net.Listener)
	Run(ctx context.Context) error
}

// Actor is a bot that has been started on the stage.
type Actor struct {
	Addr string // where it takes Slack's calls, unless it goes to Slack

	cancel context.CancelFunc
	done   sync.WaitGroup
	err    error
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

// Leave stops the bot as SIGTERM would, and returns what it ended with.
func (a *Actor) Leave() error {
	a.cancel()
	a.done.Wait()
	return a.err
}
