package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/cli"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
)

// configCommand checks a configuration without starting anything, and prints an example of one.
func configCommand() *cobra.Command {
	cmd := cli.Group("config", "Check a configuration, or print an example")
	var file string
	var format output
	check := &cobra.Command{
		Use:   "check",
		Short: "Read a configuration with its secrets and report every problem",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(file, config.System())
			if err != nil {
				return format.refused(cmd.OutOrStdout(), file, err)
			}
			result := checkedConfig{File: file, Environment: c.Environment, Platforms: len(c.Platforms), Problems: []config.Problem{}}
			return format.print(cmd.OutOrStdout(), result, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "%s: environment %s, %d platform(s): no problem found\n", file, c.Environment, len(c.Platforms))
				return err
			})
		},
	}
	format.flag(check)
	check.Flags().StringVar(&file, "config", "config.yaml", "the configuration file")
	var selfManaged, socketMode, overHTTP bool
	example := &cobra.Command{
		Use:   "example",
		Short: "Print an example configuration",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text := config.Example
			if selfManaged {
				text = config.ExampleSelfManaged()
			}
			if socketMode {
				text = config.InSocketMode(text)
			}
			_, err := cmd.OutOrStdout().Write(text)
			return err
		},
	}
	example.Flags().BoolVar(&selfManaged, "self-managed", false, "with clusters that you run yourself, instead of ECE and Elastic Cloud")
	example.Flags().BoolVar(&socketMode, "socket-mode", false, "the bot calls Slack: nothing has to reach it")
	example.Flags().BoolVar(&overHTTP, "http", false, "Slack calls the bot (the default)")
	example.MarkFlagsMutuallyExclusive("socket-mode", "http")
	cmd.AddCommand(check, example)
	return cmd
}

// checkedConfig is what config check found.
type checkedConfig struct {
	File        string           `json:"file"`
	Environment string           `json:"environment,omitempty"`
	Platforms   int              `json:"platforms"`
	Problems    []config.Problem `json:"problems"`
}

// refused prints what is wrong with a configuration as JSON, where that is asked for.
func (o *output) refused(w io.Writer, file string, err error) error {
	if o.format != outputJSON {
		return err
	}
	result := checkedConfig{File: file, Problems: []config.Problem{{Say: err.Error()}}}
	if all, ok := errors.AsType[*config.Error](err); ok {
		result.Problems = all.Problems
	}
	return errors.Join(cli.ErrSilent, o.print(w, result, nil))
}
