package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// BenchmarkConnections is what is read of managed connections for a home tab, a scrape and a list, on a real Redis that
// holds a few, and then many of them. Home and scrape must not slow down.
func BenchmarkConnections(b *testing.B) {
	many := managed()
	server := storetest.Real(b, "--appendfsync", "no")
	w := newManagedWorld(b, server)
	made := 0
	for _, n := range []int{10, many} {
		w.grow(made, n)
		made = n
		for what, read := range w.reads() {
			b.Run(fmt.Sprintf("%s/managed=%d", what, n), func(b *testing.B) {
				for b.Loop() {
					if err := read(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				b.ReportMetric(float64(m.HeapInuse)/1e6, "heap-MB")
			})
		}
	}
}

// What a home tab and a scrape read of Redis does not grow with the connections, even for somebody who made all of them:
// the same few commands, and as many bytes. A list reads no record twice.
func TestReadingConnectionsDoesNotGrow(t *testing.T) {
	server := storetest.Mini(t)
	w := newManagedWorld(t, server)
	traffic := &traffic{}
	server.Client.AddHook(traffic)
	cost := func(what string) (commands, bytes int) {
		t.Helper()
		traffic.commands.Store(0)
		traffic.bytes.Store(0)
		if err := w.reads()[what](t.Context()); err != nil {
			t.Fatal(err)
		}
		return int(traffic.commands.Load()), int(traffic.bytes.Load())
	}
	type spent struct{ commands, bytes int }
	before := map[string]spent{}
	w.grow(0, 300)
	for what := range w.reads() {
		commands, bytes := cost(what)
		before[what] = spent{commands, bytes}
	}
	w.grow(300, 900)
	for _, what := range []string{"home", "scrape"} {
		commands, bytes := cost(what)
		if commands > before[what].commands || commands > 12 || bytes > before[what].bytes*11/10 {
			t.Errorf("%s: %d commands and %d bytes for 900 connections, %+v for 300", what, commands, bytes, before[what])
		}
	}
	cost("list")
	if commands, bytes := cost("list"); commands > 2 || bytes > 900*250 { // names and requests, and no record
		t.Errorf("a second list: %d commands and %d bytes", commands, bytes)
	}
}

// managedWorld is a store of managed connections, and what reads them. Its platforms are never asked.
type managedWorld struct {
	tb          testing.TB
	store       *store.Store
	connections *inventory.Connections
	monitor     *monitor.Monitor
	handlers    *handlers.Handlers
	redis       redis.UniversalClient
	slack       *toldChannel
	problems    []diagnose.Problem // that every check finds
}

func newManagedWorld(tb testing.TB, server storetest.Server) *managedWorld {
	tb.Helper()
	w := &managedWorld{tb: tb, redis: server.Client, slack: &toldChannel{}, store: store.New(server.Client, store.Options{Env: server.Env(), Index: inventory.IndexRecord})}
	catalog := inventory.NewCatalog(nil, inventory.CatalogOptions{Now: time.Now})
	w.connections = inventory.NewConnections(catalog, w.store, inventory.ConnectionsOptions{Now: time.Now})
	w.monitor = monitor.New(monitor.Options{
		Checker: checkup{w.connections, w}, Store: w.store, Queues: []string{"ece-prod"}, Owner: "one", Now: time.Now, Poster: w.slack,
		Log: slog.New(slog.DiscardHandler), MaxPerTick: 1 << 20, Parallel: 50,
	})
	w.handlers = handlers.New(handlers.Options{
		Lists: w.store, Follows: w.store, Status: w.monitor, Command: "/remote-cluster", Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Policy: change.Approvers{Count: 1},
	})
	return w
}

// checkup finds of every connection what its world says.
type checkup struct {
	*inventory.Connections
	w *managedWorld
}

func (c checkup) Health(context.Context, link.ManagedConnection, time.Duration) (diagnose.HealthResult, error) {
	return diagnose.HealthResult{Local: "local-0001", Remote: "remote-0001", Problems: c.w.problems}, nil
}

// toldChannel counts what it is told.
type toldChannel struct {
	notify.Poster
	posts, edits int
}

func (c *toldChannel) Post(context.Context, string, bot.Message) (bot.Posted, error) {
	c.posts++
	return bot.Posted{Channel: "C", TS: strconv.Itoa(c.posts)}, nil
}

func (c *toldChannel) Update(context.Context, bot.Posted, bot.Message) error {
	c.edits++
	return nil
}

// BenchmarkOutage is what it costs that all connections are lost, and come back: calls of Slack, and the time that it
// takes to tell of it, on a real Redis. However many they are, it is one message.
func BenchmarkOutage(b *testing.B) {
	for _, n := range []int{50, managed()} {
		b.Run(fmt.Sprintf("managed=%d", n), func(b *testing.B) {
			w := newManagedWorld(b, storetest.Real(b, "--appendfsync", "no"))
			w.grow(0, n)
			b.ResetTimer()
			var telling time.Duration
			for b.Loop() {
				for _, found := range [][]diagnose.Problem{{{Kind: diagnose.ProblemDown, Say: "It can't be reached."}}, nil} {
					w.problems = found
					makeDue(b, w.redis)
					if err := w.monitor.CheckDue(b.Context()); err != nil {
						b.Fatal(err)
					}
					begun := time.Now()
					if err := w.store.Note(b.Context(), "announced", "revision", ""); err != nil { // so that it looks at all of them again
						b.Fatal(err)
					}
					if err := w.monitor.Announce(b.Context()); err != nil {
						b.Fatal(err)
					}
					telling += time.Since(begun)
				}
			}
			b.ReportMetric(float64(w.slack.posts)/float64(b.N), "posts")
			b.ReportMetric(float64(w.slack.edits)/float64(b.N), "edits")
			b.ReportMetric(telling.Seconds()*1000/float64(2*b.N), "tell-ms")
		})
	}
}

// managed is how many connections the benchmarks have: MANAGED, by default 5000.
func managed() int {
	if n, err := strconv.Atoi(os.Getenv("MANAGED")); err == nil {
		return n
	}
	return 5000
}

const batch = 25 // connections of one change

// grow adds connections until there are to of them, and checks each.
func (w *managedWorld) grow(from, to int) {
	w.tb.Helper()
	ctx := w.tb.Context()
	for ; from < to; from += batch {
		r := changetest.Pending(fmt.Sprintf("r%06d", from), time.Now())
		r.Proposal.Target, r.Deadline = []string{r.ID}, time.Now().Add(time.Hour)
		records, err := linktest.Records(from, min(batch, to-from), r.ID, time.Now())
		if err != nil {
			w.tb.Fatal(err)
		}
		if _, err := w.store.Create(ctx, r, "", change.Entry{}); err != nil {
			w.tb.Fatal(err)
		}
		m := change.Transition{ID: r.ID, Version: 1, Event: change.Withdraw, From: change.Pending, To: change.Withdrawn, Records: records}
		if err := w.store.Transition(ctx, m); err != nil {
			w.tb.Fatal(err)
		}
	}
	if err := w.monitor.CheckDue(ctx); err != nil {
		w.tb.Fatal(err)
	}
	if now, err := w.monitor.Summary(ctx); err != nil || now.Managed != to {
		w.tb.Fatalf("there are %d connections, want %d (%v)", now.Managed, to, err)
	}
}

func (w *managedWorld) reads() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"home": func(ctx context.Context) error {
			_, err := w.handlers.DrawHome(ctx, change.Actor{User: "U0ALICE"})
			return err
		},
		"scrape": func(ctx context.Context) error {
			_, err := w.monitor.Summary(ctx)
			return err
		},
		"list": func(ctx context.Context) error { return w.connections.List(ctx, "").Unmanaged },
	}
}

// traffic counts commands to Redis and the bytes of their answers.
type traffic struct{ commands, bytes atomic.Int64 }

func (*traffic) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s *traffic) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		s.commands.Add(1)
		s.bytes.Add(int64(len(cmd.String())))
		return err
	}
}

func (s *traffic) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		s.commands.Add(int64(len(slices.DeleteFunc(slices.Clone(cmds), func(c redis.Cmder) bool { return c.Name() == "hello" }))))
		for _, c := range cmds {
			s.bytes.Add(int64(len(c.String())))
		}
		return err
	}
}
