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

// empty reports whether nothing was added.
func (a AddedTrust) empty() bool {
	return !a.Whole && !a.All && len(a.Clusters) == 0 && len(a.Certificates) == 0
}

// entry names the entry by type and scope.
func (a AddedTrust) entry() elastic.TrustEntry {
	return elastic.TrustEntry{Type: a.Type, ScopeID: a.Scope, Name: a.Name}
}

func (a AddedTrust) sameEntry(b AddedTrust) bool { return a.Type == b.Type && a.Scope == b.Scope }

// and is what either of two connections added to the same entry.
func (a AddedTrust) and(b AddedTrust) AddedTrust {
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
	if !a.sameEntry(theirs) {
		return a
	}
	theirs.Clusters = slices.DeleteFunc(slices.Clone(theirs.Clusters), func(id string) bool { return !slices.Contains(e.Clusters, id) })
	theirs.Certificates = slices.DeleteFunc(slices.Clone(theirs.Certificates), func(f string) bool { return !holds(e, f) })
	return a.and(theirs)
}

// holds reports whether an entry has a certificate of that fingerprint.
func holds(e elastic.TrustEntry, print string) bool {
	return slices.ContainsFunc(e.Certificates, func(c elastic.TrustCertificate) bool {
		f, err := fingerprint(c.PEM)
		return err == nil && f == print
	})
}

// outOf is an entry without what was added, but for what is still in use; nil where nobody is left in an entry that was
// made for it. Certificates of an entry that stays go only where it had its own before: who was let in since may rest on
// them.
func withoutTrust(a AddedTrust, entry json.RawMessage, u trustUsers) json.RawMessage {
	var has elastic.TrustEntry
	fields, certificates := map[string]json.RawMessage{}, []json.RawMessage{}
	if json.Unmarshal(entry, &fields) != nil || json.Unmarshal(entry, &has) != nil || has.All && !a.All {
		return entry // somebody lets all in: whom that serves, nobody can see
	}
	_ = json.Unmarshal(fields["certificates"], &certificates) // has was read from it
	all := has.All && u.any()
	clusters := slices.DeleteFunc(has.Clusters, func(id string) bool { return slices.Contains(a.Clusters, id) && !u.of(id) })
	if !all && len(clusters) == 0 && a.Whole {
		return nil
	}
	if !a.Whole && !u.any() {
		certificates = slices.DeleteFunc(certificates, func(raw json.RawMessage) bool { return a.brought(raw) })
	}
	fields["certificates"], fields["trust_all"] = elastic.RawJSON(certificates), elastic.RawJSON(all)
	delete(fields, "trust_allowlist")
	if len(clusters) > 0 {
		fields["trust_allowlist"] = elastic.RawJSON(clusters)
	}
	return elastic.RawJSON(fields)
}

func (a AddedTrust) brought(certificate json.RawMessage) bool {
	var c elastic.TrustCertificate
	if json.Unmarshal(certificate, &c) != nil {
		return false
	}
	f, err := fingerprint(c.PEM)
	return err == nil && slices.Contains(a.Certificates, f)
}

// say is what of an entry goes, in words.
func (a AddedTrust) say(before, after json.RawMessage) string {
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
		parts = append(parts, "the cluster "+list(gone))
	}
	if n := len(was.Certificates) - len(is.Certificates); n > 0 {
		parts = append(parts, "certificates that were added")
	}
	return strings.Join(parts, ", ")
}
