package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Level says how much a finding matters.
type Level string

// The levels.
const (
	Good    Level = "good"
	Warning Level = "warning" // it works, but something may be lost
	Bad     Level = "bad"     // it will go wrong
	Unknown Level = "unknown" // Redis does not let us look
)

// Finding is what one check of the server found.
type Finding struct {
	Check string // what was looked at: "reach", "version", "scripts", "eviction", "durability", "replicas", "clock"
	Level Level
	Say   string // a sentence for the bot's operators
}

const clockTolerance = 5 * time.Second

// serverCheck looks at whether the server suits.
type serverCheck struct{ *requests }

// CheckServer looks at whether the server suits: its version, that it throws nothing away, that it writes to
// disk, and that its clock agrees with now. Managed servers refuse CONFIG, and some INFO: then it says so.
func (s serverCheck) CheckServer(ctx context.Context, now time.Time) []Finding {
	at, err := s.Now(ctx)
	if err != nil {
		return []Finding{{"reach", Bad, fmt.Sprintf("Redis can't be reached: %v", err)}}
	}
	return []Finding{
		{"reach", Good, "Redis answers"},
		s.checkVersion(ctx),
		s.checkScripts(ctx),
		s.checkEviction(ctx),
		s.checkDurability(ctx),
		s.checkReplicas(ctx),
		checkClock(at, now),
	}
}

// ServerRun returns what tells this run of this server from any other, such as the one before a restart or a failover:
// INFO's run_id. It is empty where the server does not say; change.ErrUnavailable if it does not answer.
func (s serverCheck) ServerRun(ctx context.Context) (string, error) {
	id, err := s.info(ctx, "server", "run_id")
	if errors.Is(err, change.ErrUnavailable) {
		return "", err
	}
	return id, nil
}

func (s serverCheck) checkVersion(ctx context.Context) Finding {
	const check = "version"
	if version, err := s.info(ctx, "server", "valkey_version"); err == nil { // its redis_version is always 7.2
		return Finding{check, Good, "the server is Valkey " + version}
	}
	if version, err := s.info(ctx, "server", "dragonfly_version"); err == nil {
		return Finding{check, Warning, fmt.Sprintf("the server is Dragonfly %s, with which the bot has not been tried; with Redis and Valkey it has", version)}
	}
	version, err := s.info(ctx, "server", "redis_version")
	if err != nil {
		return unknown(check, err)
	}
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	x, errX := strconv.Atoi(major)
	y, errY := strconv.Atoi(minor)
	switch {
	case errX != nil || errY != nil:
		return unknown(check, fmt.Errorf("%q is no version", version))
	case x < 6 || x == 6 && y < 2:
		return Finding{check, Bad, fmt.Sprintf("Redis is %s; it has to be 6.2 or later", version)}
	}
	return Finding{check, Good, "Redis is " + version}
}

// checkScripts runs one that only reads, on a request that never was.
func (s serverCheck) checkScripts(ctx context.Context) Finding {
	const check = "scripts"
	if _, err := s.Get(ctx, "probe"); !errors.Is(err, change.ErrNotFound) {
		return Finding{check, Bad, fmt.Sprintf("the server does not run the bot's scripts: %v", err)}
	}
	return Finding{check, Good, "the server runs the bot's scripts"}
}

func (s serverCheck) checkEviction(ctx context.Context) Finding {
	const check = "eviction"
	policy, err := s.config(ctx, "maxmemory-policy")
	switch {
	case err != nil:
		return unknown(check, err)
	case policy != "noeviction":
		return Finding{check, Bad, fmt.Sprintf("maxmemory-policy is %s: when memory is short Redis throws requests away; set it to noeviction", policy)}
	}
	return Finding{check, Good, "maxmemory-policy is noeviction"}
}

func (s serverCheck) checkDurability(ctx context.Context) Finding {
	const check = "durability"
	aof, err := s.config(ctx, "appendonly")
	if err != nil {
		return unknown(check, err)
	}
	if aof != "yes" {
		return Finding{check, Bad, "appendonly is " + aof + ": after a restart requests and audit go back to the last snapshot; set it to yes"}
	}
	fsync, err := s.config(ctx, "appendfsync")
	if err != nil {
		return unknown(check, err)
	}
	if fsync != "always" {
		return Finding{check, Warning, "appendfsync is " + fsync + ": a loss of power may lose the last moves; the bot writes little, so always costs nothing"}
	}
	return Finding{check, Good, "every write goes to disk before it is answered"}
}

func (s serverCheck) checkReplicas(ctx context.Context) Finding {
	const check = "replicas"
	replicas, err := s.info(ctx, "replication", "connected_slaves")
	if err != nil {
		return unknown(check, err)
	}
	if replicas == "0" {
		return Finding{check, Good, "there are no replicas to fall behind"}
	}
	if s.replicas > 0 {
		return Finding{check, Good, fmt.Sprintf("a change counts after %d of %s replicas have it", s.replicas, replicas)}
	}
	return Finding{check, Warning, "there are replicas, and nobody waits for them: a failover may lose moves that were acknowledged; set redis.replicas to 1"}
}

func checkClock(redis, now time.Time) Finding {
	const check = "clock"
	off := redis.Sub(now)
	if off.Abs() > clockTolerance {
		return Finding{check, Warning, fmt.Sprintf("the clocks of Redis and of this machine are %s apart; deadlines go by this machine's, leases by that of Redis", off.Abs().Round(time.Second))}
	}
	return Finding{check, Good, "the clocks agree"}
}

func unknown(check string, err error) Finding {
	return Finding{check, Unknown, fmt.Sprintf("could not check: %v", err)}
}

// info returns one line of a section of INFO.
func (s serverCheck) info(ctx context.Context, section, field string) (string, error) {
	text, err := s.rdb.Info(ctx, section).Result()
	if err != nil {
		return "", fault("INFO "+section, err)
	}
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), field+":"); ok {
			return v, nil
		}
	}
	return "", fmt.Errorf("INFO %s does not tell %s", section, field)
}

func (s serverCheck) config(ctx context.Context, name string) (string, error) {
	got, err := s.rdb.ConfigGet(ctx, name).Result()
	if err != nil {
		return "", fault("CONFIG GET "+name, err)
	}
	v, ok := got[name]
	if !ok {
		return "", fmt.Errorf("CONFIG GET %s tells nothing", name)
	}
	return v, nil
}
