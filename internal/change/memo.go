package change

import (
	"encoding/json"
	"time"
)

// Memo is something that the bot shall remember, or forget, once a change is applied. It is opaque here: what it says
// belongs to the kind of change.
type Memo struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value,omitempty"` // empty: forget
}

// Kept is a memo as it is remembered: with the request that it comes from.
type Kept struct {
	Key     string             `json:"key"`
	Value   json.RawMessage    `json:"value,omitempty"` // empty in a Move: forget
	Request string             `json:"request"`
	Digest  string             `json:"digest"` // of the plan that was approved
	By      Actor              `json:"by"`
	At      time.Time          `json:"at"`
	Posted  map[string]Message `json:"posted,omitempty"` // the request's messages, for a link to its thread
}

// Kept are the memos of r's proposal as they are remembered once it has been applied at that time.
func (r *Request) Kept(at time.Time) []Kept {
	var all []Kept
	for _, m := range r.Proposal.Memos {
		k := Kept{Key: m.Key, Value: m.Value, Request: r.ID, Digest: r.Proposal.Digest, By: r.Requester, At: at.UTC()}
		if len(m.Value) > 0 {
			k.Posted = r.Messages
		}
		all = append(all, k)
	}
	return all
}
