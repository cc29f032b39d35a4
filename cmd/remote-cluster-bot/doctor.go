package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/cli"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/doctor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/tracing"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

// doctorCommand looks at everything that an operator can get wrong, and changes nothing.
func doctorCommand() *cobra.Command {
	var file string
	var acl, restored bool
	var format output
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check Slack, Redis, the platforms and their credentials, and say how to mend what is wrong",
		Long: "Looks at Slack (tokens, scopes, channel), Redis (version, persistence, eviction, clock), each platform (reach,\n" +
			"certificate, what its key and its users may do) and at who approves. It only reads. The exit code is 1 if\n" +
			"something is bad; warnings and what could not be looked at leave it at 0.\n\n" +
			"With --restored, after Redis was put back from a backup, it lists what is open there, the cards in Slack that\n" +
			"show another state (and has them drawn again), and the connections that want to be adopted.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(file, config.System())
			if err != nil {
				return report(cmd.OutOrStdout(), doctor.Refused(err), &format)
			}
			if acl {
				return printACL(cmd.OutOrStdout(), c)
			}
			look := examine
			if restored {
				look = examineRestored
			}
			r, err := look(cmd.Context(), c, slog.New(slog.DiscardHandler))
			if err != nil {
				r = doctor.Refused(err)
			}
			return report(cmd.OutOrStdout(), r, &format)
		},
	}
	cmd.Flags().StringVar(&file, "config", "config.yaml", "the configuration file")
	format.flag(cmd)
	cmd.Flags().BoolVar(&restored, "restored", false, "look at what a restored backup of Redis lacks, instead of the setup")
	cmd.Flags().BoolVar(&acl, "acl", false, "print the user that Redis needs for the bot, as a line of redis.conf or users.acl, and examine nothing")
	return cmd
}

// printACL leaves the password to the operator: it is no business of a terminal's history.
func printACL(w io.Writer, c *config.Config) error {
	name := cmp.Or(c.Redis.Username, "remote-cluster-bot")
	_, err := fmt.Fprintf(w, "user %s on #<SHA-256 of the password, in hex> %s\n", name, strings.Join(store.ACLRules(c.Environment), " "))
	return err
}

// examine builds what the doctor asks: the same clients as the bot's, without the bot.
func examine(ctx context.Context, c *config.Config, log *slog.Logger) (doctor.Report, error) {
	rdb, err := dialRedis(c.Redis)
	if err != nil {
		return doctor.Report{}, err
	}
	defer func() { _ = rdb.Close() }()
	all, err := systems(c.Platforms, platformDeps{callTimeout: c.Executor.CallTimeout.Std(), now: time.Now, log: log})
	if err != nil {
		return doctor.Report{}, err
	}
	s := store.New(rdb, store.Options{Env: c.Environment, Replicas: c.Redis.Replicas})
	slack := bot.NewMessenger(bot.MessengerOptions{Token: c.Slack.BotToken.Secret().Reveal, APIURL: c.Slack.APIURL, Now: time.Now, Log: log})
	older, err := comparisons(c, s, slack, log)
	if err != nil {
		return doctor.Report{}, err
	}
	o := doctor.Options{Config: c, Systems: all, Now: time.Now, Redis: s, Slack: slack, Older: older}
	if c.Slack.Mode == "socket" {
		o.AppToken = bot.SocketOptions{AppToken: c.Slack.AppToken.Secret().Reveal, APIURL: c.Slack.APIURL}.Check
	}
	hooks, err := hooksOf(c)
	if err != nil {
		return doctor.Report{}, err
	}
	o.Webhooks = map[string]func(context.Context) error{}
	for _, h := range hooks {
		o.Webhooks[h.Name] = func(ctx context.Context) error { return answers(ctx, h, log) }
	}
	if c.Tracing.Endpoint != "" {
		to, err := tracingOptions(c)
		if err != nil {
			return doctor.Report{}, err
		}
		o.Collector = func(ctx context.Context) error { return tracing.Check(ctx, to) }
		o.Scrub = to.Scrub
	}
	return doctor.Examine(ctx, o), nil
}

// examineRestored compares the database with Slack and with the clusters.
func examineRestored(ctx context.Context, c *config.Config, log *slog.Logger) (doctor.Report, error) {
	rdb, err := dialRedis(c.Redis)
	if err != nil {
		return doctor.Report{}, err
	}
	defer func() { _ = rdb.Close() }()
	all, err := systems(c.Platforms, platformDeps{callTimeout: c.Executor.CallTimeout.Std(), now: time.Now, log: log})
	if err != nil {
		return doctor.Report{}, err
	}
	s := store.New(rdb, store.Options{Env: c.Environment, Replicas: c.Redis.Replicas, Index: inventory.IndexRecord})
	ctx, cancel := context.WithTimeout(ctx, restoredWithin)
	defer cancel()
	return doctor.Restored(ctx, doctor.RestoredOptions{
		Slack: bot.NewMessenger(bot.MessengerOptions{
			Token: c.Slack.BotToken.Secret().Reveal, APIURL: c.Slack.APIURL, Now: time.Now, Log: log,
		}),
		Store: s, Channel: c.Slack.Channel, CardOf: notify.CardOf,
		Connections: inventory.NewConnections(inventory.NewCatalog(all, inventory.CatalogOptions{Now: time.Now}), s, inventory.ConnectionsOptions{Now: time.Now}),
	}), nil
}

// restoredWithin is enough for a card of each of a hundred open requests, which Slack lets be read 50 a minute.
const restoredWithin = 3 * time.Minute

func report(w io.Writer, r doctor.Report, format *output) error {
	if err := format.print(w, r, r.Write); err != nil {
		return err
	}
	if !r.Healthy() {
		return cli.ErrSilent
	}
	return nil
}
