package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// fault turns what Redis or the way to it said into the errors of change. An error that is none of them is our
// own fault, or a Redis that refuses us: a wrong password, a missing permission, a key of another type.
func fault(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case full(err):
		return fmt.Errorf("%s: %w: %w", doing, change.ErrFull, err)
	case unavailable(err):
		return fmt.Errorf("%s: %w: %w", doing, change.ErrUnavailable, err)
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}

// full: memory or disk take no more. Redis 6 puts its own error inside that of the script, hence Contains.
func full(err error) bool {
	return strings.Contains(err.Error(), "OOM command not allowed") || redis.HasErrorPrefix(err, "MISCONF")
}

// passing are the errors of a Redis that will be well again by itself, after a restart or a failover.
var passing = []string{
	"READONLY", "LOADING", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "NOREPLICAS", "UNBLOCKED", "BUSY",
	"ERR max number of clients reached",
}

func unavailable(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, redis.ErrPoolExhausted) || errors.Is(err, redis.ErrClosed) {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	for _, p := range passing {
		if redis.HasErrorPrefix(err, p) {
			return true
		}
	}
	return strings.Contains(err.Error(), "-READONLY") || strings.Contains(err.Error(), "all sentinels specified in configuration are unreachable")
}
