package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"

	"github.com/slack-go/slack"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/cli"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/manifest"
)

// manifestCommand prints the Slack app's manifest: pasted into Slack, it is the whole set-up of the app.
func manifestCommand() *cobra.Command {
	var o manifest.Options
	var link bool
	var format output
	cmd := &cobra.Command{
		Use:   "manifest {--socket-mode | --url https://bot.example.com}",
		Short: "Print the manifest to create the Slack app from",
		Long: "Prints the app's manifest with exactly the scopes, commands, shortcuts and events that this version uses.\n" +
			"In Slack: api.slack.com/apps, Create New App, From a manifest.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := manifest.New(o)
			if err != nil {
				return cli.AsUsage(err)
			}
			if link {
				return writeManifestLink(cmd.OutOrStdout(), m)
			}
			return format.print(cmd.OutOrStdout(), m, func(w io.Writer) error { return writeManifest(w, m) })
		},
	}
	cmd.Flags().BoolVar(&o.SocketMode, "socket-mode", false, "the bot calls Slack: nothing has to reach it")
	cmd.Flags().StringVar(&o.URL, "url", "", "where Slack reaches the bot: https://, without /slack")
	cmd.Flags().StringVar(&o.Command, "command", "/remote-cluster", "the slash command, as slack.command in the configuration")
	cmd.Flags().StringVar(&o.Name, "name", "Remote cluster bot", "what the app is called in Slack")
	format.flag(cmd, "yaml", outputJSON)
	cmd.Flags().BoolVar(&link, "link", false, "a link that opens Slack's page with the manifest filled in")
	cmd.MarkFlagsMutuallyExclusive("output", "link")
	cmd.MarkFlagsMutuallyExclusive("socket-mode", "url")
	cmd.MarkFlagsOneRequired("socket-mode", "url")
	return cmd
}

// writeManifestLink writes a link as in Slack's "Configuring apps with app manifests", Sharing manifests.
func writeManifestLink(w io.Writer, m *slack.Manifest) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, "https://api.slack.com/apps?"+url.Values{"new_app": {"1"}, "manifest_json": {string(raw)}}.Encode())
	return err
}

func writeManifest(w io.Writer, m *slack.Manifest) error {
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	if err := enc.Encode(m); err != nil {
		return err
	}
	return enc.Close()
}
