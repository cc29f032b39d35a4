package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// BenchmarkTrim lets go, on a real Redis, what is left of few and of many requests that Redis has forgotten, behind a
// hundred that stay: what one costs must not grow.
func BenchmarkTrim(b *testing.B) {
	for _, due := range []int{1000, 10_000} {
		b.Run(fmt.Sprintf("due=%d", due), func(b *testing.B) {
			server := storetest.Real(b, "--appendfsync", "no")
			env := server.Env()
			s, prefix := store.New(server.Client, store.Options{Env: env}), "rcb:{"+env+"}:"
			var took time.Duration
			for b.Loop() {
				b.StopTimer()
				forgotten(b, server.Client, prefix, due)
				b.StartTimer()
				begun := time.Now()
				if n, err := s.Trim(b.Context()); err != nil || n != due {
					b.Fatal(n, err)
				}
				took += time.Since(begun)
			}
			b.ReportMetric(took.Seconds()*1e6/float64(due*b.N), "µs/request")
		})
	}
}

// forgotten puts members into the list of recent requests as they are 91 days after: a hundred whose request is there
// still, and so many behind them whose request is gone.
func forgotten(b *testing.B, client redis.UniversalClient, prefix string, due int) {
	b.Helper()
	ctx, old := b.Context(), time.Now().Add(-91*24*time.Hour).UnixMilli()
	_, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range 100 + due {
			id := fmt.Sprintf("r%07d", i)
			if i < 100 {
				p.HSet(ctx, prefix+"req:"+id, "schema", change.Schema)
			}
			p.ZAdd(ctx, prefix+"recent", redis.Z{Score: float64(old + int64(i)), Member: id + " UALICE"})
			p.ZAdd(ctx, prefix+"mine:UALICE", redis.Z{Score: float64(old + int64(i)), Member: id})
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkTrimAudit lets almost all entries of a short and of a long audit go, which computes their chain again.
func BenchmarkTrimAudit(b *testing.B) {
	for _, entries := range []int{1000, 10_000} {
		b.Run(fmt.Sprintf("entries=%d", entries), func(b *testing.B) {
			server := storetest.Real(b, "--appendfsync", "no")
			var took time.Duration
			var memory float64
			for b.Loop() {
				b.StopTimer()
				s := store.New(server.Client, store.Options{Env: server.Env()})
				before := usedMemory(b, server)
				grown(b, s, server, entries)
				memory = (usedMemory(b, server) - before) * 1e6 / float64(entries)
				b.StartTimer()
				begun := time.Now()
				gone, err := s.TrimAudit(b.Context(), store.AuditTrim{
					Before: time.Now().Add(time.Hour), Export: func([]change.AuditLine) error { return nil },
					Sign: func(n int64, hash string) (change.Checkpoint, error) {
						return change.Checkpoint{Environment: "x", Entries: n, Hash: hash, Signature: "s"}, nil
					},
				})
				if err != nil || gone != entries-1 {
					b.Fatal(gone, err)
				}
				took += time.Since(begun)
			}
			b.ReportMetric(took.Seconds()*1e6/float64(entries*b.N), "µs/entry")
			b.ReportMetric(memory, "bytes/entry")
		})
	}
}

// grown is an audit of so many entries, all of one request.
func grown(b *testing.B, s *store.Store, server storetest.Server, entries int) {
	b.Helper()
	if _, err := s.Create(b.Context(), changetest.Pending("a", server.Now()), "", change.Entry{}); err != nil {
		b.Fatal(err)
	}
	for version := range int64(entries - 1) {
		m := change.Transition{ID: "a", Version: version + 1, From: change.Pending, To: change.Pending}
		if err := s.Transition(b.Context(), m); err != nil {
			b.Fatal(err)
		}
	}
}
