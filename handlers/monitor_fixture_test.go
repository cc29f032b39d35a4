package handlers

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
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

// monitorStore is a MonitorStore in memory, whose claims and leases end when it is told to.
type monitorStore struct {
	mu       sync.Mutex
	records  changetest.Records
	claimed  map[string]bool // by key and request
	statuses map[string]string
	facets   map[string][]string
	revision int64
	notes    map[string]map[string]string
	held     map[string]*change.Request // by target
	finished int
	next     time.Duration // of the check that was finished last
}

func newMonitorStore(records changetest.Records) *monitorStore {
	return &monitorStore{
		records: records, claimed: map[string]bool{}, statuses: map[string]string{}, facets: map[string][]string{},
		notes: map[string]map[string]string{partAlerts: {}, partAnnounced: {}},
	}
}

// due makes every check due.
func (s *monitorStore) due() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.claimed)
}

func (s *monitorStore) QueuedChecks(ctx context.Context, _ string) (int, error) {
	return s.records.CountRecords(ctx)
}

func (s *monitorStore) ClaimChecks(_ context.Context, queue string, limit int, _ time.Duration) ([]change.Check, error) {
	all, err := s.records.All()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.SortFunc(all, func(a, b change.StoredRecord) int { return cmp.Compare(a.Key, b.Key) })
	var due []change.Check
	known := map[string]bool{}
	for _, k := range all {
		known[k.Key] = true
		if n, _ := inventory.ParseRecordKey(k.Key); n.Local.Platform != queue || s.claimed[k.Key+k.Request] || len(due) == limit {
			continue
		}
		s.claimed[k.Key+k.Request] = true
		due = append(due, change.Check{Key: k.Key, Queue: queue, Record: &k, Status: s.statuses[k.Key]})
	}
	for key, status := range s.statuses { // deleted since
		if n, _ := inventory.ParseRecordKey(key); n.Local.Platform == queue && !known[key] {
			due = append(due, change.Check{Key: key, Queue: queue, Status: status})
		}
	}
	return due, nil
}

func (s *monitorStore) ClaimCheck(ctx context.Context, _, key string, _ time.Duration) (change.Check, bool, error) {
	all, err := s.records.All()
	if err != nil {
		return change.Check{}, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range all {
		if k.Key == key {
			return change.Check{Key: key, Record: &k, Status: s.statuses[key]}, true, nil
		}
	}
	return change.Check{}, false, nil
}

func (s *monitorStore) FinishCheck(ctx context.Context, c change.Check, r change.CheckResult) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.finished++
	s.next = r.Next
	if r.Keep {
		return nil
	}
	s.statuses[c.Key], s.facets[c.Key] = r.Status, r.Facets
	if r.Status == "" {
		delete(s.statuses, c.Key)
		delete(s.facets, c.Key)
	}
	if r.News {
		s.revision++
	}
	return nil
}

func (s *monitorStore) OldestCheck(context.Context) (time.Time, error) { return time.Time{}, nil }

func (s *monitorStore) Statuses(_ context.Context, keys ...string) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]string{}
	for _, key := range keys {
		if text, ok := s.statuses[key]; ok {
			all[key] = text
		}
	}
	return all, nil
}

func (s *monitorStore) StatusKeys(_ context.Context, prefix string, limit int) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var members []string
	for key, facets := range s.facets {
		for _, f := range facets {
			if strings.HasPrefix(f, prefix) {
				members = append(members, f+"\n"+key)
			}
		}
	}
	slices.Sort(members)
	var keys []string
	for _, m := range members {
		if _, key, _ := strings.Cut(m, "\n"); limit == 0 || len(keys) < limit {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func (s *monitorStore) CountStatuses(ctx context.Context, facets ...string) ([]int, error) {
	counts := make([]int, len(facets))
	for i, f := range facets {
		keys, _ := s.StatusKeys(ctx, f, 0)
		counts[i] = len(keys)
	}
	return counts, nil
}

func (s *monitorStore) StatusRevision(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revision, nil
}

func (s *monitorStore) Lease(context.Context, string, string, time.Duration) (bool, error) {
	return true, nil
}
func (s *monitorStore) EndLease(context.Context, string, string) error { return nil }

func (s *monitorStore) Notes(_ context.Context, part string) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.notes[part]), nil
}

func (s *monitorStore) Note(_ context.Context, part, key, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes[part][key] = text
	if text == "" {
		delete(s.notes[part], key)
	}
	return nil
}

func (s *monitorStore) Holder(_ context.Context, target string) (string, bool, error) {
	_, ok := s.held[target]
	return target, ok, nil
}

func (s *monitorStore) Get(_ context.Context, id string) (*change.Request, error) {
	return s.held[id], nil
}

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
	store   *monitorStore
	slack   *handlerstest.Workspace
	checked []string
	t       *testing.T
}

func newWard(t *testing.T, managed ...link.ManagedConnection) *ward {
	t.Helper()
	w := &ward{slack: handlerstest.NewWorkspace(t), t: t}
	w.managed = managed
	w.store = newMonitorStore(changetest.Records{All: w.kept})
	w.Monitor = NewMonitor(MonitorOptions{
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
	w.store.due()
	if err := w.CheckDue(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}
