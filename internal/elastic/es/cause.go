package es

import (
	"encoding/json"
	"slices"
	"strings"
)

const (
	noSuchRemote = "no_such_remote_cluster_exception"
	noHandler    = "no handler found for uri" // what a version without the API answers, with 400
)

// cause is the error of an answer. Elasticsearch nests what led to it: under caused_by, and what failed meanwhile
// under suppressed. An error that is plain text has a reason alone.
type cause struct {
	Type       string  `json:"type"`
	Reason     string  `json:"reason"`
	RootCause  []cause `json:"root_cause"`
	CausedBy   *cause  `json:"caused_by"`
	Suppressed []cause `json:"suppressed"`
	// Credentials says why a key was refused, where the reason only says that it was.
	Credentials string `json:"additional_unsuccessful_credentials"`
}

// cause returns the error of an answer; the zero value where there is none, or where something between wrote it.
func (r reply) cause() cause {
	var body struct {
		Error json.RawMessage `json:"error"`
	}
	var found cause
	if r.status < 300 || json.Unmarshal(r.body, &body) != nil {
		return found
	}
	if json.Unmarshal(body.Error, &found.Reason) == nil {
		return found
	}
	_ = json.Unmarshal(body.Error, &found)
	return found
}

// is reports whether it is of a type, or was led to by one.
func (c cause) is(kind string) bool {
	return c.Type == kind || c.CausedBy != nil && c.CausedBy.is(kind) ||
		slices.ContainsFunc(c.RootCause, func(root cause) bool { return root.is(kind) })
}

// How much of a nested error is told.
const (
	maxReasons   = 8
	maxOneReason = 300 // bytes; some quote what a server sent
)

// text is every reason, the outermost first. What only wraps an inner reason, or says one again, is left out.
func (c cause) text() string {
	all := c.reasons(nil)
	var kept []string
	for i, reason := range all {
		wraps := func(inner string) bool { return inner != "" && strings.Contains(reason, ": "+inner) }
		told := func(k string) bool { return strings.Contains(k, reason) }
		if reason == "" || reason == "Failed execution" || len(kept) == maxReasons ||
			slices.ContainsFunc(all[i+1:], wraps) || slices.ContainsFunc(kept, told) {
			continue
		}
		kept = append(kept, reason[:min(len(reason), maxOneReason)])
	}
	return strings.Join(kept, ": ")
}

func (c cause) reasons(all []string) []string {
	all = append(all, c.Reason)
	if c.Credentials != "" {
		all = append(all, c.Credentials)
	}
	if c.CausedBy != nil {
		all = c.CausedBy.reasons(all)
	}
	for _, s := range c.Suppressed {
		all = s.reasons(all)
	}
	return all
}
