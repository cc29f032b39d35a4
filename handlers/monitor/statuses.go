package monitor

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

func (m *Monitor) late(checked time.Time) bool {
	return !checked.IsZero() && m.o.Now().Sub(checked) > lateAfter*m.o.Every
}

// Status is how a managed connection is, as far as the monitor of any replica knows.
type Status struct {
	Managed       link.ManagedConnection
	Local, Remote string        // the deployments' names; empty: not known yet
	Expires       time.Time     // of its key; zero: never, or not known
	CheckedAt     time.Time     // zero: not since it was adopted
	Late          bool          // that is too long ago: it could not be checked since
	Problems      []OpenProblem // the worst first
}

// Statuses returns those of the names that are managed. It asks no cluster and no platform.
func (m *Monitor) Statuses(ctx context.Context, names ...link.Name) (map[link.Name]Status, error) {
	managed, err := m.o.Checker.ManagedAt(ctx, names...)
	if err != nil {
		return nil, err
	}
	return m.statuses(ctx, managed)
}

// StatusesOf returns connections that user made or changed last: those first whose problems are the worst, then those by
// name, at most limit of each.
func (m *Monitor) StatusesOf(ctx context.Context, user string, limit int) (map[link.Name]Status, error) {
	managed, err := m.o.Checker.ManagedBy(ctx, user, limit)
	if err != nil {
		return nil, err
	}
	if len(managed) == limit { // there may be worse ones behind them
		keys, err := m.o.Store.StatusKeys(ctx, facetUser+user+" ", limit)
		if err != nil {
			return nil, err
		}
		worst, err := m.o.Checker.ManagedAt(ctx, namesOf(keys)...)
		if err != nil {
			return nil, err
		}
		maps.Copy(managed, worst)
	}
	return m.statuses(ctx, managed)
}

func namesOf(keys []string) []link.Name {
	var names []link.Name
	for _, key := range keys {
		if n, err := inventory.ParseRecordKey(key); err == nil {
			names = append(names, n)
		}
	}
	return names
}

func (m *Monitor) statuses(ctx context.Context, managed map[link.Name]link.ManagedConnection) (map[link.Name]Status, error) {
	keys := make([]string, 0, len(managed))
	for n := range managed {
		keys = append(keys, inventory.RecordKey(n))
	}
	texts, err := m.o.Store.Statuses(ctx, keys...)
	if err != nil {
		return nil, err
	}
	all := make(map[link.Name]Status, len(managed))
	for n, c := range managed {
		r := readStatus(texts[inventory.RecordKey(n)])
		s := Status{Managed: c, Local: r.Local, Remote: r.Remote, Expires: c.KeyExpires(), Problems: r.Problems, CheckedAt: diagnose.VerifiedAt(c)}
		if r.Request == c.Record.Request {
			s.Expires, s.CheckedAt = r.Expires, r.At
		}
		s.Late = m.late(s.CheckedAt)
		all[n] = s
	}
	return all, nil
}

// troubled is a connection that has problems.
type troubled struct {
	name   link.Name
	status StatusRecord
}

// withProblems reads the connections that have problems, and no other, in the order of their names.
func (m *Monitor) withProblems(ctx context.Context) ([]troubled, error) {
	keys, err := m.o.Store.StatusKeys(ctx, facetProblem, 0)
	if err != nil {
		return nil, err
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	texts, err := m.o.Store.Statuses(ctx, keys...)
	if err != nil {
		return nil, err
	}
	var all []troubled
	for _, key := range keys {
		n, wrong := inventory.ParseRecordKey(key)
		if s := readStatus(texts[key]); wrong == nil && len(s.Problems) > 0 {
			all = append(all, troubled{name: n, status: s})
		}
	}
	return all, nil
}

// Troubled is a managed connection that has problems, as its last check found it.
type Troubled struct {
	Name          link.Name
	Local, Remote string // what people call the deployments
	Expires       time.Time
	Problems      []OpenProblem // the worst first
}

// Problem is the problem of a kind; false: the connection has none of it.
func (t Troubled) Problem(kind diagnose.ProblemKind) (OpenProblem, bool) {
	i := slices.IndexFunc(t.Problems, func(p OpenProblem) bool { return p.Kind == kind })
	if i < 0 {
		return OpenProblem{}, false
	}
	return t.Problems[i], true
}

// Troubled returns the connections that have problems, in the order of their names. It asks no cluster.
func (m *Monitor) Troubled(ctx context.Context) ([]Troubled, error) {
	found, err := m.withProblems(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]Troubled, 0, len(found))
	for _, t := range found {
		s := t.status
		all = append(all, Troubled{Name: t.name, Local: cmp.Or(s.Local, s.On), Remote: cmp.Or(s.Remote, s.RemoteID.String()), Expires: s.Expires, Problems: s.Problems})
	}
	return all, nil
}

// StatusSummary is how the managed connections are, as far as they have been checked, by any replica.
type StatusSummary struct {
	Managed     int
	Problems    map[diagnose.ProblemKind]int
	OldestCheck time.Time // of the connection that was checked longest ago; zero: there is none
}

// Summary counts; it reads no record and no status.
func (m *Monitor) Summary(ctx context.Context) (StatusSummary, error) {
	var facets []string
	for _, kind := range diagnose.ProblemKinds() {
		facets = append(facets, facetProblem+string(kind))
	}
	counts, err := m.o.Store.CountStatuses(ctx, facets...)
	if err != nil {
		return StatusSummary{}, err
	}
	now := StatusSummary{Problems: map[diagnose.ProblemKind]int{}}
	for i, kind := range diagnose.ProblemKinds() {
		now.Problems[kind] = counts[i]
	}
	if now.Managed, err = m.o.Checker.CountManaged(ctx); err != nil {
		return StatusSummary{}, err
	}
	now.OldestCheck, err = m.o.Store.OldestCheck(ctx)
	return now, err
}

// Known is what a check has found.
func (s Status) Known() diagnose.Known {
	k := diagnose.Known{CheckedAt: s.CheckedAt, Late: s.Late}
	if len(s.Problems) > 0 {
		p := s.Problems[0]
		k.Worst = &diagnose.Problem{Kind: p.Kind, Say: p.Say, Fix: p.Fix, Cause: p.Cause, Certificates: p.Certs}
	}
	if p := s.Unreviewed(); p != nil {
		k.Unreviewed = p.Since
	}
	return k
}

// Unreviewed is the access review of the connection that is overdue; nil: none is.
func (s Status) Unreviewed() *OpenProblem {
	return StatusRecord{Problems: s.Problems}.problem(diagnose.ProblemUnreviewed)
}

// State is how the connection is, as far as the last check found.
func (s Status) State() diagnose.State { return s.Known().State() }

// Says are the problems that the last check found, in words.
func (s Status) Says() []string {
	var all []string
	for _, p := range s.Problems {
		all = append(all, p.Say)
	}
	return all
}
