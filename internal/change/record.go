package change

import (
	"encoding/json"
	"time"
)

// Record is something that the bot shall remember, or forget, once a change is applied. It is opaque here: what it says
// belongs to the kind of change.
type Record struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value,omitempty"` // empty: forget
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
}

// StoredRecords are the memos of r's proposal as they are remembered once it has been applied at that time.
func (r *Request) StoredRecords(at time.Time) []StoredRecord {
	var all []StoredRecord
	for _, m := range r.Proposal.Records {
		k := StoredRecord{Key: m.Key, Value: m.Value, Request: r.ID, Digest: r.Proposal.Digest, By: r.Requester, At: at.UTC()}
		if len(m.Value) > 0 {
			k.Posted, k.Approval = r.Messages, r.approval()
		}
		all = append(all, k)
	}
	return all
}
