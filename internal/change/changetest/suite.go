// Package changetest holds what every store of requests must do, and a store in memory that does it. It knows no
// particular store: the real one runs RunStore in its own tests.
package changetest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Outbox is what the notifier needs: Slack is redrawn from what is stored, until it shows the present version.
type Outbox interface {
	Unannounced(ctx context.Context, limit int) ([]string, error)
	ClaimNotification(ctx context.Context, id, owner string, lease time.Duration) (*change.Request, bool, error)
	NoteMessage(ctx context.Context, id, owner, slot string, m change.Message) error
	Announced(ctx context.Context, id string, version int64, owner string) error
}

// Lists are the requests as people look for them.
type Lists interface {
	Mine(ctx context.Context, user string, limit int) ([]*change.Request, error)
	Recent(ctx context.Context, limit int) ([]*change.Request, error)
	PendingRequests(ctx context.Context, limit int) ([]*change.Request, error)
	Reviews(ctx context.Context, limit int) ([]*change.Request, error)
	Holder(ctx context.Context, target string) (id string, ok bool, err error)
}

// Trail is the audit.
type Trail interface {
	Audit(ctx context.Context, from string, limit int) ([]change.AuditLine, error)
	VerifyAudit(ctx context.Context) (change.AuditReport, error)
}

// Work is what a worker does with requests. executortest.RunQueue says in full what it has to do; here it takes
// part in whole lives of requests.
type Work interface {
	Claim(ctx context.Context, worker string, lease time.Duration) (change.Claimed, error)
	Extend(ctx context.Context, c change.Claim, lease time.Duration) error
	Record(ctx context.Context, c change.Claim, line change.StepRecord, entry change.Entry) error
	Advance(ctx context.Context, c change.Claim, m change.Transition) error
	Release(ctx context.Context, c change.Claim) error
}

// Store is all of it.
type Store interface {
	change.Requests
	Outbox
	Lists
	Trail
	Work
}

// Fixture is an empty store and its clock.
type Fixture struct {
	Store Store
	// Now is the store's own time.
	Now func() time.Time
	// Pass lets time pass for the store. Nil: it can't be hurried, and what takes hours is left out.
	Pass func(time.Duration)
}

// RunStore holds a store against everything that the service, the notifier and the lists rely on. open is called
// once for each test, and once for each random history.
func RunStore(t *testing.T, open func(t *testing.T) Fixture) {
	t.Helper()
	for _, test := range storeTests {
		t.Run(test.name, func(t *testing.T) { test.run(suite{Fixture: open(t), T: t}) })
	}
	t.Run("random histories keep the rules", func(t *testing.T) { testHistories(t, open) })
}

var storeTests = []struct {
	name string
	run  func(suite)
}{
	{"what is created is what is read", testCreate},
	{"an unknown request is not found", testUnknown},
	{"an id is used once", testSameID},
	{"a target is held by one request", testHeld},
	{"a target is free again once the request is final", testFreed},
	{"a target has one holder however many ask at once", testHeldAtOnce},
	{"what makes way for a request is not in its way", testReplacing},
	{"the same submission makes one request", testSubmission},
	{"a submission is forgotten after a day", testSubmissionForgotten},
	{"a move changes what it says and nothing else", testMove},
	{"one approval wins", testOneWins},
	{"a move on an older version is refused", testOldVersion},
	{"a move that the table lacks is refused", testImpossible},
	{"what is read is a copy", testCopy},
	{"reads and moves are linearizable", testLinearizable},
	{"what no worker has begun falls due", testDue},
	{"a request waits for a person without a worker", testWaiting},
	{"drift asks again and keeps the target", testDrift},
	{"what is overdue is not begun", testOverdue},
	{"an approved request waits for its window", testWindow},
	{"a request learns who follows it", testFollowed},
	{"what was approved alone is found until it was reviewed", testReviewed},
	{"what has changed lags until it is shown", testLagging},
	{"what was tried goes to the end of the line", testLaggingFair},
	{"one notifier redraws at a time", testOneTeller},
	{"a notifier that went away is replaced", testTellerReplaced},
	{"the version shown only goes up", testAnnounced},
	{"messages are noted without a new version", testMessages},
	{"lists are in order and bounded", testLists},
	{"every version has its audit entry", testAudit},
	{"the audit is read in pages", testAuditPages},
}

// suite is a fixture with the words that the tests are written in.
type suite struct {
	Fixture
	*testing.T
}

// same compares what is stored: times by the moment, and nothing kept as nothing.
var same = cmp.Options{cmpopts.EquateEmpty()}

// Pending returns a request as the service would store it, for a target of its own.
func Pending(id string, now time.Time) *change.Request {
	p := change.Proposal{
		Kind: "test.change", Target: []string{"target of " + id}, Title: "Change " + id,
		Fields: []change.Field{{Label: "What", Value: "<all> & more"}},
		Params: json.RawMessage(`{"n":1}`), Digest: "digest-1",
		Steps: []change.PlannedStep{
			{Name: "one", Args: json.RawMessage(`{"a":1}`), Title: "One", Calls: []change.Call{{System: "somewhere", Method: "PUT", Path: "/x", Body: `{"a":"••••"}`}}},
			{Name: "two", Args: json.RawMessage(`{}`), Title: "Two"},
		},
	}
	now = now.UTC().Truncate(time.Millisecond)
	return &change.Request{
		ID: id, State: change.Pending, Version: 1, ApprovalsSince: 1, Proposal: p,
		Requester: change.Actor{User: "UALICE", Team: "T1", Channel: "C1"}, Reason: "a test", Rule: "default", Parent: "earlier",
		Trace:   "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		Created: now, Deadline: now.Add(24 * time.Hour),
	}
}

func (s suite) pending(id string) *change.Request { return Pending(id, s.Now()) }

func (s suite) create(r *change.Request) {
	s.Helper()
	id, err := s.Store.Create(s.Context(), r, "", entry(string(change.Create), s.Now()))
	if err != nil || id != r.ID {
		s.Fatalf("creating %s: made %q, error %v", r.ID, id, err)
	}
}

// ask creates requests that differ in nothing but id and target.
func (s suite) ask(ids ...string) {
	s.Helper()
	for _, id := range ids {
		s.create(s.pending(id))
		s.tick()
	}
}

// tick passes a moment, so that what comes later is later: order is told in milliseconds.
func (s suite) tick() {
	if s.Pass != nil {
		s.Pass(2 * time.Millisecond)
	} else {
		time.Sleep(2 * time.Millisecond)
	}
}

func (s suite) get(id string) *change.Request {
	s.Helper()
	r, err := s.Store.Get(s.Context(), id)
	if err != nil {
		s.Fatalf("getting %s: %v", id, err)
	}
	return r
}

// event is the move by e on the request as it was read.
func (s suite) event(r *change.Request, e change.Event) change.Transition {
	to, _ := r.State.Next(e)
	return change.Transition{
		ID: r.ID, Version: r.Version, Event: e, From: r.State, To: to, Entry: entry(string(e), s.Now()),
	}
}

func (s suite) move(id string, e change.Event) {
	s.Helper()
	if err := s.Store.Transition(s.Context(), s.event(s.get(id), e)); err != nil {
		s.Fatalf("moving %s by %s: %v", id, e, err)
	}
}

func (s suite) claim(worker string) change.Claimed {
	s.Helper()
	c, err := s.Store.Claim(s.Context(), worker, time.Minute)
	if err != nil {
		s.Fatalf("%s claims: %v", worker, err)
	}
	return c
}

func (s suite) advance(c change.Claim, e change.Event) {
	s.Helper()
	if err := s.Store.Advance(s.Context(), c, s.event(s.get(c.ID), e)); err != nil {
		s.Fatalf("advancing %s by %s: %v", c.ID, e, err)
	}
}

// hurry skips what takes hours on a store whose clock is the real one.
func (s suite) hurry(d time.Duration) {
	s.Helper()
	if s.Pass == nil {
		s.Skip("the store's clock can't be turned")
	}
	s.Pass(d)
}

func entry(what string, at time.Time) change.Entry {
	return change.Entry{At: at, What: what, By: change.Actor{User: "UBOB"}, Digest: "digest-1", Rule: "default", Detail: "<why> & \"how\""}
}

func line(step string, order int, state change.StepState) change.StepRecord {
	return change.StepRecord{
		Step: step, Order: order, State: state, Attempts: 1, Evidence: change.Evidence{"key": "rcb"},
		Begun: time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC),
	}
}

func names(rs []*change.Request) []string {
	var ids []string
	for _, r := range rs {
		ids = append(ids, r.ID)
	}
	return ids
}

func numbered(n int) string { return fmt.Sprintf("r%03d", n) }

func (s suite) audit() []change.AuditLine {
	s.Helper()
	all, err := s.Store.Audit(s.Context(), "", 1000)
	if err != nil {
		s.Fatalf("reading the audit: %v", err)
	}
	return all
}

func (s suite) verified(want int64) {
	s.Helper()
	report, err := s.Store.VerifyAudit(s.Context())
	if err != nil {
		s.Fatalf("verifying the audit: %v", err)
	}
	if report.Bad != nil || report.Entries != want {
		s.Errorf("the audit has %d entries, the first bad one is %+v; want %d whole ones", report.Entries, report.Bad, want)
	}
}
