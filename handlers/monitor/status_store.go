package monitor

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// StatusStore keeps what the last check of each connection found, by the key of its record.
type StatusStore interface {
	Statuses(ctx context.Context, keys ...string) (map[string]string, error)
	// StatusKeys returns the keys of those with a facet that begins with prefix, in the order of the facets, at most
	// limit; 0: all.
	StatusKeys(ctx context.Context, prefix string, limit int) ([]string, error)
	// CountStatuses counts those that have each of the facets.
	CountStatuses(ctx context.Context, facets ...string) ([]int, error)
	// StatusRevision goes up with every result that is news.
	StatusRevision(ctx context.Context) (int64, error)
}

// What statuses are found by.
const (
	facetProblem = "problem " // and the kind
	facetUser    = "user "    // and who follows it though they said nothing, and how urgent it is: the lowest first
)

// lateAfter is after how many turns without a check a connection's status is said to be old.
const lateAfter = 3

// StatusRecord is what a check found. All replicas read the same, so that they draw the same.
type StatusRecord struct {
	Request  string        `json:"request"` // the change that it was as it is by
	On       string        `json:"on"`      // what people call the local deployment
	Local    string        `json:"local"`   // the deployments' names
	Remote   string        `json:"remote,omitempty"`
	RemoteID elastic.Ref   `json:"remote_id"`
	Maker    string        `json:"maker,omitempty"` // who follow it though they said nothing
	By       string        `json:"by,omitempty"`
	Expires  time.Time     `json:"expires,omitzero"` // of its key
	At       time.Time     `json:"at"`
	Problems []OpenProblem `json:"problems,omitempty"` // the worst first
	Asked    []string      `json:"asked,omitempty"`    // who are asked whether it is to be extended
}

// has reports whether the connection has a problem of that kind.
func (s StatusRecord) has(kind diagnose.ProblemKind) bool {
	return slices.ContainsFunc(s.Problems, func(p OpenProblem) bool { return p.Kind == kind })
}

// OpenProblem is a problem that a connection has.
type OpenProblem struct {
	Kind  diagnose.ProblemKind `json:"trouble"`
	Certs bool                 `json:"certificates,omitempty"` // it is about certificates
	Say   string               `json:"say"`
	Fix   change.Kind          `json:"fix,omitempty"`
	Cause link.Cause           `json:"cause,omitempty"`
	Since time.Time            `json:"since"`
}

// readStatus reads what encode wrote; of another version's, what this one knows.
func readStatus(text string) StatusRecord {
	var s StatusRecord
	_ = json.Unmarshal([]byte(text), &s)
	return s
}

// Encode is the record as it is stored.
func (s StatusRecord) Encode() (string, error) {
	raw, err := json.Marshal(s)
	return string(raw), err
}

// statusOf is what a check found, where was is what the one before did.
func (m *Monitor) statusOf(c link.ManagedConnection, found diagnose.HealthResult, was StatusRecord) StatusRecord {
	now := StatusRecord{
		Request: c.Record.Request, On: c.On(), Local: found.Local, Remote: found.Remote, RemoteID: c.Remote,
		Maker: c.Maker(), By: c.Record.By.User, Expires: found.Expires, At: m.o.Now(),
	}
	for _, kind := range diagnose.ProblemKinds() {
		for _, p := range found.Problems {
			if p.Kind == kind {
				open := OpenProblem{Kind: kind, Certs: p.Certificates, Say: p.Say, Fix: p.Fix, Cause: p.Cause, Since: now.At}
				if i := slices.IndexFunc(was.Problems, func(o OpenProblem) bool { return o.Kind == kind }); i >= 0 {
					open.Since = was.Problems[i].Since
				}
				now.Problems = append(now.Problems, open)
			}
		}
	}
	return now
}

// Facets are what the record is found by.
func (s StatusRecord) Facets() []string {
	urgency := len(diagnose.ProblemKinds())
	var all []string
	for _, p := range s.Problems {
		all = append(all, facetProblem+string(p.Kind))
		urgency = min(urgency, slices.Index(diagnose.ProblemKinds(), p.Kind))
	}
	for _, user := range []string{s.Maker, s.By} {
		all = append(all, fmt.Sprintf("%s%s %d", facetUser, user, urgency))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// shows reports whether what people see of the connection is the same.
func (s StatusRecord) shows(other StatusRecord) bool {
	same := sameProblems(s.Problems, other.Problems) && s.Expires.Equal(other.Expires)
	return same && s.Request == other.Request && s.Local == other.Local && s.Remote == other.Remote &&
		s.Maker == other.Maker && s.By == other.By
}

func sameProblems(a, b []OpenProblem) bool {
	return slices.EqualFunc(a, b, func(p, q OpenProblem) bool {
		return p.Kind == q.Kind && p.Say == q.Say && p.Certs == q.Certs && p.Fix == q.Fix
	})
}

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

// known is what the check has found.
func (s StatusRecord) known() diagnose.Known {
	return Status{CheckedAt: s.At, Problems: s.Problems}.Known()
}

// problemsOf is the problem that a diagnosis alone tells.
func problemsOf(d *diagnose.Diagnosis) []OpenProblem {
	if d == nil {
		return nil
	}
	return []OpenProblem{{Kind: diagnose.ProblemDown, Say: d.Say, Cause: d.Cause}}
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

// Lost is the problem that the connection does not work, and since when; false: it has another one.
func (t Troubled) Lost() (say string, since time.Time, ok bool) {
	for _, p := range t.Problems {
		if p.Kind == diagnose.ProblemDown {
			return p.Say, p.Since, true
		}
	}
	return "", time.Time{}, false
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
