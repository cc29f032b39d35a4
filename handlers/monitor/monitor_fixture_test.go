package monitor

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// patients is a HealthChecker that says of every connection what it is told to.
type patients struct {
	mu       sync.Mutex
	managed  []link.ManagedConnection
	problems map[link.Name][]diagnose.Problem
	all      []diagnose.Problem // of those without an entry
	err      error
	checks   int
	during   func()          // is called while one looks; nil: nothing
	recent   []time.Duration // how old what each check read may be
}

// kept are the records of the connections.
func (p *patients) kept() ([]change.StoredRecord, error) {
	var all []change.StoredRecord
	for _, m := range p.managed {
		k := m.Record
		raw, err := json.Marshal(m)
		if err != nil {
			return nil, err
		}
		k.Key, k.Value = inventory.RecordKey(m.Name()), raw
		all = append(all, k)
	}
	return all, nil
}

func (p *patients) ManagedAt(_ context.Context, names ...link.Name) (map[link.Name]link.ManagedConnection, error) {
	all := map[link.Name]link.ManagedConnection{}
	for _, m := range p.managed {
		if slices.Contains(names, m.Name()) {
			all[m.Name()] = m
		}
	}
	return all, nil
}

func (p *patients) ManagedBy(context.Context, string, int) (map[link.Name]link.ManagedConnection, error) {
	return nil, nil
}

func (p *patients) CountManaged(context.Context) (int, error) { return len(p.managed), nil }

func (p *patients) Health(ctx context.Context, m link.ManagedConnection, _ time.Duration) (diagnose.HealthResult, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.checks++
	if p.during != nil {
		p.during()
	}
	p.recent = append(p.recent, elastic.RecentAllowed(ctx))
	problems, ok := p.problems[m.Name()]
	if !ok {
		problems = p.all
	}
	return diagnose.HealthResult{Local: cmp.Or(m.LocalName, "logs-prod"), Remote: "search-eu", Problems: problems}, p.err
}

// ward is a monitor of connections whose health is made up.
type ward struct {
	*Monitor
	patients
	store   *handlerstest.MonitorStore
	slack   *handlerstest.Workspace
	checked []string
	t       *testing.T
}

func newWard(t *testing.T, managed ...link.ManagedConnection) *ward {
	t.Helper()
	w := &ward{slack: handlerstest.NewWorkspace(t), t: t}
	w.managed = managed
	w.store = handlerstest.NewMonitorStore(changetest.Records{All: w.kept})
	w.Monitor = New(Options{
		Checker: &w.patients, Store: w.store, Poster: w.slack, Channel: "C0REQUESTS", Command: "/remote-cluster",
		Queues: []string{"ece-prod"}, Owner: "one", Now: func() time.Time { return handlerstest.Start }, Log: slog.New(slog.DiscardHandler),
		OnCheck: func(outcome string) { w.checked = append(w.checked, outcome) }, MaxPerTick: 10_000, Parallel: 1,
	})
	return w
}

// check checks every connection, each of which has these problems.
func (w *ward) check(problems ...diagnose.Problem) {
	w.t.Helper()
	w.all = problems
	w.store.Due()
	if err := w.CheckDue(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}
