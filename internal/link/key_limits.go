package link

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// LabelLimits is the label under which people read them.
const LabelLimits = "Key's limits"

// KeepLimits puts a under the limits of the key in use. Where somebody took these away, it is those that were approved:
// a change of a connection never lets more be read than was asked for.
func (e ConnectionState) KeepLimits(a elastic.Access, wrong *change.InvalidError, field string) elastic.Access {
	var had []elastic.Access
	for _, k := range e.Keys {
		if string(k.Access.Entries) != string(e.Keys[0].Access.Entries) {
			wrong.Add(field, "%s has %d valid keys with different limits, and which of them is in use no API tells: invalidate the others first", e.Alias, len(e.Keys))
			return a
		}
		had = append(had, k.Access)
	}
	if e.Managed != nil {
		had = append(had, e.Managed.Access)
	}
	a.Entries = nil
	for _, was := range had {
		if len(was.Entries) == 0 {
			continue
		}
		kept, err := a.Keeping(was)
		if err != nil {
			wrong.Add(field, "%s: %s. Change the key by hand, or disconnect and connect anew", e.Alias, err)
		}
		return kept
	}
	return a
}

// LimitsUnknown reports whether the key in use is known to nobody: it may be limited to documents or fields.
func (e ConnectionState) LimitsUnknown() bool {
	return e.Managed != nil && e.Managed.KeyName == "" && e.HasKey && !e.ByCertificate()
}

// UnknownLimits warns of a key that takes the place of one whose limits nobody knows.
func (w *WarningList) UnknownLimits(e ConnectionState) {
	if e.LimitsUnknown() {
		w.Add("The key in use is not known. It may be limited to some documents or fields: the new one is not.")
	}
}

// RequireKeys refuses where the key in use is known by name and could not be read: its limits are not known then.
func (e ConnectionState) RequireKeys() error {
	if e.KeysUnread == nil {
		return nil
	}
	return WrapCall("reading the key of "+e.Alias+" on "+e.Remote.Name, e.KeysUnread)
}

// Limits says in words what a key's entries say beside index names; empty: nothing.
func Limits(a elastic.Access) string {
	var all []string
	for _, e := range a.Limited() {
		words := limitsOf(e.More)
		if len(e.Names) > 0 {
			words = strings.Join(e.Names, ", ") + ": " + words
		}
		all = append(all, words)
	}
	return strings.Join(all, "; ")
}

func limitsOf(more map[string]json.RawMessage) string {
	var words, others []string
	for field, v := range more {
		switch field {
		case "query":
			words = append(words, "documents limited by a query "+textOf(v))
		case "field_security":
			words = append(words, "fields limited to "+textOf(v))
		case "allow_restricted_indices":
			words = append(words, "restricted indices included")
		default:
			others = append(others, field)
		}
	}
	slices.Sort(words)
	if len(others) > 0 {
		slices.Sort(others)
		words = append(words, fmt.Sprintf("and what the bot does not know: %s", strings.Join(others, ", ")))
	}
	return strings.Join(words, "; ")
}

// textOf is a text as it reads, and everything else as JSON.
func textOf(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	return string(v)
}
