package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// exchanges notes when which call of Elastic's was answered.
type exchanges struct {
	mu    sync.Mutex
	calls []fault.Exchange
}

func (e *exchanges) saw(x fault.Exchange) {
	x.Request, x.Answer, x.ReqHeader, x.RespHeader = nil, nil, nil, nil // of a thousand connections they fill gigabytes
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls = append(e.calls, x)
}

func (e *exchanges) since(at time.Time) []fault.Exchange {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []fault.Exchange
	for _, x := range e.calls {
		if !x.At.Before(at) {
			all = append(all, x)
		}
	}
	slices.SortFunc(all, func(x, y fault.Exchange) int { return x.At.Compare(y.At) })
	return all
}

// BenchmarkConnect makes whole connections on a real Redis: from the approval to the first call to Elastic, and to the
// proof, with calls that take 100 ms and a keystore that reaches the nodes at once. The work's own time is what is left
// when the longest chain of calls is taken away.
func BenchmarkConnect(b *testing.B) {
	for _, latency := range []time.Duration{0, 100 * time.Millisecond} {
		b.Run("latency="+latency.String(), func(b *testing.B) { connects(b, latency) })
	}
}

func connects(b *testing.B, latency time.Duration) {
	b.Helper()
	seen := &exchanges{}
	s, err := stage.New(b.Context(), sim.Options{Now: time.Now, Latency: latency, Observe: func(o platform.Options) platform.Options {
		o.OnExchange, o.KeystoreDelay = seen.saw, 0
		return o
	}}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	server := storetest.Real(b, "--appendfsync", "always")
	c, err := s.Config(func(c *config.Config) { c.Redis.Addresses = []string{server.Addr} })
	if err != nil {
		b.Fatal(err)
	}
	a, err := enter(context.WithoutCancel(b.Context()), s, c)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = a.Leave() }()
	var first, whole, chain, calls float64
	n := 0
	for b.Loop() {
		b.StopTimer()
		id := askFor(b, s, a, n)
		n++
		b.StartTimer()
		at := time.Now()
		if _, err := a.service.Approve(b.Context(), change.DecisionInput{ID: id, By: change.Actor{User: "U0BOB"}}); err != nil {
			b.Fatal(err)
		}
		end := ended(b, a, id)
		b.StopTimer()
		made := seen.since(at)
		first += made[0].At.Sub(at).Seconds()
		whole += end.Sub(at).Seconds()
		longest, text := rounds(made, at)
		chain += float64(longest)
		calls += float64(len(made))
		if n == 1 {
			if name := os.Getenv("ROUNDS"); name != "" { // the calls in their order, for anyone who would save one
				_ = os.WriteFile(name, []byte(text), 0o600)
			}
		}
		b.StartTimer()
	}
	b.ReportMetric(first/float64(n)*1000, "first-call-ms")
	b.ReportMetric(whole/float64(n)*1000, "whole-ms")
	b.ReportMetric(chain/float64(n), "rounds")
	b.ReportMetric(calls/float64(n), "calls")
}

// rounds counts calls that follow each other: those that begin before an earlier one of a round has ended go with it.
func rounds(made []fault.Exchange, from time.Time) (int, string) {
	var text strings.Builder
	n := 0
	var roundEnds time.Time
	for _, x := range made {
		if !x.At.Before(roundEnds) {
			n++
			roundEnds = x.At.Add(x.Took)
		}
		_, _ = fmt.Fprintf(&text, "\n%3d %6.1f ms %6.1f ms %s", n, x.At.Sub(from).Seconds()*1000, x.At.Add(x.Took).Sub(from).Seconds()*1000, x.System+": "+x.Method+" "+x.Path)
	}
	return n, text.String()
}

func askFor(tb testing.TB, s *stage.Stage, a *actor, n int) string {
	tb.Helper()
	local, remote := s.Deployment("logs-prod"), s.Deployment("metrics-eu")
	survey, err := a.catalog.ReadPair(tb.Context(), elastic.Ref{Platform: "ece-prod", Deployment: local.ID()}, elastic.Ref{Platform: "elastic-cloud", Deployment: remote.ID()})
	if err != nil {
		tb.Fatal(err)
	}
	connect := link.Prefill(survey)
	connect.Alias, connect.Access = fmt.Sprintf("bench-%d", n), elastic.Access{Search: []string{"metrics-*"}}
	params, err := json.Marshal(connect)
	if err != nil {
		tb.Fatal(err)
	}
	r, err := a.service.Propose(tb.Context(), change.ProposeInput{
		Kind: "link.connect", Params: params, Reason: "a benchmark", By: change.Actor{User: "U0ALICE"},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return r.ID
}

func ended(tb testing.TB, a *actor, id string) time.Time {
	tb.Helper()
	for begun := time.Now(); ; {
		r, err := a.service.Get(tb.Context(), id)
		if err != nil {
			tb.Fatal(err)
		}
		if time.Since(begun) > stage.Patience {
			tb.Fatalf("request %s is %s: %+v", id, r.State, r.Journal)
		}
		if r.State.Final() {
			if r.State != change.Applied {
				tb.Fatalf("it ended %s: %+v", r.State, r.Outcome)
			}
			return time.Now()
		}
		time.Sleep(500 * time.Microsecond)
	}
}
