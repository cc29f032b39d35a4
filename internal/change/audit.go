package change

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Entry is one line of the audit. Each carries the hash of the one before, so that an edited, removed or
// reordered entry shows.
type Entry struct {
	At      time.Time `json:"at"`
	Request string    `json:"request"` // empty: of none
	What    string    `json:"what"`    // an event, a verb, "step:<name>:<state>", or "policy": another one is in force
	From    State     `json:"from,omitempty"`
	To      State     `json:"to,omitempty"`
	Version int64     `json:"version"` // of the request, after this entry
	By      Actor     `json:"by,omitzero"`
	Worker  string    `json:"worker,omitempty"`
	Target  string    `json:"target,omitempty"`
	Digest  string    `json:"digest,omitempty"`
	Rule    string    `json:"rule,omitempty"`
	Policy  string    `json:"policy,omitempty"` // hash of the policy that the replica which wrote this had in force
	Parent  string    `json:"parent,omitempty"` // the request that a new one follows
	Detail  string    `json:"detail,omitempty"` // a reason or a finding; never a secret
}

// GenesisHash stands before the first entry.
const GenesisHash = "0000000000000000000000000000000000000000000000000000000000000000"

// Chain returns the entry's text as it is stored and its hash: SHA-256 over the previous hash and the text.
func (e Entry) Chain(prev string) (text, hash string, err error) {
	e.At = e.At.UTC().Truncate(time.Millisecond)
	raw, err := json.Marshal(e)
	if err != nil {
		return "", "", fmt.Errorf("audit entry: %w", err)
	}
	return string(raw), ChainHash(prev, string(raw)), nil
}

// ChainHash is the hash of an entry's stored text that follows prev.
func ChainHash(prev, text string) string {
	sum := sha256.Sum256([]byte(prev + "\n" + text))
	return hex.EncodeToString(sum[:])
}
