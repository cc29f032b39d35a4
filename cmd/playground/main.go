// Command playground plays with the bot on one machine: a Slack workspace, platforms, clusters and Redis are stand-ins, and the
// bot is the one that remote-cluster-bot serves.
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

// version is set when the binary is built.
var version = "dev"

// root is the command line: to play, and what is run as a process of its own.
func root() *cobra.Command {
	cmd := playCommand()
	cmd.Version = version
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.AddCommand(simCommand(), botCommand())
	return cmd
}
