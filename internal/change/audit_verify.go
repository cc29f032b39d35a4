package change

import "fmt"

// AuditLine is an entry of the audit as it is stored.
type AuditLine struct {
	ID    string // where it stands; later lines have greater ones
	Entry Entry
	Text  string // what was hashed
	Hash  string
}

// AuditReport says whether the audit is whole.
type AuditReport struct {
	Entries int64  // that hold, from the first on
	Head    string // hash of the last line that follows from the one before; empty if there is none
	Bad     *BadLine
}

// BadLine is where the audit first does not hold.
type BadLine struct {
	ID       string // empty: lines are missing, or too many, at the end
	Position int64  // counted from 1
	Why      string
}

// Verifier goes through the audit line by line, oldest first, and finds the first that was edited, removed,
// moved or put in. The zero value is ready, and takes the lines' own word for where they end.
type Verifier struct {
	report AuditReport
	count  int64
	head   string
}

// Expect says that after count lines the hash was head, as a store remembers it beside the lines. Call it
// before reading: it finds what is missing at the end, and an audit that was written anew as a whole.
func (v *Verifier) Expect(count int64, head string) {
	v.count, v.head = count, head
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
	switch {
	case ChainHash(prev, line.Text) != line.Hash:
		v.bad(at, line.ID, "its hash does not follow from its text and the line before: it, or the line before, was edited, removed, moved or put in")
		return false
	case at == v.count && line.Hash != v.head:
		v.bad(at, line.ID, "the store remembers another line at this place: the audit was written anew")
		return false
	}
	v.report.Entries, v.report.Head = at, line.Hash
	return true
}

// Report ends the check. count is how many lines the store remembers after the last one was read.
func (v *Verifier) Report(count int64) AuditReport {
	at := v.report.Entries + 1
	switch {
	case v.report.Bad != nil:
	case v.report.Entries < v.count:
		v.bad(at, "", fmt.Sprintf("the store remembers %d lines: those from here on are missing", v.count))
	case v.report.Entries > count:
		v.report.Entries = count
		v.bad(count+1, "", fmt.Sprintf("the store remembers only %d lines: those from here on were put in", count))
	}
	return v.report
}

func (v *Verifier) bad(position int64, id, why string) {
	v.report.Bad = &BadLine{ID: id, Position: position, Why: why}
}
