package main

import (
	"context"
	"errors"
	"os"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/playground"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
)

// playedBy are the clusters that are connected.
func playedBy(own bool) stage.Pair {
	if own {
		return stage.SelfManaged
	}
	return stage.Platforms
}

// castOf is what the page leads to.
func castOf(own bool) playground.Cast {
	pair := playedBy(own)
	cast := playground.Cast{Local: pair.Local(), Remote: pair.Remote(), Indices: pair.Indices()}
	if own {
		cast.Platform = stage.OwnPlatform
	}
	return cast
}

// addOwn puts self-managed clusters on the stage. Beside real ones the bot gets the Redis of this machine; nil where there is
// none. leave ends that.
func addOwn(ctx context.Context, s *stage.Stage, real bool) (redis *redisServer, leave func() error, err error) {
	dir, err := os.MkdirTemp("", "remote-cluster-bot-")
	if err != nil {
		return nil, nil, err
	}
	leave = func() error {
		if redis != nil {
			redis.Away()
		}
		return os.RemoveAll(dir)
	}
	if err = s.AddOwnClusters(dir); err == nil && real {
		redis, err = startRedis(ctx, dir)
	}
	if err != nil {
		return nil, nil, errors.Join(err, leave())
	}
	if redis != nil {
		s.RealRedis = redis.addr
	}
	return redis, leave, nil
}
