package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// DefaultTimeout bounds a command where the options of Dial name no other time.
const DefaultTimeout = time.Second

// answerWithin is how long a connection waits for an answer: longer than the longest nap of Wait. What a caller waits
// is bounded by bound, which knows of all connections that are tried.
const answerWithin = 3 * time.Second

// Dial returns a client that keeps to the deadlines of contexts, which go-redis does not unless told. A command takes
// no longer than timeout (0: DefaultTimeout), with everything that belongs to it: waiting for a connection, making one,
// and repeating what got no answer. Blocking ones take so much longer as they block. What o sets stays. It does not
// connect yet.
func Dial(o *redis.UniversalOptions, timeout time.Duration) redis.UniversalClient {
	timeout = or(timeout, DefaultTimeout)
	with := *o
	with.ContextTimeoutEnabled = true
	with.DialTimeout = or(o.DialTimeout, timeout)
	with.ReadTimeout = or(o.ReadTimeout, answerWithin)
	with.WriteTimeout = or(o.WriteTimeout, answerWithin)
	if with.DialerRetries == 0 {
		with.DialerRetries = 1 // MaxRetries goes around it
	}
	client := redis.NewUniversalClient(&with)
	client.AddHook(bound(timeout))
	return client
}

func or(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// bound ends each command in time. A hook sees a command once, however often the client repeats it.
type bound time.Duration

// DialHook implements redis.Hook.
func (b bound) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (b bound) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		within, cancel := context.WithTimeout(ctx, time.Duration(b)+blocking(ctx))
		defer cancel()
		return b.why(ctx, within, next(within, cmd))
	}
}

// ProcessPipelineHook implements redis.Hook.
func (b bound) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		within, cancel := context.WithTimeout(ctx, time.Duration(b))
		defer cancel()
		return b.why(ctx, within, next(within, cmds))
	}
}

type blockingKey struct{}

// blocks returns a context for a command that blocks for d.
func blocks(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, blockingKey{}, d)
}

func blocking(ctx context.Context) time.Duration {
	d, _ := ctx.Value(blockingKey{}).(time.Duration)
	return d
}

// errSilent is what a command says that was given up. It counts as a deadline that has passed.
var errSilent = fmt.Errorf("redis gave no answer: %w", context.DeadlineExceeded)

// why says whose deadline it was.
func (b bound) why(caller, within context.Context, err error) error {
	if err == nil || caller.Err() != nil || within.Err() == nil || errors.Is(err, redis.Nil) {
		return err
	}
	return fmt.Errorf("%w within %s: %w", errSilent, time.Duration(b), err)
}
