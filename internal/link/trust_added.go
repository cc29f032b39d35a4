package link

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// TrustMade is what the making of a connection by certificates added to whom its two sides trust.
type TrustMade struct {
	Local  AddedTrust `json:"local"`
	Remote AddedTrust `json:"remote"`
}

// AddedTrust is what was added to a deployment's entry for an environment. Nothing else is ever taken out of it again.
type AddedTrust struct {
	Type         string   `json:"type"` // with Scope: which entry
	Scope        string   `json:"scope"`
	Name         string   `json:"name"`                   // of the entry, for people
	Whole        bool     `json:"whole,omitempty"`        // there was no such entry before
	All          bool     `json:"all,omitempty"`          // trust in every deployment was added
	Clusters     []string `json:"clusters,omitempty"`     // ids that were added to the allow list
	Certificates []string `json:"certificates,omitempty"` // fingerprints (SHA-256) of those that were added
}

// added is what trusting e adds to settings as they are now.
func added(now elastic.TrustSettings, e elastic.TrustEntry) AddedTrust {
	a := AddedTrust{Type: e.Type, Scope: e.ScopeID, Name: e.Name}
	before, after := now.Entry(e), now.With(e).Entry(e)
	var was, is elastic.TrustEntry
	if json.Unmarshal(after, &is) != nil || before != nil && json.Unmarshal(before, &was) != nil {
		return a // what can't be read is nobody's to take back
	}
	a.Whole, a.All = before == nil, is.All && !was.All
	a.Clusters = slices.DeleteFunc(is.Clusters, func(id string) bool { return slices.Contains(was.Clusters, id) })
	for _, c := range is.Certificates {
		if f, err := fingerprint(c.PEM); err == nil && !slices.ContainsFunc(was.Certificates, elastic.SamePEM(c)) {
			a.Certificates = append(a.Certificates, f)
		}
	}
	return a
}

// Empty reports whether nothing was added.
func (a AddedTrust) Empty() bool {
	return !a.Whole && !a.All && len(a.Clusters) == 0 && len(a.Certificates) == 0
}

// Entry names the entry by type and scope.
func (a AddedTrust) Entry() elastic.TrustEntry {
	return elastic.TrustEntry{Type: a.Type, ScopeID: a.Scope, Name: a.Name}
}

// SameEntry reports whether both were added to the same entry.
func (a AddedTrust) SameEntry(b AddedTrust) bool { return a.Type == b.Type && a.Scope == b.Scope }

// And is what either of two connections added to the same entry.
func (a AddedTrust) And(b AddedTrust) AddedTrust {
	a.Whole, a.All = a.Whole || b.Whole, a.All || b.All
	a.Clusters = union(a.Clusters, b.Clusters)
	a.Certificates = union(a.Certificates, b.Certificates)
	return a
}

func union(a, b []string) []string {
	all := slices.Sorted(slices.Values(slices.Concat(a, b)))
	if len(all) == 0 {
		return nil
	}
	return slices.Compact(all)
}

// sharing is a with the part of what was added for another connection that e rests on too, so that whoever ends last
// takes it back.
func (a AddedTrust) sharing(theirs AddedTrust, e elastic.TrustEntry) AddedTrust {
	if !a.SameEntry(theirs) {
		return a
	}
	theirs.Clusters = slices.DeleteFunc(slices.Clone(theirs.Clusters), func(id string) bool { return !slices.Contains(e.Clusters, id) })
	theirs.Certificates = slices.DeleteFunc(slices.Clone(theirs.Certificates), func(f string) bool { return !holds(e, f) })
	return a.And(theirs)
}

// holds reports whether an entry has a certificate of that fingerprint.
func holds(e elastic.TrustEntry, print string) bool {
	return slices.ContainsFunc(e.Certificates, func(c elastic.TrustCertificate) bool {
		f, err := fingerprint(c.PEM)
		return err == nil && f == print
	})
}

// Brought reports whether a certificate was added.
func (a AddedTrust) Brought(certificate json.RawMessage) bool {
	var c elastic.TrustCertificate
	if json.Unmarshal(certificate, &c) != nil {
		return false
	}
	f, err := fingerprint(c.PEM)
	return err == nil && slices.Contains(a.Certificates, f)
}

// Say is what of an entry goes, in words.
func (a AddedTrust) Say(before, after json.RawMessage) string {
	if after == nil {
		return "all of it"
	}
	var was, is elastic.TrustEntry
	if json.Unmarshal(before, &was) != nil || json.Unmarshal(after, &is) != nil {
		return "what was added"
	}
	gone := slices.DeleteFunc(was.Clusters, func(id string) bool { return slices.Contains(is.Clusters, id) })
	var parts []string
	if was.All && !is.All {
		parts = append(parts, "every other deployment")
	}
	if len(gone) > 0 {
		parts = append(parts, "the cluster "+JoinWords(gone))
	}
	if n := len(was.Certificates) - len(is.Certificates); n > 0 {
		parts = append(parts, "certificates that were added")
	}
	return strings.Join(parts, ", ")
}

// OrNull is an entry as it is noted.
func OrNull(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("null")
	}
	return raw
}
