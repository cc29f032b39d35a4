package workspace

import (
	"context"
	"errors"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/socketmode"
)

// team is a workspace as it stands: who is in it, what has been said, what is open. Its methods in lower case are called
// with the lock held.
type team struct {
	*core
	*members
	*posts
	*views
	*files
	urls    map[string]*responseURL
	sockets *socketmode.Server // its lock is taken after the workspace's, never before
}

func newTeam(o Options) *team {
	c := &core{opts: o, app: o.App.filled(), changed: make(chan struct{}), done: make(chan struct{}), limits: limiter{scale: o.Limits}}
	t := &team{
		core: c, members: &members{core: c}, posts: &posts{core: c}, files: &files{core: c},
		views: &views{core: c, stacks: map[string][]*view{}, homes: map[string]*view{}, triggers: map[string]*trigger{}},
		urls:  map[string]*responseURL{},
	}
	t.sockets = socketmode.New(c.app.ID, o.PingEvery, func() { c.change(func() {}) })
	for _, p := range o.Users {
		t.AddUser(p)
	}
	t.people = append(t.people, &Person{ID: c.app.BotUserID, Handle: c.app.Name, Name: c.app.Name, Bot: true})
	for _, g := range o.Groups {
		t.AddGroup(g)
	}
	for _, one := range o.Channels {
		t.AddChannel(one)
	}
	return t
}

// State takes a snapshot.
func (t *team) State() State {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.snapshot()
}

func (t *team) snapshot() State {
	s := State{Seq: t.seq, Modals: map[string][]View{}, Homes: map[string]View{}, Connections: t.sockets.Connections()}
	for _, p := range t.people {
		s.Users = append(s.Users, *p)
	}
	for _, g := range t.groups {
		s.Groups = append(s.Groups, *g)
	}
	for _, c := range t.channels {
		s.Channels = append(s.Channels, *c)
	}
	for _, m := range t.messages {
		s.Messages = append(s.Messages, m.clone())
	}
	for user, stack := range t.stacks {
		for _, v := range stack {
			s.Modals[user] = append(s.Modals[user], v.seen())
		}
	}
	for user, v := range t.homes {
		s.Homes[user] = v.seen()
	}
	return s
}

var errClosed = errors.New("the workspace is closed")

// WaitFor returns the first state for which wanted is true, or the latest one with ctx's error.
func (t *team) WaitFor(ctx context.Context, wanted func(State) bool) (State, error) {
	for {
		t.mu.Lock()
		state, changed := t.snapshot(), t.changed
		t.mu.Unlock()
		if wanted(state) {
			return state, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return state, ctx.Err()
		case <-t.done:
			return state, errClosed
		}
	}
}

// DeleteMessage deletes a message as an administrator would.
func (t *team) DeleteMessage(channel, ts string) {
	t.change(func() {
		if c := t.channel(channel); c != nil {
			channel = c.ID
		}
		if m := t.message(channel, ts); m != nil {
			m.Deleted = true
		}
	})
}

// Slack's docs, "handling user interaction": a response_url works five times within 30 minutes.
const (
	responseUses = 5
	responseLife = 30 * time.Minute
)

type responseURL struct {
	channel, user, thread string
	message               *Message // what was pressed; nil for commands
	at                    time.Time
	uses                  int
}

// newResponseURL issues one; the lock is held.
func (t *team) newResponseURL(u responseURL) string {
	u.at = t.opts.Now()
	for old, one := range t.urls {
		if u.at.Sub(one.at) > 2*responseLife {
			delete(t.urls, old)
		}
	}
	name := t.newID("r")
	t.urls[name] = &u
	return t.public() + "/respond/" + name
}
