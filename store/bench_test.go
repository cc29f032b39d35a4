package store_test

import (
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// BenchmarkTransitions makes one move after the other: a glance and a script each.
func BenchmarkTransitions(b *testing.B) {
	for name, open := range map[string]func(testing.TB) storetest.Server{
		"miniredis": storetest.Mini,
		"redis":     func(tb testing.TB) storetest.Server { tb.Helper(); return storetest.Real(tb) },
		"redis-always": func(tb testing.TB) storetest.Server {
			tb.Helper()
			return storetest.Real(tb, "--appendfsync", "always")
		},
	} {
		b.Run(name, func(b *testing.B) {
			server := open(b)
			s := server.Store()
			if _, err := s.Create(b.Context(), changetest.Pending("a", server.Now()), "", change.Entry{}); err != nil {
				b.Fatal(err)
			}
			version, start := int64(1), time.Now()
			for b.Loop() {
				m := change.Transition{ID: "a", Version: version, From: change.Pending, To: change.Pending}
				if err := s.Transition(b.Context(), m); err != nil {
					b.Fatal(err)
				}
				version++
			}
			b.ReportMetric(float64(version-1)/time.Since(start).Seconds(), "moves/s")
		})
	}
}
