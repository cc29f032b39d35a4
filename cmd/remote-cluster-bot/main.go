// Command remote-cluster-bot connects Elastic Cloud Enterprise deployments to deployments of an Elastic Cloud
// organization from Slack: asked for by one person, approved by another, applied, proven and written down.
package main

import (
	"github.com/spf13/cobra"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/app"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/cli"
)

func main() {
	app.Prepare()
	cli.Main(root())
}

// root is the command line; every subcommand has a file of its own.
func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "remote-cluster-bot",
		Short: "Connects Elasticsearch clusters on ECE, on Elastic Cloud and self-managed, from Slack, with approvals",
		Long: "Connects Elasticsearch clusters on ECE, on Elastic Cloud and self-managed, from Slack, with approvals.\n\n" +
			"Exit codes: 0 done; 1 it failed, or found something bad; 2 the command line is wrong, and nothing was begun.",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddCommand(
		serveCommand(), configCommand(), doctorCommand(), manifestCommand(), policyCommand(), auditCommand(), exportCommand(), asideCommand(),
		healthCommand(), versionCommand(),
	)
	return cmd
}
