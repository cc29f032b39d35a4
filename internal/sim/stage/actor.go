package stage

import (
	"context"
	"net"
	"sync"
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

// Leave stops the bot as SIGTERM would, and returns what it ended with.
func (a *Actor) Leave() error {
	a.cancel()
	a.done.Wait()
	return a.err
}
