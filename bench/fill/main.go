// Command fill puts requests into a Redis, as the bot would have left them: open ones that wait for approvals, finished
// ones, and some that have left managed connections. bench/rest.sh starts the bot on them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

func main() {
	addr := flag.String("redis", "127.0.0.1:6379", "address of the Redis")
	env := flag.String("env", "prod", "the bot's environment")
	open := flag.Int("open", 0, "how many requests wait for approvals")
	finished := flag.Int("finished", 0, "how many were withdrawn")
	connections := flag.Int("connections", 0, "how many managed connections there are")
	flag.Parse()
	ctx := context.Background()
	client := store.Dial(&redis.UniversalOptions{Addrs: []string{*addr}}, 5*time.Second)
	defer func() { _ = client.Close() }()
	s := store.New(client, store.Options{Env: *env, Index: inventory.IndexRecord})
	if err := errors.Join(fill(ctx, s, *open, *finished), connect(ctx, s, *connections)); err != nil {
		fmt.Fprintln(os.Stderr, "fill:", err)
		os.Exit(1)
	}
}

// connect leaves n managed connections, some with each change.
func connect(ctx context.Context, s *store.Store, n int) error {
	const batch = 25
	for i := 0; i < n; i += batch {
		r := changetest.Pending(fmt.Sprintf("conn%07d", i), time.Now())
		r.Proposal.Target, r.Deadline = []string{r.ID}, time.Now().Add(time.Hour)
		records, err := linktest.Records(i, min(batch, n-i), r.ID, time.Now())
		if err != nil {
			return err
		}
		if _, err := s.Create(ctx, r, "", change.Entry{}); err != nil {
			return err
		}
		m := change.Transition{ID: r.ID, Version: 1, Event: change.Withdraw, From: change.Pending, To: change.Withdrawn, Records: records}
		if err := s.Transition(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func fill(ctx context.Context, s *store.Store, open, finished int) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	for i := range open + finished {
		g.Go(func() error { return put(ctx, s, i, i >= open) })
	}
	return g.Wait()
}

func put(ctx context.Context, s *store.Store, n int, finish bool) error {
	kind := "open"
	if finish {
		kind = "done"
	}
	r := changetest.Pending(fmt.Sprintf("%s%07d", kind, n), time.Now())
	r.Proposal.Target = []string{r.ID}
	r.Deadline = time.Now().Add(24 * time.Hour)
	r.Requester.User = fmt.Sprintf("U%04d", n%1000)
	if _, err := s.Create(ctx, r, "", change.Entry{}); err != nil {
		return err
	}
	version := int64(1)
	if finish {
		m := change.Transition{ID: r.ID, Version: version, Event: change.Withdraw, From: change.Pending, To: change.Withdrawn}
		if err := s.Transition(ctx, m); err != nil {
			return err
		}
		version++
	}
	if _, _, err := s.ClaimNotification(ctx, r.ID, "fill", time.Minute); err != nil {
		return err
	}
	return s.Announced(ctx, r.ID, version, "fill")
}
