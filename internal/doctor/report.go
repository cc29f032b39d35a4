package doctor

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Level says how much a finding matters.
type Level string

// The levels.
const (
	OK      Level = "ok"
	Warning Level = "warning" // it works, but not as it should
	Bad     Level = "bad"     // something will not work
	Unknown Level = "unknown" // it could not be looked at
)

// Finding is what one check found.
type Finding struct {
	Area  string `json:"area"`  // "slack", "redis", "approvals", or a platform's name
	Check string `json:"check"` // what was looked at: "scopes"
	Level Level  `json:"level"`
	Say   string `json:"say"`
	Mend  string `json:"mend,omitempty"` // what to do about it
}

// Report is everything that was found.
type Report struct {
	Findings []Finding `json:"findings"`
}

// Healthy reports whether nothing is bad. Warnings and what could not be looked at don't count.
func (r Report) Healthy() bool {
	return !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Level == Bad })
}

// area collects the findings of one area.
type area struct {
	name     string
	findings []Finding
}

func (a *area) ok(check, format string, args ...any) {
	a.add(check, OK, fmt.Sprintf(format, args...), "")
}

func (a *area) bad(check, mend, format string, args ...any) {
	a.add(check, Bad, fmt.Sprintf(format, args...), mend)
}

func (a *area) warn(check, mend, format string, args ...any) {
	a.add(check, Warning, fmt.Sprintf(format, args...), mend)
}

func (a *area) unknown(check, mend, format string, args ...any) {
	a.add(check, Unknown, fmt.Sprintf(format, args...), mend)
}

func (a *area) add(check string, level Level, say, mend string) {
	a.findings = append(a.findings, Finding{Area: a.name, Check: check, Level: level, Say: say, Mend: mend})
}

// Refused is the report on a configuration that can't be read: each of its problems is a finding.
func Refused(err error) Report {
	if all, ok := asConfigError(err); ok {
		var r Report
		for _, p := range all.Problems {
			f := Finding{Area: "configuration", Check: p.Path, Level: Bad, Say: p.Say}
			if p.Line > 0 {
				f.Mend = fmt.Sprintf("see line %d of %s", p.Line, all.File)
			}
			r.Findings = append(r.Findings, f)
		}
		return r
	}
	return Report{Findings: []Finding{{
		Area: "configuration", Check: "file", Level: Bad, Say: err.Error(), Mend: "name the file with --config",
	}}}
}

var signs = map[Level]string{OK: "✓", Warning: "!", Bad: "✗", Unknown: "?"}

// Write prints the report for people.
func (r Report) Write(w io.Writer) error {
	var b strings.Builder
	last := ""
	count := map[Level]int{}
	for _, f := range r.Findings {
		if f.Area != last {
			fmt.Fprintf(&b, "%s\n", f.Area)
			last = f.Area
		}
		count[f.Level]++
		fmt.Fprintf(&b, "  %s %-14s %s\n", signs[f.Level], f.Check, f.Say)
		if f.Mend != "" && f.Level != OK {
			fmt.Fprintf(&b, "    %-14s → %s\n", "", f.Mend)
		}
	}
	fmt.Fprintf(&b, "%d ok, %d warning(s), %d bad, %d unknown\n", count[OK], count[Warning], count[Bad], count[Unknown])
	_, err := io.WriteString(w, b.String())
	return err
}
