// Package workspace is a strict stand-in for a Slack workspace: the Web API, Socket Mode, response URLs, and the
// people who type, choose and press. It knows Slack's documentation and nothing of the bot that talks to it.
//
// It refuses what Slack refuses (scopes, limits, expired triggers, blocks a surface does not know), because a
// stand-in that is kinder than Slack proves nothing.
package workspace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Workspace is a running stand-in. It is safe for concurrent use.
type Workspace struct {
	*team
	*api
	*courier

	control string
	servers []*http.Server
	closing sync.Once
	running sync.WaitGroup
}

// New makes a workspace; Start makes it listen.
func New(o Options) *Workspace {
	if o.AckWithin == 0 {
		o.AckWithin = 3 * time.Second
	}
	if o.PingEvery == 0 {
		o.PingEvery = 10 * time.Second
	}
	if o.Client == nil {
		o.Client = &http.Client{Transport: &http.Transport{}}
	}
	o.TeamID = cmp.Or(o.TeamID, "T0SIM0TEAM")
	o.TeamName = cmp.Or(o.TeamName, "Simulated")
	o.TeamDomain = cmp.Or(o.TeamDomain, "simulated")
	t := newTeam(o)
	return &Workspace{team: t, api: &api{team: t, faultQueue: &faultQueue{of: t.core, faults: map[string][]*Fault{}}}, courier: &courier{team: t, client: o.Client}}
}

// Start listens on loopback for the Web API, response URLs and Socket Mode, and on a second port for the
// control API.
func (w *Workspace) Start(ctx context.Context) error {
	if w.opts.Now == nil {
		return errors.New("a workspace needs a clock: Options.Now")
	}
	base, err := w.serve(ctx, w.opts.Addr, w.apiHandler())
	if err != nil {
		return fmt.Errorf("serving the Web API: %w", err)
	}
	control, err := w.serve(ctx, w.opts.ControlAddr, w.ControlHandler())
	if err != nil {
		w.Close()
		return fmt.Errorf("serving the control API: %w", err)
	}
	w.mu.Lock()
	w.base, w.control = base, control
	w.mu.Unlock()
	return nil
}

func (w *Workspace) serve(ctx context.Context, addr string, h http.Handler) (string, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", cmp.Or(addr, "127.0.0.1:0"))
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	w.mu.Lock()
	w.servers = append(w.servers, server)
	w.mu.Unlock()
	w.running.Go(func() { _ = server.Serve(listener) }) // always http.ErrServerClosed, after Close
	return "http://" + listener.Addr().String(), nil
}

// Close stops listening, ends every connection and waits until nothing of the workspace runs any more.
func (w *Workspace) Close() {
	w.closing.Do(func() { close(w.done) })
	w.sockets.Close()
	w.mu.Lock()
	servers := w.servers
	w.mu.Unlock()
	for _, server := range servers {
		_ = server.Close()
	}
	w.running.Wait()
	w.client.CloseIdleConnections()
}

// APIURL is the Web API's base, with a slash at its end as slack.OptionAPIURL needs it.
func (w *Workspace) APIURL() string { return w.base + "/api/" }

// ControlURL is the base of the control API.
func (w *Workspace) ControlURL() string { return w.control }

// TeamID is the workspace's id.
func (w *Workspace) TeamID() string { return w.opts.TeamID }
