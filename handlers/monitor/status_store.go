package monitor

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

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

	Review *OpenReview `json:"review,omitempty"` // of ProblemUnreviewed alone
}

// unasked reports whether people have not been asked yet what the problem is about.
func (p OpenProblem) unasked() bool {
	return p.Kind == diagnose.ProblemUnreviewed && (p.Review == nil || p.Review.Asked == 0)
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
func statusOf(m *Monitor, c link.ManagedConnection, found diagnose.HealthResult, was StatusRecord) StatusRecord {
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

// problem is the problem of a kind; nil: there is none.
func (s StatusRecord) problem(kind diagnose.ProblemKind) *OpenProblem {
	if i := slices.IndexFunc(s.Problems, func(p OpenProblem) bool { return p.Kind == kind }); i >= 0 {
		return &s.Problems[i]
	}
	return nil
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
		return p.Kind == q.Kind && p.Say == q.Say && p.Certs == q.Certs && p.Fix == q.Fix && p.Review.same(q.Review)
	})
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
