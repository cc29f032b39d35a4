package store_test

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// BenchmarkAmongFinished makes moves and lists on a real Redis that holds a few finished requests, and then many:
// FINISHED of them, by default 20 000. Neither may slow down. redis-MB is what Redis needs for them.
func BenchmarkAmongFinished(b *testing.B) {
	many := 20_000
	if n, err := strconv.Atoi(os.Getenv("FINISHED")); err == nil {
		many = n
	}
	server := storetest.Real(b, "--appendfsync", "no")
	s := server.Store()
	made := 0
	for _, n := range []int{100, many} {
		finish(b, s, server, made, n)
		made = n
		memory := usedMemory(b, server)
		b.Run(fmt.Sprintf("move/finished=%d", n), func(b *testing.B) {
			id := fmt.Sprintf("open-%d-%d", n, b.N)
			if _, err := s.Create(b.Context(), changetest.Pending(id, server.Now()), "", change.Entry{}); err != nil {
				b.Fatal(err)
			}
			version := int64(1)
			for b.Loop() {
				if err := s.Transition(b.Context(), change.Transition{ID: id, Version: version, From: change.Pending, To: change.Pending}); err != nil {
					b.Fatal(err)
				}
				version++
			}
			b.ReportMetric(memory, "redis-MB")
		})
		b.Run(fmt.Sprintf("recent20/finished=%d", n), func(b *testing.B) {
			for b.Loop() {
				if got, err := s.Recent(b.Context(), 20); err != nil || len(got) != 20 {
					b.Fatal(len(got), err)
				}
			}
		})
		b.Run(fmt.Sprintf("mine20/finished=%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Mine(b.Context(), changetest.Pending("x", server.Now()).Requester.User, 20); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("home/finished=%d", n), func(b *testing.B) { // what a home tab reads
			for b.Loop() {
				if _, err := s.PendingRequests(b.Context(), 100); err != nil {
					b.Fatal(err)
				}
				if _, err := s.Mine(b.Context(), changetest.Pending("x", server.Now()).Requester.User, 10); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// finish makes requests from..to and withdraws each.
func finish(b *testing.B, s *store.Store, server storetest.Server, from, to int) {
	b.Helper()
	next := make(chan int)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for i := range next {
				r := changetest.Pending(fmt.Sprintf("done-%d", i), server.Now())
				r.Proposal.Target = []string{r.ID}
				if _, err := s.Create(b.Context(), r, "", change.Entry{}); err != nil {
					b.Error(err)
					continue
				}
				m := change.Transition{ID: r.ID, Version: 1, Event: change.Withdraw, From: change.Pending, To: change.Withdrawn}
				if err := s.Transition(b.Context(), m); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := from; i < to; i++ {
		next <- i
	}
	close(next)
	wg.Wait()
}

func usedMemory(b *testing.B, server storetest.Server) float64 {
	b.Helper()
	info, err := server.Client.InfoMap(b.Context(), "memory").Result()
	if err != nil {
		b.Fatal(err)
	}
	n, _ := strconv.ParseFloat(info["Memory"]["used_memory"], 64)
	return n / 1e6
}
