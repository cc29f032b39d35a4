package handlerstest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// MonitorStore is a MonitorStore in memory, whose claims and leases end when it is told to.
type MonitorStore struct {
	mu       sync.Mutex
	records  changetest.Records
	claimed  map[string]bool // by key and request
	Found    map[string]string
	facets   map[string][]string
	revision int64
	Noted    map[string]map[string]string
	Held     map[string]*change.Request // by target; nil: it can't be read
	Finished int
	Next     time.Duration // of the check that was finished last
	Follow   []string      // who follows each connection
}

func (s *MonitorStore) Followers(context.Context, string) ([]string, error) { return s.Follow, nil }

func NewMonitorStore(records changetest.Records) *MonitorStore {
	return &MonitorStore{
		records: records, claimed: map[string]bool{}, Found: map[string]string{}, facets: map[string][]string{},
		Noted: map[string]map[string]string{},
	}
}

// Due makes every check due.
func (s *MonitorStore) Due() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.claimed)
}

func (s *MonitorStore) QueuedChecks(ctx context.Context, _ string) (int, error) {
	return s.records.CountRecords(ctx)
}

func (s *MonitorStore) ClaimChecks(_ context.Context, queue string, limit int, _ time.Duration) ([]change.Check, error) {
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
		due = append(due, change.Check{Key: k.Key, Queue: queue, Record: &k, Status: s.Found[k.Key]})
	}
	for key, status := range s.Found { // deleted since
		if n, _ := inventory.ParseRecordKey(key); n.Local.Platform == queue && !known[key] {
			due = append(due, change.Check{Key: key, Queue: queue, Status: status})
		}
	}
	return due, nil
}

func (s *MonitorStore) ClaimCheck(ctx context.Context, _, key string, _ time.Duration) (change.Check, bool, error) {
	all, err := s.records.All()
	if err != nil {
		return change.Check{}, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range all {
		if k.Key == key {
			return change.Check{Key: key, Record: &k, Status: s.Found[key]}, true, nil
		}
	}
	return change.Check{}, false, nil
}

func (s *MonitorStore) FinishCheck(ctx context.Context, c change.Check, r change.CheckResult) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.Finished++
	s.Next = r.Next
	if r.Keep {
		return nil
	}
	s.Found[c.Key], s.facets[c.Key] = r.Status, r.Facets
	if r.Status == "" {
		delete(s.Found, c.Key)
		delete(s.facets, c.Key)
	}
	if r.News {
		s.revision++
	}
	return nil
}

func (s *MonitorStore) OldestCheck(context.Context) (time.Time, error) { return time.Time{}, nil }

func (s *MonitorStore) Statuses(_ context.Context, keys ...string) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]string{}
	for _, key := range keys {
		if text, ok := s.Found[key]; ok {
			all[key] = text
		}
	}
	return all, nil
}

func (s *MonitorStore) StatusKeys(_ context.Context, prefix string, limit int) ([]string, error) {
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

func (s *MonitorStore) CountStatuses(ctx context.Context, facets ...string) ([]int, error) {
	counts := make([]int, len(facets))
	for i, f := range facets {
		keys, _ := s.StatusKeys(ctx, f, 0)
		counts[i] = len(keys)
	}
	return counts, nil
}

func (s *MonitorStore) StatusRevision(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revision, nil
}

func (s *MonitorStore) Lease(context.Context, string, string, time.Duration) (bool, error) {
	return true, nil
}

func (s *MonitorStore) EndLease(context.Context, string, string) error { return nil }

func (s *MonitorStore) Notes(_ context.Context, part string) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.Noted[part]), nil
}

func (s *MonitorStore) Note(_ context.Context, part, key, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Noted[part] == nil {
		s.Noted[part] = map[string]string{}
	}
	s.Noted[part][key] = text
	if text == "" {
		delete(s.Noted[part], key)
	}
	return nil
}

func (s *MonitorStore) Holder(_ context.Context, target string) (string, bool, error) {
	_, ok := s.Held[target]
	return target, ok, nil
}

func (s *MonitorStore) Get(_ context.Context, id string) (*change.Request, error) {
	if r, held := s.Held[id]; held && r == nil {
		return nil, change.ErrUnreadable
	}
	return s.Held[id], nil
}
