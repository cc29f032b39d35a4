package main

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/app"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/cli"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/doctor"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

// doctorCommand looks at everything that an operator can get wrong, and changes nothing.
func doctorCommand() *cobra.Command {
	var file string
	var acl, restored bool
	var format output
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check Slack, Redis, the platforms and their credentials, and say how to fix what is wrong",
		Long: "Looks at Slack (tokens, scopes, channel), Redis (version, persistence, eviction, clock), each platform (reach,\n" +
			"certificate, what its key and its users may do) and at who approves. It only reads. The exit code is 1 if\n" +
			"something is bad; warnings and what could not be looked at leave it at 0.\n\n" +
			"With --restored, after Redis was put back from a backup, it lists what is open there, the cards in Slack that\n" +
			"show another state (and has them drawn again), and the connections to adopt.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(file, config.System())
			if err != nil {
				return report(cmd.OutOrStdout(), doctor.Refused(err), &format)
			}
			if acl {
				return printACL(cmd.OutOrStdout(), c)
			}
			look := app.Examine
			if restored {
				look = app.ExamineRestored
			}
			r, err := look(cmd.Context(), c, app.Options{Version: version, Log: slog.New(slog.DiscardHandler)})
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

func report(w io.Writer, r doctor.Report, format *output) error {
	if err := format.print(w, r, r.Write); err != nil {
		return err
	}
	if !r.Healthy() {
		return cli.ErrSilent
	}
	return nil
}
