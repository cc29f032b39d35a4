package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// The exit codes. docs/troubleshooting.md says them to operators.
const (
	exitFailed = 1 // the command began and failed, or found something bad
	exitUsage  = 2 // the command line is wrong: nothing was begun
)

// usageError is a command line that can't be meant.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// commandGroup is a command that only holds others. Alone it says which; what it does not know is an error of usage.
func commandGroup(use, short string) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.ArbitraryArgs, SuggestionsMinimumDistance: 2,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			var hint string
			if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
				hint = "; did you mean " + strings.Join(like, " or ") + "?"
			}
			return usagef("unknown command %q for %q%s", args[0], cmd.CommandPath(), hint)
		},
	}
}

// marked makes every command of a tree say that it has begun: an error before that is one of usage.
func marked(cmd *cobra.Command, began *bool) {
	for _, sub := range cmd.Commands() {
		marked(sub, began)
	}
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			*began = true
			return run(cmd, args)
		}
	}
}

// exitCode is what the program ends with after err.
func exitCode(err error, began bool) int {
	_, usage := errors.AsType[usageError](err)
	switch {
	case err == nil:
		return 0
	case usage || !began:
		return exitUsage
	}
	return exitFailed
}
