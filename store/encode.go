package store

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// The fields of a request's hash. Beside them the scripts keep aside (while it is put aside), worker, released, takeovers, call, call_until, notifier and notifying.
const (
	fieldSchema         = "schema"
	fieldState          = "state"
	fieldVersion        = "version"
	fieldEpoch          = "epoch"
	fieldApprovalsSince = "approvals_since"
	fieldAnnounced      = "announced"
	fieldTarget         = "target"
	fieldCreated        = "created"    // ms
	fieldDeadline       = "deadline"   // ms; 0: none
	fieldNotBefore      = "not_before" // ms; missing or 0: at once
	fieldReason         = "reason"
	fieldRule           = "rule"
	fieldParent         = "parent"
	fieldChild          = "child"
	fieldReleased       = "released"   // 1: the last claim was given back
	fieldWaitUntil      = "wait_until" // ms; missing where nobody was waited for
	fieldTrace          = "trace"      // missing where nothing is traced

	// In JSON.
	fieldShared    = "shared" // the targets that are locked while the work runs: its own, too; missing: none
	fieldProposal  = "proposal"
	fieldPrevious  = "previous"
	fieldRequester = "requester"
	fieldStanding  = "standing" // missing: people approve it
	fieldDecisions = "decisions"
	fieldOutcome   = "outcome"
	fieldWait      = "wait"      // missing: nobody was waited for
	fieldMessage   = "msg:"      // and the slot
	fieldAsideEnd  = "aside_end" // how it was taken up after it was put aside; missing: it never was
)

// fields collects what goes into a hash, and the first error on the way.
type fields struct {
	pairs []any
	err   error
}

func (f *fields) put(field string, value any) { f.pairs = append(f.pairs, field, value) }

func (f *fields) json(field string, value any) {
	raw, err := json.Marshal(value)
	if err != nil {
		f.err = cmp.Or(f.err, fmt.Errorf("encoding %s: %w", field, err))
		return
	}
	f.put(field, string(raw))
}

// encode returns everything of a new request but its version, which the script counts.
func encode(r *change.Request) ([]any, error) {
	var f fields
	f.put(fieldSchema, change.Schema)
	f.put(fieldState, string(r.State))
	f.put(fieldEpoch, 0)
	f.put(fieldApprovalsSince, 1)
	f.put(fieldAnnounced, 0)
	f.put(fieldTarget, r.Proposal.Subject())
	f.put(fieldCreated, millis(r.Created))
	f.put(fieldDeadline, millis(r.Deadline))
	f.put(fieldReason, r.Reason)
	f.put(fieldRule, r.Rule)
	f.put(fieldParent, r.Parent)
	if r.Trace != "" {
		f.put(fieldTrace, r.Trace)
	}
	f.json(fieldShared, r.Proposal.Locked())
	f.json(fieldProposal, r.Proposal)
	f.json(fieldRequester, r.Requester)
	if r.StandingApproval != nil {
		f.json(fieldStanding, r.StandingApproval)
	}
	for slot, m := range r.Messages {
		f.json(fieldMessage+slot, m)
	}
	return f.pairs, f.err
}

// encodeTransition returns what a move changes beside the state.
func encodeTransition(m change.Transition) ([]any, error) {
	var f fields
	if m.Decisions != nil {
		f.json(fieldDecisions, m.Decisions)
	}
	if m.Proposal != nil {
		f.json(fieldProposal, m.Proposal)
		f.json(fieldShared, m.Proposal.Locked())
	}
	if m.Outcome != nil {
		f.json(fieldOutcome, m.Outcome)
	}
	if m.Wait != nil {
		f.json(fieldWait, m.Wait)
		f.put(fieldWaitUntil, millis(m.Wait.Until))
	}
	if !m.Deadline.IsZero() {
		f.put(fieldDeadline, millis(m.Deadline))
	}
	if !m.NotBefore.IsZero() {
		f.put(fieldNotBefore, millis(m.NotBefore))
	}
	return f.pairs, f.err
}

// decode reads a request and its journal.
func decode(id string, hash, steps map[string]string) (*change.Request, error) {
	if err := readable(id, hash[fieldSchema]); err != nil {
		return nil, err
	}
	d := decoder{hash: hash}
	r := &change.Request{
		ID:             id,
		State:          change.State(hash[fieldState]),
		Version:        d.number(fieldVersion),
		Epoch:          d.number(fieldEpoch),
		ApprovalsSince: d.number(fieldApprovalsSince),
		Announced:      d.number(fieldAnnounced),
		Reason:         hash[fieldReason],
		Rule:           hash[fieldRule],
		Parent:         hash[fieldParent],
		Child:          hash[fieldChild],
		Trace:          hash[fieldTrace],
		Created:        fromMillis(d.number(fieldCreated)),
		Deadline:       fromMillis(d.number(fieldDeadline)),
	}
	if hash[fieldNotBefore] != "" {
		r.NotBefore = fromMillis(d.number(fieldNotBefore))
	}
	d.json(fieldProposal, &r.Proposal)
	d.json(fieldPrevious, &r.Previous)
	d.json(fieldRequester, &r.Requester)
	d.json(fieldStanding, &r.StandingApproval)
	d.json(fieldDecisions, &r.Decisions)
	d.json(fieldOutcome, &r.Outcome)
	d.json(fieldWait, &r.Wait)
	for field := range hash {
		if slot, ok := strings.CutPrefix(field, fieldMessage); ok {
			var m change.Message
			d.json(field, &m)
			if r.Messages == nil {
				r.Messages = map[string]change.Message{}
			}
			r.Messages[slot] = m
		}
	}
	if d.err == nil && !r.State.Valid() {
		return nil, fmt.Errorf("request %s is in the state %q: %w", id, r.State, change.ErrNewer)
	}
	if d.err == nil {
		r.Journal, d.err = decodeJournal(id, steps)
	}
	if d.err != nil {
		return nil, fmt.Errorf("request %s: %w: %w", id, change.ErrUnreadable, d.err)
	}
	return r, nil
}

func decodeJournal(id string, steps map[string]string) ([]change.StepRecord, error) {
	var journal []change.StepRecord
	for step, text := range steps {
		var line change.StepRecord
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			return nil, fmt.Errorf("reading the journal of request %s: step %s: %w", id, step, err)
		}
		journal = append(journal, line)
	}
	slices.SortFunc(journal, func(a, b change.StepRecord) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Step, b.Step))
	})
	return journal, nil
}

// readable returns nil if a hash with that schema number is one that this version of the bot understands.
func readable(id, schema string) error {
	if schema == "" {
		return fmt.Errorf("request %s: %w", id, change.ErrNotFound)
	}
	n, err := strconv.Atoi(schema)
	if err != nil {
		return fmt.Errorf("request %s: %w: schema: %w", id, change.ErrUnreadable, err)
	}
	if n > change.Schema {
		return fmt.Errorf("request %s: %w", id, change.ErrNewer)
	}
	return nil
}

// decoder reads fields and keeps the first error.
type decoder struct {
	hash map[string]string
	err  error
}

func (d *decoder) number(field string) int64 {
	n, err := strconv.ParseInt(d.hash[field], 10, 64)
	d.fail(field, err)
	return n
}

func (d *decoder) json(field string, into any) {
	if text, ok := d.hash[field]; ok {
		d.fail(field, json.Unmarshal([]byte(text), into))
	}
}

func (d *decoder) fail(field string, err error) {
	if err != nil && d.err == nil {
		d.err = fmt.Errorf("%s: %w", field, err)
	}
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// unflatten turns the flat list in which a script hands out a hash into a map.
func unflatten(list any) map[string]string {
	flat, _ := list.([]any)
	m := make(map[string]string, len(flat)/2)
	for i := 0; i+1 < len(flat); i += 2 {
		field, _ := flat[i].(string)
		m[field], _ = flat[i+1].(string)
	}
	return m
}
