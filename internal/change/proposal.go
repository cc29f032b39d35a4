package change

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// Kind names what sort of change is asked for, such as "link.connect".
type Kind string

// Proposal is a change that someone asks for, worked out against the world as it is. It never changes; when
// the world moves away from under it, a new one is computed and its approvals are asked for again.
type Proposal struct {
	Kind     Kind            `json:"kind"`
	Target   string          `json:"target"` // what must not be changed twice at once: platform, deployment, alias
	Title    string          `json:"title"`
	Fields   []Field         `json:"fields"`             // what people read
	Warnings []string        `json:"warnings,omitempty"` // what people should know before they approve
	Links    []Field         `json:"links,omitempty"`    // where people see the result: what it is, and its address
	Params   json.RawMessage `json:"params"`             // what the planner of that Kind reads
	Basis    []Field         `json:"basis,omitempty"`    // what the plan rests on: versions, endpoint, settings in place
	Steps    []PlannedStep   `json:"steps"`              // in order, for drawing progress before they begin
	Plan     []PlannedCall   `json:"plan"`
	// Traits are what a policy may judge by, such as kind, local.name or breadth; values in order. They are part of the
	// digest: when one that a rule asks for changes, another rule may be the one that decides.
	Traits map[string][]string `json:"traits,omitempty"`
	// Parts are there where one change concerns several things at once: each has traits of its own, and Traits is empty.
	// Whoever judges the change has to judge every one of them.
	Parts []Part `json:"parts,omitempty"`
	// Wants names what a person has to hand in before the work can begin, such as "the key". Empty: nothing. It never
	// stands here itself.
	Wants  string `json:"wants,omitempty"`
	Memos  []Memo `json:"memos,omitempty"` // what is remembered once it is applied
	Digest string `json:"digest"`          // what an approval is bound to, see ComputeDigest
	// Unsure: a part that the plan itself depends on could not be read just now. Another try may tell; it is not stored.
	Unsure bool `json:"-"`
}

// Field is a label and a value for people.
type Field struct {
	Label string `json:"label"`
	Value string `json:"value"`
	// Unread, of a line of a basis: it could not be read, and the change can do without. See SameAs.
	Unread bool `json:"unread,omitempty"`
}

// Part is one of several things that a change concerns, such as one alias out of several.
type Part struct {
	Name   string              `json:"name"` // for people
	Traits map[string][]string `json:"traits"`
}

// PlannedCall is one call that will be made, secrets as dots.
type PlannedCall struct {
	Step   string `json:"step"`   // the step that makes it
	System string `json:"system"` // where it goes, in words: "ece-prod" or "Elasticsearch of logs-prod"
	Method string `json:"method"`
	Path   string `json:"path"`
	Body   string `json:"body,omitempty"`
}

// ComputeDigest returns the SHA-256, in hex, over kind, target, parameters, basis, plan and traits in canonical JSON
// (object keys sorted, no spaces). Words for people are left out: rewording a warning must not void approvals.
func (p Proposal) ComputeDigest() (string, error) {
	params, err := canonical(p.Params)
	if err != nil {
		return "", fmt.Errorf("canonical parameters: %w", err)
	}
	body, err := json.Marshal(struct {
		Kind   Kind            `json:"kind"`
		Target string          `json:"target"`
		Params json.RawMessage `json:"params"`
		Basis  []Field         `json:"basis"`
		Plan   []PlannedCall   `json:"plan"`

		Traits map[string][]string `json:"traits,omitempty"`
		Parts  []Part              `json:"parts,omitempty"`
	}{p.Kind, p.Target, params, p.Basis, p.Plan, p.Traits, p.Parts})
	if err != nil {
		return "", fmt.Errorf("canonical proposal: %w", err)
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:]), nil
}

// SameAs reports whether now, the same change planned again, is what was approved as p. A line of the basis that could
// not be read on either side tells nothing of a change of the world, so it is left out of both: a read that failed, or
// that works again, voids no approval. What was read both times has to be the same.
func (p Proposal) SameAs(now Proposal) (bool, error) {
	if p.Digest == now.Digest {
		return true, nil
	}
	unread := map[string]bool{}
	for _, f := range slices.Concat(p.Basis, now.Basis) {
		if f.Unread {
			unread[f.Label] = true
		}
	}
	if len(unread) == 0 {
		return false, nil
	}
	var digests [2]string
	for i, one := range []Proposal{p, now} {
		one.Basis = slices.DeleteFunc(append([]Field{}, one.Basis...), func(f Field) bool { return unread[f.Label] })
		digest, err := one.ComputeDigest()
		if err != nil {
			return false, err
		}
		digests[i] = digest
	}
	return digests[0] == digests[1], nil
}

func canonical(raw json.RawMessage) (json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber() // a float64 would round large numbers together
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}
