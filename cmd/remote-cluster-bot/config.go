package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
)

// configCommand checks a configuration without starting anything, and prints an example of one.
func configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Check a configuration, or print an example"}
	var file string
	check := &cobra.Command{
		Use:   "check",
		Short: "Read a configuration with its secrets and report every problem",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(file, config.System())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: environment %s, %d platform(s): no problem found\n", file, c.Environment, len(c.Platforms))
			return err
		},
	}
	check.Flags().StringVar(&file, "config", "config.yaml", "the configuration file")
	var selfManaged bool
	example := &cobra.Command{
		Use:   "example",
		Short: "Print an example configuration",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text := config.Example
			if selfManaged {
				text = config.ExampleSelfManaged()
			}
			_, err := cmd.OutOrStdout().Write(text)
			return err
		},
	}
	example.Flags().BoolVar(&selfManaged, "self-managed", false, "with clusters that you run yourself, instead of ECE and Elastic Cloud")
	cmd.AddCommand(check, example)
	return cmd
}
