package changetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// testHistories lets people, workers and notifiers do whatever comes to them, in time and too late, and compares
// the store with a model after every act.
func testHistories(t *testing.T, open func(t *testing.T) Fixture) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		h := &history{Fixture: open(t), T: rt, all: map[string]*life{}, targets: map[string]string{}}
		acts := map[string]func(){
			"ask": h.ask, "decide": h.decide, "decide late": h.decideLate, "claim": h.claim,
			"record": h.record, "advance": h.advance, "release": h.release, "show": h.show,
		}
		if h.Pass != nil {
			acts["pass"] = h.pass
		}
		names := make([]string, 0, len(acts))
		for name := range acts {
			names = append(names, name)
		}
		slices.Sort(names)
		for range rapid.IntRange(1, 25).Draw(rt, "acts") {
			h.tick()
			acts[rapid.SampledFrom(names).Draw(rt, "act")]()
		}
		h.whole()
	})
}

// tick passes a moment, for order is told in milliseconds.
func (f Fixture) tick() {
	if f.Pass != nil {
		f.Pass(time.Millisecond)
	}
}

// life is what a request should be.
type life struct {
	id, target     string
	state          change.State
	version, epoch int64
	shown          int64
	claim          *change.Claim // in force
	lapsed         bool          // the last claim was not given back
}

// history is a run of acts with the model beside the store.
type history struct {
	Fixture
	*rapid.T

	all     map[string]*life
	ids     []string
	targets map[string]string
	claims  []change.Claim // all there ever were
	entries int64
}

const historyLease = time.Hour

func (h *history) ask() {
	id := numbered(len(h.ids))
	r := Pending(id, h.Now())
	r.Deadline = h.Now().Add(100 * 24 * time.Hour)
	r.Proposal.Target = []string{rapid.SampledFrom([]string{"x", "y", "z"}).Draw(h.T, "target")}
	_, err := h.Store.Create(h.Context(), r, "", entry("create", h.Now()))
	if by, held := h.targets[r.Proposal.Subject()]; held {
		if e, ok := errors.AsType[*change.LockedError](err); !ok || e.RequestID != by {
			h.Fatalf("asking for %s, which %s holds: error %v", r.Proposal.Subject(), by, err)
		}
		return
	}
	if err != nil {
		h.Fatalf("asking: %v", err)
	}
	h.targets[r.Proposal.Subject()] = id
	h.ids = append(h.ids, id)
	h.all[id] = &life{id: id, target: r.Proposal.Subject(), state: change.Pending}
	h.wrote(h.all[id])
}

// some draws one of the requests, nil if there is none.
func (h *history) some() *life {
	if len(h.ids) == 0 {
		return nil
	}
	return h.all[rapid.SampledFrom(h.ids).Draw(h.T, "request")]
}

// events that people make; the others are the workers'.
var decisions = []change.Event{"", change.Approve, change.Reject, change.Withdraw, change.Expire, change.Retry, change.Resolve, change.Continue, change.ContinueUndo}

func (h *history) decide() {
	if l := h.some(); l != nil {
		h.moveBy(l, l.version)
	}
}

func (h *history) decideLate() {
	if l := h.some(); l != nil {
		h.moveBy(l, rapid.Int64Range(0, l.version+1).Draw(h.T, "version"))
	}
}

func (h *history) moveBy(l *life, version int64) {
	e := rapid.SampledFrom(decisions).Draw(h.T, "event")
	m, possible := h.move(l, e)
	m.Version = version
	h.moved(l, h.Store.Transition(h.Context(), m), possible && version == l.version, m.To, change.ErrConflict)
	if possible && version == l.version && (e == change.Retry || e == change.Continue || e == change.ContinueUndo) {
		l.lapsed = false
	}
}

func (h *history) move(l *life, e change.Event) (m change.Transition, possible bool) {
	to, ok := l.state.Next(e)
	if e == "" {
		to, ok = l.state, !l.state.Final()
	}
	m = change.Transition{ID: l.id, Event: e, From: l.state, To: to, Entry: entry(string(e), h.Now())}
	if e == change.Await {
		m.Wait = &change.Wait{Step: "one", Until: h.Now().Add(time.Hour)}
	}
	return m, ok
}

// moved compares the answer to a move with what it should be.
func (h *history) moved(l *life, err error, should bool, to change.State, otherwise error) {
	switch {
	case should && err != nil:
		h.Fatalf("moving %s from %s to %s: %v", l.id, l.state, to, err)
	case !should && !errors.Is(err, otherwise):
		h.Fatalf("moving %s from %s to %s: error %v, want %v", l.id, l.state, to, err, otherwise)
	case should:
		l.state = to
		if !to.Working() {
			l.claim, l.lapsed = nil, false
		}
		if to.Final() {
			delete(h.targets, l.target)
		}
		h.wrote(l)
	default:
		h.stands(l)
	}
}

func (h *history) claim() {
	var begun, ready []string
	for _, id := range h.ids {
		switch l := h.all[id]; {
		case l.state.Working() && l.claim == nil:
			begun = append(begun, id)
		case l.state == change.Approved:
			ready = append(ready, id)
		}
	}
	c, err := h.Store.Claim(h.Context(), "w", historyLease)
	if len(begun)+len(ready) == 0 {
		if !errors.Is(err, change.ErrNoWork) {
			h.Fatalf("claimed %+v with error %v, though there is no work", c.Claim, err)
		}
		return
	}
	if err != nil {
		h.Fatalf("claiming one of %v, %v: %v", begun, ready, err)
	}
	l, from := h.all[c.Claim.ID], begun
	if len(begun) == 0 {
		from = ready
	}
	if !slices.Contains(from, c.Claim.ID) || c.TakenOver != l.lapsed || c.Claim.Epoch != l.epoch+1 {
		h.Fatalf("claimed %+v, taken over %t; want one of %v, %+v", c.Claim, c.TakenOver, from, l)
	}
	l.state, l.epoch, l.claim, l.lapsed = c.Request.State, l.epoch+1, &c.Claim, true
	if l.state == change.Approved {
		h.Fatalf("claimed and still %s", l.state)
	}
	h.claims = append(h.claims, c.Claim)
	h.wrote(l)
}

// held draws one of the claims that there ever were, and whether it is in force.
func (h *history) held() (l *life, c change.Claim, inForce bool) {
	if len(h.claims) == 0 {
		return nil, c, false
	}
	c = rapid.SampledFrom(h.claims).Draw(h.T, "claim")
	l = h.all[c.ID]
	return l, c, l.claim != nil && *l.claim == c
}

func (h *history) record() {
	l, c, inForce := h.held()
	if l == nil {
		return
	}
	err := h.Store.Record(h.Context(), c, line("one", 0, change.StepBegun), entry("step", h.Now()))
	h.moved(l, err, inForce, l.state, change.ErrFenced)
}

func (h *history) advance() {
	l, c, inForce := h.held()
	if l == nil {
		return
	}
	events := []change.Event{change.Succeed, change.Fail, change.Drift, change.Undone, change.UndoFailed, change.Await}
	m, possible := h.move(l, rapid.SampledFrom(events).Draw(h.T, "event"))
	otherwise := change.ErrConflict
	if !inForce {
		otherwise = change.ErrFenced
	}
	h.moved(l, h.Store.Advance(h.Context(), c, m), inForce && possible, m.To, otherwise)
}

func (h *history) release() {
	l, c, inForce := h.held()
	if l == nil {
		return
	}
	err := h.Store.Release(h.Context(), c)
	switch {
	case inForce && err != nil:
		h.Fatalf("releasing %s: %v", c.ID, err)
	case !inForce && !errors.Is(err, change.ErrFenced):
		h.Fatalf("releasing %s under an old claim: error %v", c.ID, err)
	case inForce:
		l.claim, l.lapsed = nil, false
	}
}

func (h *history) pass() {
	h.Pass(historyLease + time.Second)
	for _, l := range h.all {
		l.claim = nil
	}
}

func (h *history) show() {
	l := h.some()
	if l == nil {
		return
	}
	version := rapid.Int64Range(0, l.version).Draw(h.T, "shown")
	switch _, ok, err := h.Store.ClaimNotification(h.Context(), l.id, "t", historyLease); {
	case err != nil:
		h.Fatalf("claiming to tell of %s: %v", l.id, err)
	case !ok:
		return // its present version was shown
	}
	if err := h.Store.Announced(h.Context(), l.id, version, "t"); err != nil {
		h.Fatalf("showing %s: %v", l.id, err)
	}
	l.shown = max(l.shown, version)
	h.stands(l)
}

// wrote counts a write that left an audit entry.
func (h *history) wrote(l *life) {
	l.version++
	h.entries++
	h.stands(l)
}

// stands compares one request with the model.
func (h *history) stands(l *life) {
	r, err := h.Store.Get(h.Context(), l.id)
	if err != nil {
		h.Fatalf("getting %s: %v", l.id, err)
	}
	got := fmt.Sprint(r.State, r.Version, r.Epoch, r.Announced)
	if want := fmt.Sprint(l.state, l.version, l.epoch, l.shown); got != want {
		h.Fatalf("%s is %s, want %s", l.id, got, want)
	}
	id, _, err := h.Store.Holder(h.Context(), l.target)
	if err != nil || id != h.targets[l.target] {
		h.Fatalf("%s is held by %q, error %v; want %q", l.target, id, err, h.targets[l.target])
	}
}

// whole looks at everything at the end: each version has its entry in the audit, and what was not shown lags.
func (h *history) whole() {
	report, err := h.Store.VerifyAudit(h.Context())
	if err != nil || report.Bad != nil || report.Entries != h.entries {
		h.Fatalf("the audit has %d entries, bad %+v, error %v; want %d", report.Entries, report.Bad, err, h.entries)
	}
	lines, err := h.Store.Audit(h.Context(), "", int(h.entries)+1)
	if err != nil {
		h.Fatal(err)
	}
	next := map[string]int64{}
	for _, l := range lines {
		next[l.Entry.Request]++
		if l.Entry.Version != next[l.Entry.Request] {
			h.Fatalf("entry %+v; want version %d", l.Entry, next[l.Entry.Request])
		}
	}
	lagging, err := h.Store.Unannounced(h.Context(), len(h.ids)+1)
	if err != nil {
		h.Fatal(err)
	}
	for _, l := range h.all {
		h.stands(l)
		if next[l.id] != l.version {
			h.Fatalf("%s is at version %d and has %d entries", l.id, l.version, next[l.id])
		}
		if slices.Contains(lagging, l.id) != (l.shown < l.version) {
			h.Fatalf("%s at version %d, shown %d; lagging: %v", l.id, l.version, l.shown, lagging)
		}
	}
}
