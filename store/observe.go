package store

import (
	"context"
	"errors"
	"net"

	"github.com/redis/go-redis/v9"
)

// Observe tells begin of each command to Redis before it is sent, by its name or, where it runs a script of ours, by
// the script's; and what begin returned of how it ended. Keys and values are not told.
func Observe(rdb redis.UniversalClient, begin func(ctx context.Context, command string) func(error)) {
	rdb.AddHook(observer(begin))
}

// setup are the commands of a new connection, some of which the client sends to servers that don't know them.
var setup = map[string]bool{"hello": true, "auth": true, "client": true, "select": true, "readonly": true}

type observer func(ctx context.Context, command string) func(error)

func (o observer) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		return next(ctx, network, address)
	}
}

func (o observer) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if setup[cmd.Name()] {
			return next(ctx, cmd)
		}
		end := o(ctx, commandName(cmd))
		err := next(ctx, cmd)
		end(failure(err))
		return err
	}
}

// ProcessPipelineHook tells nothing: pipelines are the upkeep of the store, and how the client sets a connection up.
func (o observer) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error { return next(ctx, cmds) }
}

// failure leaves out what is an answer: nothing there, and a script that Redis needs in full.
func failure(err error) error {
	if errors.Is(err, redis.Nil) || redis.HasErrorPrefix(err, "NOSCRIPT") {
		return nil
	}
	return err
}

func commandName(cmd redis.Cmder) string {
	if args := cmd.Args(); len(args) > 1 {
		if which, ok := args[1].(string); ok {
			switch cmd.Name() {
			case "evalsha", "evalsha_ro":
				return scriptNames[which]
			case "eval", "eval_ro":
				return scriptNames[redis.NewScript(which).Hash()]
			}
		}
	}
	return cmd.Name()
}
