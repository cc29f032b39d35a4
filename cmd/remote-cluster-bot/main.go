// Command remote-cluster-bot connects Elastic Cloud Enterprise deployments to deployments of an Elastic Cloud
// organization from Slack: asked for by one person, approved by another, applied, proven and written down.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"
)

func main() {
	redis.SetLogger(&clientLog)
	if os.Getenv("GOGC") == "" {
		// What lives in memory is a few MB, so the collector would run every few hundred events to save next to nothing.
		debug.SetGCPercent(400)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	cmd, began := root(), false
	marked(cmd, &began)
	err := cmd.ExecuteContext(ctx)
	stop()
	if err != nil && !errors.Is(err, errSilent) {
		fmt.Fprintln(os.Stderr, "remote-cluster-bot:", err)
	}
	if code := exitCode(err, began); code != 0 {
		os.Exit(code)
	}
}

// root is the command line; every subcommand has a file of its own.
func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "remote-cluster-bot",
		Short: "Connects Elasticsearch clusters across ECE and Elastic Cloud, from Slack, with approvals",
		Long: "Connects Elasticsearch clusters across ECE and Elastic Cloud, from Slack, with approvals.\n\n" +
			"Exit codes: 0 done; 1 it failed, or found something bad; 2 the command line is wrong, and nothing was begun.",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddCommand(
		serveCommand(), demoCommand(), configCommand(), doctorCommand(), manifestCommand(), policyCommand(), auditCommand(), exportCommand(), asideCommand(),
		healthCommand(), versionCommand(), simCommand(), playedCommand(),
	)
	return cmd
}
