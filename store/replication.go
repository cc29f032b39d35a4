package store

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// replicationTimeout is how long a transition waits for its copies: a person may be waiting for it.
const replicationTimeout = 500 * time.Millisecond

// evalReplicated is eval for what must not be lost: it waits until enough replicas have what the script wrote. Replication
// is asynchronous, so that a failover forgets what was acknowledged a moment before it (Redis's docs: "WAIT"). Too few
// copies are change.ErrUnavailable: it is written, but nobody can say whether for good.
func (s *db) evalReplicated(ctx context.Context, doing string, script *redis.Script, keys []string, args ...any) (answer, error) {
	if s.replicas == 0 {
		return s.eval(ctx, doing, script, keys, args...)
	}
	server, err := s.serverOf(ctx, keys[0])
	if err != nil {
		return answer{}, fault(doing, err)
	}
	wrote, copies, err := s.inOne(ctx, server, script.EvalSha, keys, args)
	if redis.HasErrorPrefix(err, "NOSCRIPT") { // as after a restart
		wrote, copies, err = s.inOne(ctx, server, script.Eval, keys, args)
	}
	if err != nil {
		return answer{}, fault(doing, err)
	}
	got, err := wrote.StringSlice()
	if err != nil {
		return answer{}, fault(doing, err)
	}
	a, err := said(doing, got)
	if err != nil {
		return answer{}, err
	}
	if a.word != "ok" {
		return a, nil // it wrote nothing
	}
	return a, s.enough(doing, copies)
}

// enough reads the answer to WAIT.
func (s *db) enough(doing string, copies *redis.Cmd) error {
	n, err := copies.Int()
	if err != nil {
		return fault(doing, err)
	}
	if n < s.replicas {
		return fmt.Errorf("%s: %w: %d of %d replicas have it", doing, change.ErrUnavailable, n, s.replicas)
	}
	return nil
}

// WaitDurable implements change.Requests: replicas get writes in their order, so that one that has the latest has all.
func (s *db) WaitDurable(ctx context.Context) error {
	const doing = "waiting for copies of what was written"
	if s.replicas == 0 {
		return nil
	}
	key := s.keys.call(s.nonce())
	server, err := s.serverOf(ctx, key)
	if err != nil {
		return fault(doing, err)
	}
	var copies *redis.Cmd
	_, err = server.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, key, "1", time.Minute) // WAIT speaks of the writes of its own connection
		copies = s.wait(ctx, p)
		return nil
	})
	if err != nil {
		return fault(doing, err)
	}
	return s.enough(doing, copies)
}

func (s *db) wait(ctx context.Context, p redis.Pipeliner) *redis.Cmd {
	return p.Do(ctx, "wait", s.replicas, replicationTimeout.Milliseconds())
}

type evaluate func(ctx context.Context, c redis.Scripter, keys []string, args ...any) *redis.Cmd

// inOne sends a script and the wait for its copies over one connection: WAIT speaks of the writes of its own connection.
func (s *db) inOne(ctx context.Context, server redis.Cmdable, by evaluate, keys []string, args []any) (wrote, copies *redis.Cmd, err error) {
	_, err = server.Pipelined(ctx, func(p redis.Pipeliner) error {
		wrote = by(ctx, p, keys, args...)
		copies = s.wait(ctx, p)
		return nil
	})
	return wrote, copies, err
}

// serverOf is where a key lies: a command without a key, as WAIT is, goes anywhere in a cluster.
func (s *db) serverOf(ctx context.Context, key string) (redis.Cmdable, error) {
	if cluster, ok := s.rdb.(*redis.ClusterClient); ok {
		return cluster.MasterForKey(ctx, key)
	}
	return s.rdb, nil
}
