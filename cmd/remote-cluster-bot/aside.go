package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/cli"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

const asideShown = 1000

// asideCommand looks after requests that can't be read.
func asideCommand() *cobra.Command {
	cmd := cli.Group("aside", "List, requeue or resolve requests that can't be read")
	var file, reason string
	var format output
	cmd.PersistentFlags().StringVar(&file, "config", "config.yaml", "the configuration file")
	list := &cobra.Command{
		Use: "list", Short: "List the requests that were put aside", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(file, func(_ *config.Config, s *store.Store) error {
				all, err := s.PutAside(cmd.Context(), asideShown)
				if err != nil {
					return err
				}
				return format.print(cmd.OutOrStdout(), all, func(w io.Writer) error {
					for _, one := range all {
						_, _ = fmt.Fprintf(w, "%s since %s\n", one.ID, one.Since.Format(time.RFC3339))
					}
					return nil
				})
			})
		},
	}
	format.flag(list)
	act := func(use, done, short string, resolve bool) *cobra.Command {
		var format output
		c := &cobra.Command{
			Use: use + " ID", Short: short, Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return withStore(file, func(_ *config.Config, s *store.Store) error {
					d := change.AsideDecision{ID: args[0], Resolve: resolve, By: change.Actor{User: change.Operator}, Reason: reason}
					if err := s.TakeUp(cmd.Context(), d); err != nil {
						return err
					}
					return format.print(cmd.OutOrStdout(), asideAnswer{ID: d.ID, Done: done, Reason: reason}, func(w io.Writer) error {
						_, err := fmt.Fprintf(w, "%s: %s\n", d.ID, done)
						return err
					})
				})
			},
		}
		c.Flags().StringVar(&reason, "reason", "", "why, for the audit")
		_ = c.MarkFlagRequired("reason") // it is defined above
		format.flag(c)
		return c
	}
	cmd.AddCommand(list,
		act("requeue", "requeued", "Resume a request where it stopped, once its record can be read again", false),
		act("resolve", "resolved", "End a request and release its locks, once nothing of it is left", true))
	return cmd
}

// asideAnswer is what requeue and resolve print as JSON.
type asideAnswer struct {
	ID     string `json:"id"`
	Done   string `json:"done"` // requeued or resolved
	Reason string `json:"reason"`
}
