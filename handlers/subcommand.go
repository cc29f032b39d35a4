package handlers

import (
	"context"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
)

// subcommand is something that can be typed behind the command.
type subcommand struct {
	name, args, does string
	run              func(*Handlers, context.Context, bot.Command, []string) bot.Answer
}

// reads reports whether a subcommand shows what there is.
func (w subcommand) reads() bool {
	return !slices.Contains([]string{"connect", "policy", "help"}, w.name)
}
