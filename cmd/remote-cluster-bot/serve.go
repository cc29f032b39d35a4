package main

import (
	"context"
	"sync"

	"github.com/spf13/cobra"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/app"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
)

// serveCommand runs the bot until it is told to stop.
func serveCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the bot",
		Long: "Runs until SIGTERM or SIGINT; then it finishes or hands over what it is working on.\n\n" +
			"It needs a configuration (config example prints one) with the secrets that it names, a Slack app (manifest prints\n" +
			"one), Redis 6.2 or Valkey 8 (or later) that writes to disk and evicts nothing, and an account on each platform.\n" +
			"config check looks at the file alone, doctor at all of it. Several may run at once on the same Redis.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(file, config.System())
			if err != nil {
				return err
			}
			a, err := app.New(c, app.Options{Version: version, Log: app.NewLogger(c.Log, cmd.ErrOrStderr())})
			if err != nil {
				return err
			}
			ctx, stop := context.WithCancel(cmd.Context())
			var following sync.WaitGroup
			following.Go(func() { a.Follow(ctx, file, config.System()) })
			err = a.Run(ctx)
			stop()
			following.Wait()
			return err
		},
	}
	cmd.Flags().StringVar(&file, "config", "config.yaml", "the configuration file")
	return cmd
}
