package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/playground"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// pageOptions are what the page can be told.
type pageOptions struct {
	addr      string
	open      bool // a browser, too
	approvals int
	real      bool // Elasticsearch clusters
	own       bool // clusters without a platform
}

// check refuses what the page cannot be told, and what only the page could make use of.
func (o pageOptions) check(played bool, given func(flag string) bool) error {
	for _, flag := range []string{"addr", "open", "approvals"} {
		if given(flag) && !played {
			return fmt.Errorf("--%s is about the page in the browser: it goes with --ui", flag)
		}
	}
	if o.approvals < 1 || o.approvals > approversPlayed {
		return fmt.Errorf("--approvals %d: 1 or %d people can approve, Bob and Carol", o.approvals, approversPlayed)
	}
	return nil
}

// approversPlayed are Bob and Carol, the example configuration's approvers.
const approversPlayed = 2

// exampleApprovals is what policyPlayed takes the place of: Alice may approve alone, too, and Bob or Carol reviews it.
const (
	exampleApprovals = "approvals:\n  approvers: [U0BOB, U0CAROL] # nobody approves a request of their own\n  count: 1\n  wait: 24h\n"
	policyPlayed     = `policy:
  groups:
    approvers: { users: [U0BOB, U0CAROL] }
    on-call: { users: [U0ALICE] }
  rules:
    - name: approvers
      approve: [{ group: approvers, count: %d }]
      break_glass: { groups: [on-call], review: { group: approvers } }
`
)

// pace makes the stand-ins as slow as real ones, so that a person can watch.
const pace = 120 * time.Millisecond

// runPlayground plays in the browser until ctx ends. The bot is a process of its own, this very program, so that it
// can be killed in earnest; it knows the stage only by what stands in its configuration.
func runPlayground(ctx context.Context, out io.Writer, log *slog.Logger, botLog io.Writer, o pageOptions) (err error) {
	listener, err := playground.Listen(ctx, o.addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is taken: name another with --addr, or take a free one with --addr 127.0.0.1:0", o.addr)
	}
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	so := sim.Options{Now: time.Now, Latency: pace, Limits: 1, SocketMode: true}
	if o.real {
		stop, failed := realNodes(ctx, out, &so, playedBy(o.own).Deployments()...)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	s, err := stage.New(ctx, so, log)
	if err != nil {
		return err
	}
	defer s.Close()
	dir, err := os.MkdirTemp("", "remote-cluster-bot-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	po := playground.Options{
		Scene: s.Scene, Cast: castOf(o.own), Redis: brokenRedis{s}, Token: rand.Text(), Command: "/remote-cluster",
		Words: pageWords(), People: pagePeople, Now: time.Now, Log: log,
	}
	if o.own {
		redis, leave, failed := addOwn(ctx, s, o.real)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, leave()) }()
		if redis != nil {
			po.Title, po.Redis = " and Redis", redis
		}
	} else if err := inherit(ctx, s); err != nil {
		return fmt.Errorf("connecting by hand: %w", err)
	}
	if o.real {
		po.Title = " on real Elasticsearch" + po.Title
		if po.Real, err = s.AboutReal(ctx, playedBy(o.own).Deployments()...); err != nil {
			return err
		}
	}
	bot, err := played(s, dir, o, log, botLog)
	if err != nil {
		return err
	}
	po.Title, po.Bot = "playground"+po.Title, bot
	page := playground.New(po)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return bot.run(ctx) })
	g.Go(func() error { return servePage(ctx, listener, page) })
	g.Go(func() error {
		if _, err := s.Until(ctx, stage.Patience, func(w workspace.State) bool { return w.Connections > 0 }); err != nil {
			return fmt.Errorf("the bot did not connect to Slack: %w", err)
		}
		url := fmt.Sprintf("http://%s/?token=%s", listener.Addr(), po.Token)
		_, _ = fmt.Fprintf(out, "The playground is open at\n\n  %s\n\nEverything runs on this machine and is gone when you stop it with Ctrl-C.\n", url)
		if o.open && !openBrowser(ctx, url) {
			_, _ = fmt.Fprint(out, "\nNo browser could be opened here: open the address yourself, in one on this machine.\n")
		}
		return nil
	})
	if err := g.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

var pagePeople = []playground.Person{
	{Handle: "alice", Role: "asks"}, {Handle: "bob", Role: "approves"}, {Handle: "carol", Role: "approves"}, {Handle: "mallory", Role: "a stranger"},
}

func pageWords() []playground.Word {
	var out []playground.Word
	for _, u := range handlers.Usages() {
		out = append(out, playground.Word{Verb: u.Name, Args: u.Args, Does: u.Does})
	}
	return out
}

// played is the bot on the example's configuration, with the stand-ins' addresses in place of the real ones. It
// connects to Slack by Socket Mode: a process that dies takes no address with it that Slack would have to know.
func played(s *stage.Stage, dir string, o pageOptions, log *slog.Logger, botLog io.Writer) (*process, error) {
	edits := map[string]string{
		`  mode: http `:    fmt.Sprintf("  api_url: %q\n  app_token: { env: SLACK_APP_TOKEN }\n  mode: socket ", s.Slack.APIURL()),
		`"127.0.0.1:6379"`: fmt.Sprintf("%q", s.RedisAddr()),
		exampleApprovals:   fmt.Sprintf(policyPlayed, o.approvals),
		"environment: demo # part of every Redis key": "executor: { verify_within: 20s }\nlog: { format: text }\nenvironment: demo # part of every Redis key",
	}
	if !s.Own {
		edits[`    url: https://ece.example.com:12443`] = "    url: " + s.ECE.URL()
		edits[`    url: https://api.elastic-cloud.com`] = "    url: " + s.Cloud.URL()
	}
	file, env, err := writeConfig(s, dir, edits)
	if err != nil {
		return nil, err
	}
	executable, err := os.Executable()
	return &process{executable: executable, args: []string{"bot", "--config", file}, env: env, out: botLog, log: log}, err
}

// brokenRedis is Redis as the page takes it away.
type brokenRedis struct{ *stage.Stage }

func (r brokenRedis) Away()       { r.Redis.Close() }
func (r brokenRedis) Back() error { return r.Redis.Restart() }

// servePage serves until ctx ends. Streams are cut then: a page has nothing to lose.
func servePage(ctx context.Context, listener net.Listener, page *playground.Playground) error {
	defer page.Close()
	server := &http.Server{Handler: page.Handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return server.Close()
	}
}

// openBrowser asks the system for a browser, and says whether there is one.
func openBrowser(ctx context.Context, url string) bool {
	name, args := "xdg-open", []string{url}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", url}
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), name, args...) //nolint:gosec // a fixed program, and an address of our own
	if cmd.Start() != nil {
		return false
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return err == nil
	case <-time.After(browserAsked): // some of them last as long as the browser
		return true
	}
}

const browserAsked = 2 * time.Second
