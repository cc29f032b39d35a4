package change

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind names what sort of change is asked for, such as "link.connect".
type Kind string

// UnknownTrait is the value of a trait that is there and can't be told. A deployment that is called so is judged no less
// strictly.
const UnknownTrait = "?"

// Proposal is a change that someone asks for, worked out against the world as it is. It never changes; when
// the world moves away from under it, a new one is computed and its approvals are asked for again.
type Proposal struct {
	Kind     Kind            `json:"kind"`
	Target   []string        `json:"target"` // what must not be changed twice at once; see Subject
	Title    string          `json:"title"`
	Fields   []Field         `json:"fields"`             // what people read
	Warnings []string        `json:"warnings,omitempty"` // what people should know before they approve
	Links    []Field         `json:"links,omitempty"`    // where people see the result: what it is, and its address
	Advice   []Advice        `json:"advice,omitempty"`   // what people should know once it is applied
	Params   json.RawMessage `json:"params"`             // what the planner of that Kind reads
	Basis    []Field         `json:"basis,omitempty"`    // what the plan rests on: versions, endpoint, settings in place
	Steps    []PlannedStep   `json:"steps"`              // what will be done, in order
	// Traits are what a policy may judge by, such as kind, local.name or breadth; values in order. They are part of the
	// digest: when one that a rule asks for changes, another rule may be the one that decides.
	// A value that is UnknownTrait says that nobody knows what it is.
	Traits map[string][]string `json:"traits,omitempty"`
	// Parts are there where one change concerns several things at once: each has traits of its own, and Traits is empty.
	// Anyone who judges the change has to judge every one of them.
	Parts []Part `json:"parts,omitempty"`
	// RequiredInput names what a person has to hand in before the work can begin, such as "the key". Empty: nothing. It never
	// stands here itself.
	RequiredInput string   `json:"required_input,omitempty"`
	Records       []Record `json:"records,omitempty"` // what is remembered once it is applied
	// Substance is a digest of what stays the same when the change is made again later: of a connection all but the name, the
	// id and the dates of its key. Empty: it is never made again without people.
	Substance string `json:"substance,omitempty"`
	// Before is when the change is of no use any more: a request for it expires by then. Zero: at any time.
	Before time.Time `json:"before,omitzero"`
	// Ending is there where the bot, by itself, takes back what was approved with an end.
	Ending *Ending `json:"ending,omitempty"`
	Digest string  `json:"digest"` // what an approval is bound to, see ComputeDigest
	// Unsure: a part that the plan itself depends on could not be read just now. Another try may tell; it is not stored.
	Unsure bool `json:"-"`
}

// Ending is the end of what was approved with one.
type Ending struct {
	Until time.Time `json:"until"`
	// Differs says why what is there is not what was approved, so that people have to decide about it; empty: it is.
	Differs string `json:"differs,omitempty"`
}

// Deadline is when a request for p expires that may wait until at.
func (p Proposal) Deadline(at, now time.Time) time.Time {
	if p.Before.After(now) && p.Before.Before(at) {
		return p.Before
	}
	return at
}

// Field is a label and a value for people.
type Field struct {
	Label string `json:"label"`
	Value string `json:"value"`
	// Unread, of a line of a basis: it could not be read, and the change can do without. See SameAs.
	Unread bool `json:"unread,omitempty"`
}

// Advice is something to know of a change that is applied. It is told once for what it is about, whatever else changes there.
type Advice struct {
	About string `json:"about"` // names the thing and the subject: "rules ece-prod/1234"
	Say   string `json:"say"`   // a sentence or more, for people
}

// Part is one of several things that a change concerns, such as one alias out of several.
type Part struct {
	Name   string              `json:"name"` // for people
	Traits map[string][]string `json:"traits"`
}

// PlannedStep is a step of a plan: what is shown, digested and approved is what is carried out.
type PlannedStep struct {
	// Name is stable: journals refer to it, and its part before a colon says how the step is built. What follows the
	// colon tells steps of one proposal apart, such as "verify:logs".
	Name  string          `json:"name"`
	Args  json.RawMessage `json:"args"`  // all that the step needs to act; never a secret
	Title string          `json:"title"` // for people
	// Effects are what it leaves different, for people. They follow from the arguments, as the calls do.
	Effects []Effect `json:"effects,omitempty"`
	Calls   []Call   `json:"calls,omitempty"` // for people: the calls that it will make
	// ByHand undoes, for people too, what a person did for the step where the bot can do nothing.
	ByHand []Call `json:"by_hand,omitempty"`
}

// Effect is one line of what a step adds, keeps or removes.
type Effect struct {
	Kind EffectKind `json:"kind"`
	What string     `json:"what"`
}

// EffectKind tells effects apart.
type EffectKind string

// The kinds of effects.
const (
	Adds    EffectKind = "adds"
	Keeps   EffectKind = "keeps"
	Removes EffectKind = "removes"
)

// Action is what the step does, as far as building it goes: its name without what tells it from others like it.
func (s PlannedStep) Action() string {
	action, _, _ := strings.Cut(s.Name, ":")
	return action
}

// Call is one call as it looks on the wire, secrets as dots.
type Call struct {
	System string `json:"system"` // where it goes, in words: "ece-prod" or "Elasticsearch of logs-prod"
	Method string `json:"method"`
	Path   string `json:"path"`
	Body   string `json:"body,omitempty"`
	OnlyIf string `json:"only_if,omitempty"` // when it is made, in words; empty: always
}

// Subject is the target that the request holds from asking until it is final: the first one.
func (p Proposal) Subject() string {
	if len(p.Target) == 0 {
		return ""
	}
	return p.Target[0]
}

// Locked are the targets that no other request may write from the start of the work until the request is final, or back with
// its approvers: its own, which may be part of what another one changes together, and those that others write, too.
func (p Proposal) Locked() []string { return p.Target }

// Locks reports whether a request in that state holds its locks.
func (s State) Locks() bool { return s.Working() || s == WaitingForPerson || s == Stuck }

// Step returns the planned step of that name, or nil.
func (p Proposal) Step(name string) *PlannedStep {
	if i := slices.IndexFunc(p.Steps, func(s PlannedStep) bool { return s.Name == name }); i >= 0 {
		return &p.Steps[i]
	}
	return nil
}

// Calls returns the calls of all steps, in order.
func (p Proposal) Calls() []Call {
	var all []Call
	for _, s := range p.Steps {
		all = append(all, s.Calls...)
	}
	return all
}

// ComputeDigest returns the SHA-256, in hex, over kind, targets, parameters, basis, traits, parts, and name and
// arguments of each step, the substance and the ending, in canonical JSON (object keys sorted, no spaces). Words for people are left out, and so are
// titles and calls, which follow from the arguments: a new wording must not void approvals.
func (p Proposal) ComputeDigest() (string, error) {
	params, err := Canonical(p.Params)
	if err != nil {
		return "", fmt.Errorf("canonical parameters: %w", err)
	}
	type step struct {
		Name string          `json:"name"`
		Args json.RawMessage `json:"args"`
	}
	steps := make([]step, len(p.Steps))
	for i, s := range p.Steps {
		args, err := Canonical(s.Args)
		if err != nil {
			return "", fmt.Errorf("canonical arguments of step %s: %w", s.Name, err)
		}
		steps[i] = step{Name: s.Name, Args: args}
	}
	body, err := json.Marshal(struct {
		Kind   Kind            `json:"kind"`
		Target []string        `json:"target"`
		Params json.RawMessage `json:"params"`
		Basis  []Field         `json:"basis"`
		Steps  []step          `json:"steps"`

		Traits map[string][]string `json:"traits,omitempty"`
		Parts  []Part              `json:"parts,omitempty"`

		Substance string  `json:"substance,omitempty"`
		Ending    *Ending `json:"ending,omitempty"`
	}{p.Kind, p.Target, params, p.Basis, steps, p.Traits, p.Parts, p.Substance, p.Ending})
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

// Canonical is JSON with sorted keys and no spaces, whatever it looked like.
func Canonical(raw json.RawMessage) (json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber() // a float64 would round large numbers together
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}
