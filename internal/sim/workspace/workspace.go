// Package workspace is a strict stand-in for a Slack workspace: the Web API, Socket Mode, response URLs, and the
// people who type, choose and press. It knows Slack's documentation and nothing of the bot that talks to it.
//
// It refuses what Slack refuses (scopes, limits, expired triggers, blocks a surface does not know), because a
// stand-in that is kinder than Slack proves nothing.
package workspace

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/socketmode"
)

// Options say what a workspace is like. Only Now is required.
type Options struct {
	Now   func() time.Time           // the workspace's clock: triggers, response URLs and limits go by it
	NewID func(prefix string) string // a fresh id such as U0000000001; nil counts

	TeamID, TeamName, TeamDomain string
	App                          App
	Users                        []Person
	Groups                       []Group
	Channels                     []Channel

	// AckWithin is how long the app may take to acknowledge (real time); 0 means Slack's 3 s.
	AckWithin time.Duration
	// PingEvery is how often Socket Mode connections are pinged (real time); 0 means 10 s.
	PingEvery time.Duration
	// Limits scales Slack's rate limits: 1 is Slack's own, 2 twice as generous, 0 switches them off.
	Limits float64
	// RefuseNewBlocks makes plan, task_card, container, data_table and alert unknown, as in a workspace that does not have
	// them yet.
	RefuseNewBlocks bool
	// Addr is where the Web API, response URLs and Socket Mode listen; empty is any loopback port.
	Addr string
	// PublicURL is what stands before response URLs and Socket Mode's address, where a proxy is in between; empty is
	// where it listens.
	PublicURL string
	// ControlAddr is where the control API listens; empty is any loopback port.
	ControlAddr string
	// Client delivers to the app's request URLs; nil makes one.
	Client *http.Client
	// OnCall sees every call of the Web API, and every use of a response_url as the method response_url; OnDelivery
	// sees everything delivered to the app. They may be called from several goroutines at once.
	OnCall     func(Call)
	OnDelivery func(Delivery)
}

// Workspace is a running stand-in. It is safe for concurrent use.
type Workspace struct {
	opts   Options
	client *http.Client

	mu       sync.Mutex
	seq      int           // goes up with every change
	changed  chan struct{} // closed at the next change
	counter  int
	lastTS   time.Time
	app      App
	people   []*Person
	groups   []*Group
	channels []*Channel
	messages []*Message
	stacks   map[string][]*view // user id → open modals, the top one last
	homes    map[string]*view
	triggers map[string]*trigger
	urls     map[string]*responseURL
	faults   map[string][]*Fault
	calls    []Call
	called   int // of all calls so far, forgotten ones too
	limits   limiter
	revoked  string // the error every token meets, such as token_revoked

	sockets *socketmode.Server // its lock is taken after the workspace's, never before

	base    string
	control string
	servers []*http.Server
	done    chan struct{}
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
	o.TeamID = orElse(o.TeamID, "T0SIM0TEAM")
	o.TeamName = orElse(o.TeamName, "Simulated")
	o.TeamDomain = orElse(o.TeamDomain, "simulated")
	w := &Workspace{
		opts: o, client: o.Client, app: o.App.filled(),
		changed: make(chan struct{}), done: make(chan struct{}),
		stacks: map[string][]*view{}, homes: map[string]*view{}, triggers: map[string]*trigger{},
		urls: map[string]*responseURL{}, faults: map[string][]*Fault{},
	}
	w.limits.scale = o.Limits
	w.sockets = socketmode.New(w.app.ID, o.PingEvery, func() { w.change(func() {}) })
	for _, p := range o.Users {
		w.AddUser(p)
	}
	w.people = append(w.people, &Person{ID: w.app.BotUserID, Handle: w.app.Name, Name: w.app.Name, Bot: true})
	for _, g := range o.Groups {
		w.AddGroup(g)
	}
	for _, c := range o.Channels {
		w.AddChannel(c)
	}
	return w
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
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
	listener, err := config.Listen(ctx, "tcp", orElse(addr, "127.0.0.1:0"))
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

// APIURL is the Web API's base, with a slash at its end as slack.OptionAPIURL wants it.
func (w *Workspace) APIURL() string { return w.base + "/api/" }

// public is the base of the addresses that the workspace hands out.
func (w *Workspace) public() string { return orElse(w.opts.PublicURL, w.base) }

// ControlURL is the base of the control API.
func (w *Workspace) ControlURL() string { return w.control }

// TeamID is the workspace's id.
func (w *Workspace) TeamID() string { return w.opts.TeamID }

// touch announces a change; the lock is held.
func (w *Workspace) touch() {
	w.seq++
	close(w.changed)
	w.changed = make(chan struct{})
}

// newID returns a fresh id; the lock is held.
func (w *Workspace) newID(prefix string) string {
	if w.opts.NewID != nil {
		return w.opts.NewID(prefix)
	}
	w.counter++
	return fmt.Sprintf("%s%010d", prefix, w.counter)
}

// newTS returns a timestamp such as 1767225600.000100, above all earlier ones; the lock is held.
func (w *Workspace) newTS() string {
	at := w.opts.Now().Truncate(time.Microsecond)
	if !at.After(w.lastTS) {
		at = w.lastTS.Add(time.Microsecond)
	}
	w.lastTS = at
	return fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000)
}
