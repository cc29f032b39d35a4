package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Trusts is a Platform that reaches whom the transport port of its deployments trusts.
type Trusts interface {
	// Trust reads whom a deployment trusts, and how its latest plan went.
	Trust(ctx context.Context, d Deployment) (Trusted, error)
	// SetTrust sends a deployment's present plan with another trust. It is refused if the deployment has changed since
	// it was read. The platform carries it out by a plan: read until that has ended.
	SetTrust(ctx context.Context, d Deployment, was Trusted, to TrustSettings) error
	// Authorities returns the certificates, in PEM, of all authorities that sign the nodes' certificates of a
	// deployment: the active ones and those that are coming.
	Authorities(ctx context.Context, d Deployment) ([]string, error)
	// Environment says under which id the platform's deployments are known to others.
	Environment(ctx context.Context, d Deployment) (Environment, error)
}

// Environment is an ECE or an organization of Elastic Cloud as certificates name it.
type Environment struct {
	ID      string
	CA      []string // PEM, where the platform has one for all of it
	Source  string   // who says so, for people
	Certain bool     // false: a suggestion that a person has to confirm

	Confirmed bool // the CA is known for certain all the same
}

// Trusted is whom a deployment trusts, with what it takes to change that.
type Trusted struct {
	Settings TrustSettings
	Plan     json.RawMessage // the plan in force, as the platform has it
	Version  string          // of the deployment's document
	Pending  bool            // a plan is under way
	Last     Attempt         // the latest plan that has ended
}

// Attempt is a plan that a platform has carried out, or tried to.
type Attempt struct {
	ID      string
	Healthy bool
	Trouble string // why it failed
}

// TrustSettings is settings.trust of a deployment. Entries are kept as they came: what is not known here survives a
// write.
type TrustSettings struct {
	Accounts []json.RawMessage `json:"accounts"`
	External []json.RawMessage `json:"external"`
	Direct   []json.RawMessage `json:"direct"`
}

// Normal makes empty lists of missing ones: without entries these two may not be shown. Accounts stays as it is: by
// default there is an entry, that of the deployment's own organization or ECE.
func (t TrustSettings) Normal() TrustSettings {
	return TrustSettings{Accounts: t.Accounts, External: some(t.External), Direct: some(t.Direct)}
}

// Writable fails where the accounts that a deployment trusts were not shown. A write replaces every list, and whether a
// null in one stands for the default or for nobody is documented nowhere: an empty one would cut the deployment off from
// the others of its own organization or ECE.
func (t TrustSettings) Writable(d Deployment) error {
	if t.Accounts != nil {
		return nil
	}
	return &change.ExplainedError{
		Say: "The platform does not show whom " + d.Name + " trusts in its own organization or ECE (settings.trust.accounts is missing), " +
			"so a change would replace it unseen. Nothing was changed: add the trust by hand in its console under Security, then submit again.",
		Err: fmt.Errorf("%s: settings.trust.accounts is missing", d.Ref),
	}
}

// Shown are settings for people: words stand for what was not read, so that nobody sends an empty list instead.
func (t TrustSettings) Shown(read bool) TrustSettings {
	asTheyAre := []json.RawMessage{json.RawMessage(`"the entries that are there, unchanged"`)}
	if !read {
		return TrustSettings{Accounts: asTheyAre, External: asTheyAre, Direct: asTheyAre}
	}
	if t.Accounts == nil {
		t.Accounts = asTheyAre
	}
	return t
}

func some(list []json.RawMessage) []json.RawMessage {
	return append([]json.RawMessage{}, list...)
}

// TrustEntry is a DirectTrustRelationship, as far as the bot writes one.
type TrustEntry struct {
	Type         string             `json:"type"`
	Name         string             `json:"name"`
	ScopeID      string             `json:"scope_id"`
	Certificates []TrustCertificate `json:"certificates"`
	All          bool               `json:"trust_all"`
	Clusters     []string           `json:"trust_allowlist,omitempty"`
}

// TrustCertificate is a certificate in an entry.
type TrustCertificate struct {
	PEM string `json:"pem"`
}

// Find returns the entry of the same type and scope; -1 if there is none.
func (t TrustSettings) Find(e TrustEntry) int {
	return slices.IndexFunc(t.Direct, func(raw json.RawMessage) bool {
		var other TrustEntry
		return json.Unmarshal(raw, &other) == nil && other.Type == e.Type && other.ScopeID == e.ScopeID
	})
}

// Entry returns the entry of the same type and scope as it stands; nil if there is none.
func (t TrustSettings) Entry(e TrustEntry) json.RawMessage {
	if i := t.Find(e); i >= 0 {
		return t.Direct[i]
	}
	return nil
}

// With returns the settings that trust e beside everything that they trust already.
func (t TrustSettings) With(e TrustEntry) TrustSettings {
	t = t.Normal()
	i := t.Find(e)
	if i < 0 {
		t.Direct = append(t.Direct, RawJSON(e))
		return t
	}
	if !Covers(t.Direct[i], e) {
		t.Direct[i] = widened(t.Direct[i], e)
	}
	return t
}

// Replaced returns the settings with before in place of e's entry, or without one where before is nil. The uid is the
// platform's: that of the entry in place is sent back, and one that has gone with its entry is unknown to it.
func (t TrustSettings) Replaced(e TrustEntry, before json.RawMessage) TrustSettings {
	t = t.Normal()
	i := t.Find(e)
	switch {
	case i >= 0 && before != nil:
		t.Direct[i] = withUID(before, uidOf(t.Direct[i]))
	case i >= 0:
		t.Direct = slices.Delete(t.Direct, i, i+1)
	case before != nil:
		t.Direct = append(t.Direct, withUID(before, nil))
	}
	return t
}

func uidOf(entry json.RawMessage) json.RawMessage {
	var e struct {
		UID json.RawMessage `json:"uid"`
	}
	_ = json.Unmarshal(entry, &e) // one that can't be read has none
	return e.UID
}

func withUID(entry, uid json.RawMessage) json.RawMessage {
	fields := map[string]json.RawMessage{}
	if json.Unmarshal(entry, &fields) != nil {
		return entry
	}
	delete(fields, "uid")
	if uid != nil {
		fields["uid"] = uid
	}
	return RawJSON(fields)
}

// Covers reports whether an entry trusts all that e does.
func Covers(raw json.RawMessage, e TrustEntry) bool {
	var has TrustEntry
	if json.Unmarshal(raw, &has) != nil {
		return false
	}
	for _, c := range e.Certificates {
		if !slices.ContainsFunc(has.Certificates, SamePEM(c)) {
			return false
		}
	}
	if has.All {
		return true
	}
	return !e.All && !slices.ContainsFunc(e.Clusters, func(id string) bool { return !slices.Contains(has.Clusters, id) })
}

// SamePEM returns what finds a certificate of the same PEM.
func SamePEM(c TrustCertificate) func(TrustCertificate) bool {
	return func(other TrustCertificate) bool { return strings.TrimSpace(other.PEM) == strings.TrimSpace(c.PEM) }
}

// widened adds e to an entry and keeps all else of it, its uid and unknown fields too.
func widened(raw json.RawMessage, e TrustEntry) json.RawMessage {
	var has TrustEntry
	fields, certificates := map[string]json.RawMessage{}, []json.RawMessage{}
	if json.Unmarshal(raw, &fields) != nil || json.Unmarshal(raw, &has) != nil || fields == nil { // nil: it was null
		return RawJSON(e)
	}
	_ = json.Unmarshal(fields["certificates"], &certificates) // has was read from it
	for _, c := range e.Certificates {
		if !slices.ContainsFunc(has.Certificates, SamePEM(c)) {
			certificates = append(certificates, RawJSON(c))
		}
	}
	for _, id := range e.Clusters {
		if !slices.Contains(has.Clusters, id) {
			has.Clusters = append(has.Clusters, id)
		}
	}
	fields["certificates"] = RawJSON(certificates)
	fields["trust_all"] = RawJSON(has.All || e.All)
	if len(has.Clusters) > 0 {
		fields["trust_allowlist"] = RawJSON(has.Clusters)
	}
	return RawJSON(fields)
}

// SameEntry reports whether two entries trust the same: the uid and what the platform tells of a certificate beside
// its PEM are the platform's own.
func SameEntry(a, b json.RawMessage) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return bytes.Equal(bare(a), bare(b))
}

func bare(raw json.RawMessage) []byte {
	var fields map[string]json.RawMessage
	var e TrustEntry
	if json.Unmarshal(raw, &fields) != nil || json.Unmarshal(raw, &e) != nil || fields == nil { // nil: it was null
		return raw
	}
	for i := range e.Certificates {
		e.Certificates[i].PEM = strings.TrimSpace(e.Certificates[i].PEM)
	}
	slices.Sort(e.Clusters)
	slices.SortFunc(e.Certificates, func(a, b TrustCertificate) int { return strings.Compare(a.PEM, b.PEM) })
	delete(fields, "uid")
	fields["certificates"] = RawJSON(e.Certificates)
	delete(fields, "trust_allowlist")
	if len(e.Clusters) > 0 {
		fields["trust_allowlist"] = RawJSON(e.Clusters)
	}
	out := map[string]any{}
	for name, value := range fields {
		var v any
		if json.Unmarshal(value, &v) == nil && v != nil {
			out[name] = v
		}
	}
	return RawJSON(out)
}

// Names reports whether an entry trusts a cluster of the given environment. An id of a cluster is enough where the
// environment's is only a guess: no two clusters share one.
func (e TrustEntry) Names(scope, cluster string) bool {
	return slices.Contains(e.Clusters, cluster) || e.All && scope != "" && e.ScopeID == scope
}

// Failed reports whether the plan left the deployment unhealthy, or did not go through.
func (a Attempt) Failed() bool { return !a.Healthy || a.Trouble != "" }
