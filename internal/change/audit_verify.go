package change

import (
	"encoding/json"
	"fmt"
	"io"
)

// AuditLine is an entry of the audit as it is stored.
type AuditLine struct {
	ID    string // where it stands; later lines have greater ones
	Entry Entry
	Text  string // what was hashed
	Hash  string
}

// EncodeAudit returns what writes lines of the audit as JSON, with the text that was hashed, untouched, so that the chain can
// be checked without the bot.
func EncodeAudit(w io.Writer) func(AuditLine) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return func(l AuditLine) error {
		return enc.Encode(struct {
			ID    string `json:"id"`
			Hash  string `json:"hash"`
			Text  string `json:"text"`
			Entry Entry  `json:"entry"`
		}{l.ID, l.Hash, l.Text, l.Entry})
	}
}

// AuditReport says whether the audit is whole.
type AuditReport struct {
	Entries int64       // that hold, from the first on; those that the beginning stands for are among them
	Head    string      // hash of the last line that follows from the one before; empty if there is none
	Begins  *Checkpoint // what stands for older entries that were let go; its signature has not been looked at
	Bad     *BadLine
}

// BadLine is where the audit first does not hold.
type BadLine struct {
	ID       string // empty: lines are missing, or too many, at the end
	Position int64  // counted from 1
	Why      string
}

// Known is what somebody else knows of an audit: the hash of the entry at a place.
type Known struct {
	By      string // who: "the store", "a checkpoint"
	Entries int64
	Hash    string
}

// Verifier goes through the audit line by line, oldest first, and finds the first that was edited, removed,
// moved or put in. The zero value is ready, and takes the lines' own word for where they end.
type Verifier struct {
	report AuditReport
	known  []Known
}

// Begin says that the first line follows the entries that a checkpoint stands for.
func (v *Verifier) Begin(c Checkpoint) {
	v.report = AuditReport{Entries: c.Entries, Head: c.Hash, Begins: &c}
}

// Expect says what the hash was at a place. Call it before Add: it finds what is missing at the end, and an audit that was
// written anew as a whole. What lies before the beginning can't be compared.
func (v *Verifier) Expect(k Known) {
	if k.Entries > v.report.Entries {
		v.known = append(v.known, k)
	} else if k.Entries == v.report.Entries && k.Entries > 0 && k.Hash != v.report.Head {
		v.bad(k.Entries, "", k.By+" knows another beginning: the audit was written anew")
	}
}

// Add checks the next line and reports whether all is well so far.
func (v *Verifier) Add(line AuditLine) bool {
	if v.report.Bad != nil {
		return false
	}
	prev := v.report.Head
	if prev == "" {
		prev = GenesisHash
	}
	at := v.report.Entries + 1
	if ChainHash(prev, line.Text) != line.Hash {
		v.bad(at, line.ID, "its hash does not follow from its text and the line before: it, or the line before, was edited, removed, moved or put in")
		return false
	}
	for _, k := range v.known {
		if k.Entries == at && k.Hash != line.Hash {
			v.bad(at, line.ID, k.By+" knows another line at this place: the audit was written anew")
			return false
		}
	}
	v.report.Entries, v.report.Head = at, line.Hash
	return true
}

// Held returns how many entries hold so far, and the hash of the last.
func (v *Verifier) Held() (int64, string) { return v.report.Entries, v.report.Head }

// Report ends the check. count is how many lines the store remembers after the last one was read.
func (v *Verifier) Report(count int64) AuditReport {
	at := v.report.Entries + 1
	for _, k := range v.known {
		if v.report.Bad == nil && v.report.Entries < k.Entries {
			v.bad(at, "", fmt.Sprintf("%s knows of %d lines: those from here on are missing", k.By, k.Entries))
		}
	}
	if v.report.Bad == nil && v.report.Entries > count {
		v.report.Entries = count
		v.bad(count+1, "", fmt.Sprintf("the store remembers only %d lines: those from here on were put in", count))
	}
	return v.report
}

func (v *Verifier) bad(position int64, id, why string) {
	v.report.Bad = &BadLine{ID: id, Position: position, Why: why}
}
