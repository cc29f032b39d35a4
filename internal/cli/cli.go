// Package cli runs a program's command line: what it says of errors, and the code that it ends with.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit codes. docs/troubleshooting.md says them to operators.
const (
	Failed = 1 // the command began and failed, or found something bad
	Usage  = 2 // the command line is wrong: nothing was begun
)

// ErrSilent ends the program with exit code 1 after a command has said itself what is wrong.
var ErrSilent = errors.New("")

// usageError is a command line that can't be meant.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// AsUsage makes an error one of usage: the command line can't be meant.
func AsUsage(err error) error { return usageError{err} }

// Usagef is an error of usage.
func Usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// Main runs the command line until SIGTERM or SIGINT, and ends the program.
func Main(cmd *cobra.Command) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM) //nolint:forbidigo // where the program begins
	code := Execute(ctx, cmd, os.Stderr)
	stop()
	if code != 0 {
		os.Exit(code)
	}
}

// Execute runs a command line, says on w how it failed, and returns what the program ends with.
func Execute(ctx context.Context, cmd *cobra.Command, w io.Writer) (code int) {
	began := false
	marked(cmd, &began)
	err := cmd.ExecuteContext(ctx)
	if err != nil && !errors.Is(err, ErrSilent) {
		_, _ = fmt.Fprintf(w, "%s: %v\n", cmd.Name(), err)
	}
	return exitCode(err, began)
}

// Group is a command that only holds others. Alone it says which; what it does not know is an error of usage.
func Group(use, short string) *cobra.Command {
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
			return Usagef("unknown command %q for %q%s", args[0], cmd.CommandPath(), hint)
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
		return Usage
	}
	return Failed
}
