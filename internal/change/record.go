package change

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// Record is something that the bot is to remember, or forget, once a change is applied. It is opaque here: what it says
// belongs to the kind of change.
type Record struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value,omitempty"` // empty: forget
	// Until is when the bot takes back, under the approval of the change, what the record says; zero: it does not.
	Until time.Time `json:"until,omitzero"`
	// Approved is when people approved what the record allows, where the change leaves that as it was; zero: with this change.
	Approved time.Time `json:"approved,omitzero"`
}

// StoredRecord is a memo as it is remembered: with the request that it comes from.
type StoredRecord struct {
	Key     string             `json:"key"`
	Value   json.RawMessage    `json:"value,omitempty"` // empty in a Move: forget
	Request string             `json:"request"`
	Digest  string             `json:"digest"` // of the plan that was approved
	By      Actor              `json:"by"`
	At      time.Time          `json:"at"`
	Posted  map[string]Message `json:"posted,omitempty"` // the request's messages, for a link to its thread
	// Approval is what people approved of it; nil: nothing can be done under it again.
	Approval *Approval `json:"approval,omitempty"`
	// Approved is when people approved what it allows; zero in what was stored before this was remembered.
	Approved time.Time `json:"approved,omitzero"`
}

// Keep is somebody's decision that what a record allows is still needed.
type Keep struct {
	Key     string    `json:"key"`     // of the record
	First   string    `json:"first"`   // the request that began what it is about: what has begun since is something else
	Request string    `json:"request"` // that wrote the record which they saw
	By      Actor     `json:"by"`
	At      time.Time `json:"at"`
	Rule    string    `json:"rule,omitempty"` // of the policy; empty: none has it reviewed
}

// StoredRecords are the memos of r's proposal as they are remembered once it has been applied at that time.
func (r *Request) StoredRecords(at time.Time) []StoredRecord {
	var all []StoredRecord
	for _, m := range r.Proposal.Records {
		k := StoredRecord{Key: m.Key, Value: m.Value, Request: r.ID, Digest: r.Proposal.Digest, By: r.Requester, At: at.UTC()}
		if len(m.Value) > 0 {
			k.Posted, k.Approval, k.Approved = r.Messages, r.approval(m.Until), cmp.Or(m.Approved, k.At)
		}
		all = append(all, k)
	}
	return all
}

// Approval is what people approved, kept with the record that it led to, so that the same can be done again under it.
type Approval struct {
	Request   string              `json:"request"`   // that they approved
	By        string              `json:"by"`        // who asked for it
	Approvers []string            `json:"approvers"` // whose approvals were in force
	Policy    string              `json:"policy"`    // the rules that they were weighed by, see Evaluation.Policy
	Traits    map[string][]string `json:"traits"`    // of what they approved
	Substance string              `json:"substance"` // likewise, see Proposal.Substance
	At        time.Time           `json:"at"`        // when it was asked for
	Until     time.Time           `json:"until,omitzero"`
}

// StandingApproval is an approval from before that a request of the bot is to run under.
type StandingApproval struct {
	Approval
	Attempt int `json:"attempt,omitempty"` // how many came to nothing before this one
}

// approval is what people approved as r; nil where nothing can be done under it again.
func (r *Request) approval(until time.Time) *Approval {
	if r.Proposal.Substance == "" && until.IsZero() {
		return nil
	}
	if r.UnderStanding() {
		return &r.StandingApproval.Approval
	}
	a := Approval{
		Request: r.ID, By: r.Requester.User, Traits: r.Proposal.Traits, Substance: r.Proposal.Substance, At: r.Created.UTC(), Until: until,
	}
	for _, d := range r.Approvals() {
		a.Approvers = append(a.Approvers, d.By.User)
	}
	if d := r.BrokenGlass(); d != nil {
		a.Approvers = append(a.Approvers, d.By.User)
	}
	for _, d := range slices.Backward(r.Decisions) {
		if d.Policy != "" && d.Digest == r.Proposal.Digest {
			a.Policy = d.Policy
			return &a
		}
	}
	return nil
}

// UnderStanding reports whether r is to run, or has run, under an approval from before: nobody is asked.
func (r *Request) UnderStanding() bool {
	return r.StandingApproval != nil && r.Last(DecisionStandsNot) == nil && r.Last(Unapproved) == nil && r.Last(DecisionDrift) == nil
}
