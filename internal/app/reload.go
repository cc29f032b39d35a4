package app

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

// reloads takes over what changes in the configuration while the bot runs.
type reloads struct {
	*base
	policy *policy.Policy
}

// reload takes over who approves from a configuration that was read anew. What else changed in it waits for a restart.
func (a reloads) reload(ctx context.Context, c *config.Config) {
	a.policy.Replace(c.Rules())
	a.recordPolicy(ctx)
	a.log.InfoContext(ctx, "reloaded: who approves is as the file says now; other changes wait for a restart")
}

// recordPolicy has the audit say which policy is in force. If it can't now, it does before the next entry.
func (a reloads) recordPolicy(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, recordWithin)
	defer cancel()
	if err := a.store.RecordPolicy(ctx); err != nil {
		a.log.WarnContext(ctx, "recording the policy; it is done before the next entry of the audit", "error", err)
	}
}

const recordWithin = 5 * time.Second

// Follow takes over what changes in the configuration until ctx ends: secrets by themselves, the file on SIGHUP.
func (a reloads) Follow(ctx context.Context, file string, s config.Source) {
	var both sync.WaitGroup
	both.Go(func() { a.rereadSecrets(ctx, s) })
	both.Go(func() { a.followFile(ctx, file, s) })
	both.Wait()
}

const rereadEvery = 10 * time.Second

// rereadSecrets looks now and then whether a file with a secret has changed: mounted secrets are replaced without a word.
func (a reloads) rereadSecrets(ctx context.Context, s config.Source) {
	tick := time.NewTicker(rereadEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		changed, err := a.config.RereadSecrets(s)
		if len(changed) > 0 {
			a.log.InfoContext(ctx, "secrets were read again", "changed", changed)
		}
		if err != nil {
			a.log.WarnContext(ctx, "a secret can't be read again; the old one stays", "error", err)
		}
	}
}

// followFile reloads on SIGHUP until ctx ends. A file with problems changes nothing.
func (a reloads) followFile(ctx context.Context, file string, s config.Source) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
		}
		c, err := config.Load(file, s)
		if err != nil {
			a.log.ErrorContext(ctx, "not reloaded: everything stays as it was", "error", err)
			continue
		}
		a.reload(ctx, c)
	}
}
