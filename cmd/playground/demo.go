package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/app"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
)

// playCommand plays a connect from the slash command to a search that finds documents, without any network.
func playCommand() *cobra.Command {
	var transcript, ui, logs, real, own bool
	var page pageOptions
	cmd := &cobra.Command{
		Use:   "playground",
		Short: "Play a connect offline, from slash command to verified search",
		Long: "Starts a Slack workspace, an ECE, an Elastic Cloud and Redis inside this process, and the bot itself on its\n" +
			"example configuration. Ends with exit code 0 only if a search through the new connection returned documents.\n\n" +
			"In a terminal it opens a page in the browser instead, on which you play yourself: --ui. --transcript prints.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log := slog.New(slog.DiscardHandler)
			if logs {
				log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			}
			played := ui || !transcript && isTerminal(os.Stdout) && cmd.OutOrStdout() == os.Stdout
			if err := page.check(played, cmd.Flags().Changed); err != nil {
				return err
			}
			if played {
				botLog := io.Discard
				if logs {
					botLog = cmd.ErrOrStderr()
				}
				page.real, page.own = real, own
				return runPlayground(cmd.Context(), cmd.OutOrStdout(), log, botLog, page)
			}
			return runDemo(cmd, log, real, own)
		},
	}
	cmd.Flags().BoolVar(&ui, "ui", false, "play in the browser; the default in a terminal")
	cmd.Flags().StringVar(&page.addr, "addr", "127.0.0.1:0", "where the page listens: a loopback address; port 0 takes a free one")
	cmd.Flags().BoolVar(&page.open, "open", true, "open the page in a browser")
	cmd.Flags().IntVar(&page.approvals, "approvals", 1, "how many must approve in the browser: 1 or 2")
	cmd.Flags().BoolVar(&transcript, "transcript", false, "print the story; the default without a terminal")
	cmd.Flags().BoolVar(&real, "real", false, "with real Elasticsearch clusters for logs-prod and metrics-eu; needs Maven and Java, and fetches up to 100 MB once")
	cmd.Flags().BoolVar(&own, "self-managed", false, "with self-managed clusters, whose keystore a person edits; with --real, also with this machine's redis-server if there is one")
	cmd.Flags().BoolVar(&logs, "log", false, "print the bot's log to standard error")
	cmd.MarkFlagsMutuallyExclusive("ui", "transcript")
	return cmd
}

func runDemo(cmd *cobra.Command, log *slog.Logger, real, own bool) (err error) {
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	play := playedBy(own)
	o := sim.Options{Now: time.Now, Limits: 1, SocketMode: false}
	if real {
		stop, failed := realNodes(ctx, cmd.ErrOrStderr(), &o, play.Deployments()...)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	s, err := stage.New(ctx, o, log)
	if err != nil {
		return err
	}
	defer s.Close()
	p := &stage.Transcript{Stage: s, Pair: play, Out: cmd.OutOrStdout(), Real: real}
	if own {
		redis, leave, failed := addOwn(ctx, s, real)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, leave()) }()
		if redis != nil {
			p.RedisSays = redis.about(ctx)
		}
	}
	c, err := s.Config(nil)
	if err != nil {
		return err
	}
	a, err := app.New(c, app.Options{Version: version, Log: s.Log})
	if err != nil {
		return err
	}
	in, err := s.Enter(ctx, a)
	if err != nil {
		return err
	}
	return errors.Join(p.Connect(ctx), in.Leave())
}

// isTerminal reports whether a person is there to type. The null device is a character device, too.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}
