package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

const asideShown = 1000

// mends say what to do about each check of the server; its own words say the rest.
var mends = map[string]string{
	"reach":      "check redis.addresses, username, password and tls, and whether this host may connect",
	"version":    "move to Redis 6.2 or later, or Valkey",
	"scripts":    "let the ACL user run EVAL, EVALSHA and SCRIPT on the bot's keys (docs/operations.md); take a Redis or Valkey",
	"eviction":   "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf",
	"durability": "appendonly yes and appendfsync always in redis.conf",
	"replicas":   "redis.replicas: 1 in the configuration, with two replicas or more",
	"clock":      "run chrony or ntpd on both hosts",
}

func (o Options) redis(ctx context.Context, a *area) {
	levels := map[store.Level]Level{store.Good: OK, store.Warning: Warning, store.Bad: Bad, store.Unknown: Unknown}
	for _, f := range o.Redis.CheckServer(ctx, o.Now()) {
		mend := mends[f.Check]
		if f.Level == store.Unknown {
			mend = "managed servers often hide this: check the provider's settings"
		}
		if f.Level == store.Good {
			mend = ""
		}
		a.add(f.Check, levels[f.Level], f.Say, mend)
	}
	redisAccess(a, o.Config.Redis)
	if aside, err := o.Redis.PutAside(ctx, asideShown); err == nil && len(aside) > 0 {
		noun := "requests"
		if len(aside) == 1 {
			noun = "request"
		}
		a.add("requests", Bad, fmt.Sprintf("%d %s that can't be read, put aside since %s", len(aside), noun, aside[0].Since.Format(time.RFC3339)),
			"press Requeue or Resolve… on its message in the channel; or remote-cluster-bot aside list, then aside requeue or aside resolve for each")
	}
	for _, compare := range o.Older {
		a.findings = append(a.findings, compare(ctx))
	}
	if t := o.Config.Redis.TLS; t != nil && t.Insecure {
		a.warn("certificate", "set redis.tls.ca_file instead of insecure", "the certificate of Redis is not checked")
	}
}

func asConfigError(err error) (*config.Error, bool) { return errors.AsType[*config.Error](err) }
