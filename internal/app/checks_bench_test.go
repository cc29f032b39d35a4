package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// aliasesPerDeployment is how many connections each local and each remote deployment of the benchmark has.
const aliasesPerDeployment = 5

// BenchmarkChecks is what one check of a connection costs in calls to Elastic, once all are known to be well: on a few
// connections, and on CONNECTIONS, by default 50. It must not grow with them.
func BenchmarkChecks(b *testing.B) {
	many := 50
	if n, err := strconv.Atoi(os.Getenv("CONNECTIONS")); err == nil {
		many = n
	}
	for _, n := range []int{aliasesPerDeployment, many} {
		b.Run(fmt.Sprintf("connections=%d", n), func(b *testing.B) {
			w := newMonitored(b, n, storetest.Real(b, "--appendfsync", "no").Addr)
			b.ResetTimer() // the connections stand
			var calls []fault.Exchange
			for range b.N {
				b.StopTimer()
				w.restart()
				b.StartTimer()
				calls = w.cycle()
			}
			b.ReportMetric(float64(len(calls))/float64(n), "calls/check")
		})
	}
}

// What a check costs does not depend on how many connections there are: what they share is read once a cycle, and of
// each connection no more than its key and the connection itself.
func TestAChecksCostDoesNotGrow(t *testing.T) {
	const n = 2 * aliasesPerDeployment
	w := newMonitored(t, n, "")
	w.restart()
	counts := map[string]int{}
	for _, x := range w.cycle() {
		call := x.Path[strings.LastIndex(x.Path, "/")+1:]
		if strings.Contains(x.Path, "_resolve/cluster") {
			call = "_resolve"
		}
		counts[call]++
	}
	for call, most := range map[string]int{"_resolve": n, "api_key": n} {
		if counts[call] != most {
			t.Errorf("%d calls of %s for %d connections", counts[call], call, n)
		}
		delete(counts, call)
	}
	shared := 0
	for call, times := range counts {
		shared += times
		if times > 4 { // of two local and two remote deployments
			t.Errorf("%d calls of %s for four deployments", times, call)
		}
	}
	if shared == 0 || shared > 40 {
		t.Errorf("%d shared calls: %v", shared, counts)
	}
}

// monitored is a bot with connections that are all well.
type monitored struct {
	tb    testing.TB
	enter func() (*actor, error)
	app   *actor
	seen  *exchanges
	n     int
}

// newMonitored makes n connections and checks them: the first check of each reads everything. redis is a server's address;
// empty: the one inside this process, which looks at all its keys with every command.
func newMonitored(tb testing.TB, n int, redis string) *monitored {
	tb.Helper()
	w := &monitored{tb: tb, seen: &exchanges{}, n: n}
	s, err := stage.New(tb.Context(), sim.Options{Now: time.Now, Observe: func(o platform.Options) platform.Options {
		o.OnExchange, o.KeystoreDelay = w.seen.saw, 0
		return o
	}}, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	s.RealRedis = redis
	// Thousands of clusters and the Redis inside this process share its cores.
	c, err := s.Config(func(c *config.Config) {
		c.Redis.Timeout, c.Executor.CallTimeout = config.Duration(time.Minute), config.Duration(time.Minute)
	})
	if err != nil {
		tb.Fatal(err)
	}
	w.enter = func() (*actor, error) { return enter(context.WithoutCancel(tb.Context()), s, c) }
	if w.app, err = w.enter(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = w.app.Leave() })
	var locals, remotes []string
	for i := range (n + aliasesPerDeployment - 1) / aliasesPerDeployment {
		locals = append(locals, addDeployment(tb, s.ECE, fmt.Sprintf("local-%04d", i)))
		remotes = append(remotes, addDeployment(tb, s.Cloud, fmt.Sprintf("remote-%04d", i)))
	}
	for i := range n {
		local := i / aliasesPerDeployment
		w.connect(locals[local], remotes[(local+i%aliasesPerDeployment)%len(remotes)], fmt.Sprintf("alias-%d", i))
	}
	w.pass()
	w.cycle()
	return w
}

func addDeployment(tb testing.TB, on *platform.Platform, name string) string {
	tb.Helper()
	d, err := on.AddDeployment(platform.DemoDeployment(name, "8.17.4", "", sim.Password, "metrics-2026.11"))
	if err != nil {
		tb.Fatal(err)
	}
	return d.ID()
}

func (w *monitored) connect(local, remote, alias string) {
	w.tb.Helper()
	ctx := w.tb.Context()
	pair := func() (link.PairState, error) {
		return w.app.catalog.ReadPair(ctx, elastic.Ref{Platform: "ece-prod", Deployment: local}, elastic.Ref{Platform: "elastic-cloud", Deployment: remote})
	}
	survey, err := pair()
	for range 5 { // on a busy machine hundreds of clusters inside one process may answer too late
		if err == nil {
			break
		}
		survey, err = pair()
	}
	if err != nil {
		w.tb.Fatal(err)
	}
	c := link.Prefill(survey)
	c.Alias, c.Access = alias, elastic.Access{Search: []string{"metrics-*"}}
	params, err := json.Marshal(c)
	if err != nil {
		w.tb.Fatal(err)
	}
	r, err := w.app.service.Propose(ctx, change.ProposeInput{Kind: "link.connect", Params: params, Reason: "a benchmark", By: change.Actor{User: "U0ALICE"}})
	if err != nil {
		w.tb.Fatal(err)
	}
	if _, err := w.app.service.Approve(ctx, change.DecisionInput{ID: r.ID, By: change.Actor{User: "U0BOB"}}); err != nil {
		w.tb.Fatal(err)
	}
	ended(w.tb, w.app, r.ID)
}

func (w *monitored) pass() {
	w.tb.Helper()
	makeDue(w.tb, w.app.redis)
}

// makeDue makes every connection due.
func makeDue(tb testing.TB, rdb redis.UniversalClient) {
	tb.Helper()
	ctx := tb.Context()
	queues, err := rdb.Keys(ctx, "*:checks:*").Result()
	if err != nil || len(queues) == 0 {
		tb.Fatal("no checks are queued: ", err)
	}
	for _, queue := range queues {
		keys, err := rdb.ZRange(ctx, queue, 0, -1).Result()
		if err != nil {
			tb.Fatal(err)
		}
		for i, key := range keys {
			rdb.ZAdd(ctx, queue, redis.Z{Score: float64(i), Member: key})
		}
	}
}

// restart lets the bot forget what it has read, and makes every connection due.
func (w *monitored) restart() {
	w.tb.Helper()
	if err := w.app.Leave(); err != nil {
		w.tb.Fatal(err)
	}
	var err error
	if w.app, err = w.enter(); err != nil {
		w.tb.Fatal(err)
	}
	w.pass()
}

// cycle checks every connection that is due, and returns the calls that it took.
func (w *monitored) cycle() []fault.Exchange {
	w.tb.Helper()
	at := time.Now()
	for range w.n { // a tick makes five checks
		if err := w.app.monitor.CheckDue(w.tb.Context()); err != nil {
			w.tb.Fatal(err)
		}
	}
	summary, err := w.app.monitor.Summary(w.tb.Context())
	if err != nil || summary.Managed != w.n || summary.Problems[diagnose.ProblemDown]+summary.Problems[diagnose.ProblemDrifted] > 0 {
		w.tb.Fatalf("the connections are not well: %+v, %v", summary, err)
	}
	return w.seen.since(at)
}
