package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

func dialRedis(r config.Redis) (redis.UniversalClient, error) {
	o := &redis.UniversalOptions{
		Addrs: r.Addresses, MasterName: r.SentinelMaster, IsClusterMode: r.Cluster, DB: r.DB,
		Username: r.Username, Password: r.Password.Secret().Reveal(),
		SentinelUsername: r.SentinelUsername, SentinelPassword: r.SentinelPassword.Secret().Reveal(),
	}
	if r.Password.Given() { // asked for at each connection: its file may have changed
		password := r.Password.Secret()
		o.CredentialsProvider = func() (string, string) { return r.Username, password.Reveal() }
	}
	if r.TLS != nil {
		t, err := trust(r.TLS)
		if err != nil {
			return nil, fmt.Errorf("redis: %w", err)
		}
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: t.RootCAs, ServerName: t.ServerName, InsecureSkipVerify: t.Insecure} //nolint:gosec // only where the operator's configuration says so
	}
	return store.Dial(o, r.Timeout.Std()), nil
}

// OpenStore opens the store that a configuration names. Close it in the end.
func OpenStore(c *config.Config) (_ *store.Store, closing func() error, err error) {
	rdb, err := dialRedis(c.Redis)
	if err != nil {
		return nil, nil, err
	}
	return store.New(rdb, store.Options{Env: c.Environment, Replicas: c.Redis.Replicas, Index: inventory.IndexRecord}), rdb.Close, nil
}

const (
	redisLookEvery = 2 * time.Second
	redisLookFor   = 5 * time.Second // all that is asked at one look
)

// redisWatch looks at the settings of the Redis server.
type redisWatch struct{ *base }

// watchRedis says what is wrong with the settings of the Redis server, and says so again of each that takes its place:
// after a restart, a failover, or when it comes up only after the bot, which starts all the same.
func (a redisWatch) watchRedis(ctx context.Context) error {
	ticker := time.NewTicker(redisLookEvery)
	defer ticker.Stop()
	looked := map[string]bool{} // by what tells one run of a server from another
	for said := false; ; {
		id, err := a.store.ServerRun(ctx)
		switch away := errors.Is(err, change.ErrUnavailable); {
		case away:
			delete(looked, "") // one that does not tell may be another when it is back
			if !said && len(looked) == 0 {
				a.warnOfRedis(ctx) // once, for anyone who starts the bot and wonders; later the executor tells
			}
			said = true
		case !looked[id]:
			looked[id] = true
			a.warnOfRedis(ctx)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (a redisWatch) warnOfRedis(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, redisLookFor)
	defer cancel()
	for _, f := range a.store.CheckServer(ctx, time.Now()) {
		if f.Level != store.Good && !errors.Is(ctx.Err(), context.Canceled) {
			a.log.WarnContext(ctx, "Redis", "check", f.Check, "finding", f.Say)
		}
	}
}

// redisLog takes what the Redis client says on its own, mostly about a server that is away: the parts that need the
// server say so themselves, once. The client has one logger for the whole process: it is set when that begins, and
// each App only says where the words go.
type redisLog struct{ to atomic.Pointer[slog.Logger] }

var clientLog redisLog

// Prepare sets what a process has one of, before there is an App.
func Prepare() {
	redis.SetLogger(&clientLog)
	if os.Getenv("GOGC") == "" {
		// What lives in memory is a few MB, so the collector would run every few hundred events to save next to nothing.
		debug.SetGCPercent(400)
	}
}

// Printf logs for debugging.
func (l *redisLog) Printf(ctx context.Context, format string, args ...any) {
	if log := l.to.Load(); log != nil {
		log.DebugContext(ctx, "redis client", "says", fmt.Sprintf(format, args...))
	}
}
