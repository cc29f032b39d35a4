package steps

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// with is a planned step with its effects. They are made of the arguments that the step is carried out by.
func with(p change.PlannedStep, effects ...change.Effect) change.PlannedStep {
	p.Effects = effects
	return p
}

func adds(what ...string) []change.Effect    { return effectsOf(change.Adds, what) }
func keeps(what ...string) []change.Effect   { return effectsOf(change.Keeps, what) }
func removes(what ...string) []change.Effect { return effectsOf(change.Removes, what) }

func effectsOf(kind change.EffectKind, what []string) []change.Effect {
	all := make([]change.Effect, 0, len(what))
	for _, w := range what {
		all = append(all, change.Effect{Kind: kind, What: w})
	}
	return all
}

// diff says what two lists have apart and in common, each item with label before it.
func diff(label string, before, after []string) []change.Effect {
	var removed, kept, added []string
	for _, s := range before {
		if slices.Contains(after, s) {
			kept = append(kept, label+s)
		} else {
			removed = append(removed, label+s)
		}
	}
	for _, s := range after {
		if !slices.Contains(before, s) {
			added = append(added, label+s)
		}
	}
	return slices.Concat(removes(removed...), keeps(kept...), adds(added...))
}

// keyEffects are a key that comes to be.
func keyEffects(on string, k elastic.KeySpec) []change.Effect {
	lasts := "it never expires"
	if k.Expiration > 0 {
		lasts = "it expires after " + strings.TrimSuffix(k.Expiration.String(), "0m0s")
		if days := k.Expiration / (24 * time.Hour); days > 0 {
			lasts = fmt.Sprintf("it expires after %d days", days)
		}
	}
	all := append(adds("API key "+k.Name+" on "+on+"; "+lasts), adds(accessLines(k.Access)...)...)
	if k.Identity != "" {
		all = append(all, adds("the key accepts only certificates that match "+k.Identity)...)
	}
	return all
}

// accessLines are what a key may read, one line each.
func accessLines(a elastic.Access) []string {
	var lines []string
	for _, p := range a.Search {
		lines = append(lines, "the key may search "+p)
	}
	for _, p := range a.Replication {
		lines = append(lines, "the key may replicate "+p)
	}
	for _, e := range a.Limited() {
		lines = append(lines, fmt.Sprintf("the key's limits on %s: %s", strings.Join(e.Names, ", "), elastic.RawJSON(e.More)))
	}
	return lines
}

func keystoreEntry(alias, on string) string {
	return "keystore entry " + elastic.CredentialsName(alias) + " of " + on
}

// settingsEffects are what becomes of settings, by their names.
func settingsEffects(before, after elastic.Settings) []change.Effect {
	return diff("", settingLines(before), settingLines(after))
}

func settingLines(s elastic.Settings) []string {
	lines := elastic.Settings{Persistent: s.Persistent}.Lines()
	for _, l := range (elastic.Settings{Transient: s.Transient}).Lines() {
		lines = append(lines, l+" (transient)")
	}
	return lines
}

// roleEffects are what becomes of a role: what its lists hold, and its other fields.
func roleEffects(role, on string, before, after json.RawMessage) []change.Effect {
	before, after = present(before), present(after)
	was, is := roleLines(before), roleLines(after)
	switch {
	case before == nil:
		return slices.Concat(adds("role "+role+" of "+on), diff("", was, is))
	case after == nil:
		return slices.Concat(removes("role "+role+" of "+on), diff("", was, is))
	}
	return slices.Concat(keeps("role "+role+" of "+on), diff("", was, is))
}

func roleLines(role json.RawMessage) []string {
	var fields map[string]json.RawMessage
	if len(role) == 0 || json.Unmarshal(role, &fields) != nil {
		return nil
	}
	var lines []string
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		var items []json.RawMessage
		if json.Unmarshal(fields[field], &items) != nil {
			items = []json.RawMessage{fields[field]}
		}
		for _, item := range items {
			if text := privilege(item); text != "{}" && text != "null" {
				lines = append(lines, field+": "+text)
			}
		}
	}
	return lines
}

// privilege is one entry of a role in words, where it says nothing that these words leave out.
func privilege(item json.RawMessage) string {
	var e struct {
		Clusters   []string `json:"clusters"`
		Names      []string `json:"names"`
		Privileges []string `json:"privileges"`
		Restricted bool     `json:"allow_restricted_indices"`
	}
	raw, err := change.Canonical(item)
	if err != nil {
		return string(item)
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.DisallowUnknownFields()
	if dec.Decode(&e) != nil || len(e.Privileges) == 0 || e.Restricted {
		return string(raw)
	}
	s := strings.Join(e.Privileges, ", ")
	if len(e.Names) > 0 {
		s += " on " + strings.Join(e.Names, ", ")
	}
	if len(e.Clusters) > 0 {
		s += " of " + strings.Join(e.Clusters, ", ")
	}
	return s
}

// filterEffects are a network filter that comes or goes.
func filterEffects(does func(...string) []change.Effect, on string, r elastic.NewRuleset) []change.Effect {
	all := does("network filter " + r.Name + " of " + on)
	for _, who := range r.Allowed() {
		all = append(all, does("it allows "+who)...)
	}
	return all
}

// trustEffects are what becomes of one entry of whom a deployment trusts; the others stay.
func trustEffects(of string, all elastic.TrustSettings, before, after json.RawMessage) []change.Effect {
	before, after = present(before), present(after)
	effects := diff(of+" trusts ", trustLines(before), trustLines(after))
	others := len(all.Accounts) + len(all.External) + len(all.Direct)
	if before != nil {
		others--
	}
	if others > 0 {
		effects = append(effects, keeps(fmt.Sprintf("the other trust entries of %s (%d)", of, others))...)
	}
	return effects
}

func trustLines(entry json.RawMessage) []string {
	var e elastic.TrustEntry
	if len(entry) == 0 {
		return nil
	}
	if json.Unmarshal(entry, &e) != nil {
		return []string{"an entry that the bot can't read"}
	}
	var lines []string
	for _, c := range e.Certificates {
		lines = append(lines, "the CA "+link.CertificateLine(c.PEM))
	}
	if e.All {
		lines = append(lines, "every deployment of "+e.Name)
	}
	for _, id := range e.Clusters {
		lines = append(lines, "cluster "+id+" of "+e.Name)
	}
	return lines
}

// shownTrust are trust settings as a plan shows them: certificates by what they say, because nobody reads PEM.
func shownTrust(t elastic.TrustSettings) elastic.TrustSettings {
	t.Direct = slices.Clone(t.Direct)
	for i, raw := range t.Direct {
		fields := map[string]json.RawMessage{}
		var certificates []map[string]json.RawMessage
		if json.Unmarshal(raw, &fields) != nil || json.Unmarshal(fields["certificates"], &certificates) != nil {
			continue
		}
		for _, c := range certificates {
			var text string
			if json.Unmarshal(c["pem"], &text) == nil {
				c["pem"] = elastic.RawJSON("the PEM of " + link.CertificateLine(text))
			}
		}
		fields["certificates"] = elastic.RawJSON(certificates)
		t.Direct[i] = elastic.RawJSON(fields)
	}
	return t.Shown(true)
}

// present is a JSON value; nil for null.
func present(raw json.RawMessage) json.RawMessage {
	if elastic.IsNull(raw) {
		return nil
	}
	return raw
}
