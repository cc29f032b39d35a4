package link

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Entries are whom the two sides are to trust, as the world is now.
func Entries(s PairState, c ConnectParams) TrustEntries {
	if !c.ByCertificate() || s.Trust == nil {
		return TrustEntries{}
	}
	return TrustEntries{
		Local:  newEntry(s.RemoteOn, c.Trust.RemoteScope, s.Trust.Remote.Authorities, c.Trust.All, c.Trust.Clusters),
		Remote: newEntry(s.LocalOn, c.Trust.LocalScope, s.Trust.Local.Authorities, false, []string{s.Local.ClusterID}),
	}
}

// CheckEntries makes sure that every certificate can be read: the platforms take no other.
func CheckEntries(s PairState, c ConnectParams) error {
	e := Entries(s, c)
	var wrong change.InvalidError
	for _, side := range []struct {
		field, name string
		entry       elastic.TrustEntry
	}{{FieldRemote, s.Remote.Name, e.Local}, {FieldLocal, s.Local.Name, e.Remote}} {
		if len(side.entry.Certificates) == 0 {
			wrong.Add(side.field, "the certificate authority of %s is unknown; for an ECE, add it to the bot's configuration", side.name)
		}
		for _, one := range side.entry.Certificates {
			if _, err := fingerprint(one.PEM); err != nil {
				wrong.Add(side.field, "a certificate authority of %s can't be read", side.name)
			}
		}
	}
	return wrong.Check()
}

// trustFields are what people read of a connect by certificates.
func trustFields(c ConnectParams, s PairState) []change.Field {
	e := Entries(s, c)
	whom := "all deployments of " + c.Trust.RemoteScope
	if !c.Trust.All {
		whom = "of " + c.Trust.RemoteScope + " the clusters " + JoinWords(c.Trust.Clusters)
	}
	return []change.Field{
		{Label: "Security model", Value: "TLS certificates (deprecated)"},
		{Label: "The local side trusts", Value: whom},
		{Label: "by the authorities", Value: fingerprints(e.Local)},
		{Label: "The remote side trusts", Value: "of " + c.Trust.LocalScope + " the cluster " + s.Local.ClusterID},
		{Label: "by the authority", Value: fingerprints(e.Remote)},
	}
}

// fingerprints are those of an entry's certificates.
func fingerprints(e elastic.TrustEntry) string {
	var pems []string
	for _, c := range e.Certificates {
		pems = append(pems, c.PEM)
	}
	return prints(pems)
}

// CertificateLine names the certificates in a PEM text by subject, end and fingerprint.
func CertificateLine(text string) string {
	all := authoritiesIn([]string{text})
	lines := make([]string, 0, len(all))
	for _, a := range all {
		lines = append(lines, fmt.Sprintf("%s, valid until %s, SHA-256 %s", a.Name, a.Until.UTC().Format(time.DateOnly), a.Fingerprint))
	}
	return cmp.Or(strings.Join(lines, "; "), "a certificate that can't be read")
}

// TrustEntries are whom the two sides are to trust, under the certificate model.
type TrustEntries struct{ Local, Remote elastic.TrustEntry }

// trustTypes are the platform's words for who is trusted, by kind of platform.
var trustTypes = map[string]string{elastic.KindECE: "ECE", elastic.KindECH: "ESS"}

func newEntry(on System, scope string, pems []string, all bool, clusters []string) elastic.TrustEntry {
	e := elastic.TrustEntry{Type: trustTypes[on.Kind], Name: SystemLabel(on) + " (" + scope + ")", ScopeID: scope, All: all}
	if !all {
		e.Clusters = slices.Clone(clusters)
	}
	for _, p := range pems {
		p = strings.TrimSpace(p)
		if !slices.ContainsFunc(e.Certificates, func(c elastic.TrustCertificate) bool { return c.PEM == p }) {
			e.Certificates = append(e.Certificates, elastic.TrustCertificate{PEM: p})
		}
	}
	return e
}

// Doubts says what of a platform's id and authority a person has to compare with its console; empty where nothing is in
// doubt.
func (t SideTrust) Doubts() string {
	e := t.Environment
	if t.Unread != nil {
		return fmt.Sprintf("Couldn't read the id of %s (%s). Compare it with its console.", t.On, Sentence(t.Unread))
	}
	var suggested []string
	if e.ID != "" && !e.Certain {
		suggested = append(suggested, "id "+e.ID)
	}
	if len(e.CA) > 0 && !e.Certain && !e.Confirmed {
		suggested = append(suggested, "certificate authority "+prints(e.CA))
	}
	switch len(suggested) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("The %s is only a suggestion from %s. Compare it with the console.", suggested[0], e.Source)
	default:
		return fmt.Sprintf("The %s are only suggestions from %s. Compare them with the console.", strings.Join(suggested, " and the "), e.Source)
	}
}

// Unsure reports whether another try may tell more.
func (t *TrustState) Unsure() bool {
	return t != nil && (t.Local.Unread != nil || t.Remote.Unread != nil)
}

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

// sharing is a with the part of what was added for another connection that e rests on too, so that the one who ends last
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
