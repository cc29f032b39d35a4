package link

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Lacks returns the patterns that a role does not let search through an alias, by its definition. A role grants a pattern
// with one entry: two that cover it only together are not seen.
func Lacks(role elastic.RemoteRole, alias string, search []string) []string {
	var missing []string
	for _, pattern := range search {
		if !slices.ContainsFunc(role.Indices, func(e elastic.RemoteIndices) bool { return grantsSearch(e, alias, pattern) }) {
			missing = append(missing, pattern)
		}
	}
	return missing
}

// LacksRole is Lacks of a role as the security API writes it. Where nothing is to be searched, nothing is lacking.
func LacksRole(role json.RawMessage, alias string, search []string) []string {
	var r struct {
		Indices []elastic.RemoteIndices `json:"remote_indices"`
	}
	if json.Unmarshal(role, &r) != nil {
		return search
	}
	return Lacks(elastic.RemoteRole{Indices: r.Indices}, alias, search)
}

func grantsSearch(e elastic.RemoteIndices, alias, pattern string) bool {
	reads := slices.ContainsFunc(e.Privileges, func(p string) bool { return p == "read" || p == "all" })
	covers := func(text string) func(string) bool {
		return func(p string) bool { return coversPattern(p, text) }
	}
	return reads && slices.ContainsFunc(e.Clusters, covers(alias)) && slices.ContainsFunc(e.Names, covers(pattern))
}

// coversPattern reports whether a pattern with * takes all that text does, which may have * itself.
func coversPattern(pattern, text string) bool {
	first, rest, starred := strings.Cut(pattern, "*")
	if !starred {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, first)
	for ok {
		part, more, again := strings.Cut(rest, "*")
		if !again {
			return strings.HasSuffix(text, rest)
		}
		i := strings.Index(text, part)
		if ok = i >= 0; ok {
			text, rest = text[i+len(part):], more
		}
	}
	return false
}

// ReadersOf are those that let search all of these patterns.
func ReadersOf(roles []elastic.RemoteRole, alias string, search []string) Readers {
	var r Readers
	for _, role := range roles {
		switch {
		case role.Reserved, len(search) == 0, len(Lacks(role, alias, search)) > 0:
		case role.Names(alias):
			r.Named = append(r.Named, role.Name)
		default:
			r.Wide = append(r.Wide, role.Name)
		}
	}
	return r
}

// String says who may search.
func (r Readers) String() string {
	say := "superusers only for now"
	if len(r.Named) > 0 {
		say = "superusers, and users with the role " + strings.Join(r.Named, " or ")
	}
	if len(r.Wide) > 0 {
		say += " (other roles for all remote clusters: " + strings.Join(r.Wide, ", ") + ")"
	}
	if r.Unread != nil {
		say += "; the bot couldn't read the roles"
	}
	return say
}

// LabelReaders is the label of who may search.
const LabelReaders = "Can search"

// readersLine says who may search through the connection once it is made.
func readersLine(c ConnectParams, s PairState) string {
	if c.ByCertificate() {
		return "" // roles of the remote cluster decide
	}
	readers := s.Readers
	if c.Role != nil && !slices.Contains(slices.Concat(readers.Named, readers.Wide), c.Role.Name) {
		readers.Named = append(slices.Clone(readers.Named), c.Role.Name)
	}
	say := readers.String()
	switch {
	case !writesRole(c, s):
		return say
	case s.Role == nil:
		return say + " (" + c.Role.Name + " is created)"
	}
	return say + " (" + c.Role.Name + " is extended)"
}

// Mentions are the names by which people look for a change, each once: of both deployments their names, ids and
// "platform/deployment", and the aliases. They are what was stored with it, whatever a deployment is called by now.
func Mentions(p change.Proposal) []string {
	var all []string
	for _, traits := range append([]change.Part{{Traits: p.Traits}}, p.Parts...) {
		all = slices.Concat(all, traits.Traits["local.name"], traits.Traits["remote.name"])
	}
	written := []json.RawMessage{p.Params}
	for _, s := range p.Steps {
		written = append(written, s.Args)
	}
	for _, raw := range written {
		var v any
		if json.Unmarshal(raw, &v) == nil {
			all = append(all, mentioned(v)...)
		}
	}
	all = slices.DeleteFunc(all, func(name string) bool { return name == change.UnknownTrait })
	slices.Sort(all)
	return slices.Compact(all)
}

// mentioned goes through parameters and arguments, whatever of: all of them write a Ref and an alias in the same way.
func mentioned(v any) []string {
	var all []string
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			all = append(all, mentioned(one)...)
		}
	case map[string]any:
		platform, _ := v["platform"].(string)
		if id, ok := v["deployment"].(string); ok && id != "" {
			all = append(all, id, elastic.Ref{Platform: platform, Deployment: id}.String())
		}
		if alias, ok := v["alias"].(string); ok {
			all = append(all, alias)
		}
		aliases, _ := v["aliases"].([]any)
		for _, a := range aliases {
			if alias, ok := a.(string); ok {
				all = append(all, alias)
			}
		}
		for _, one := range v {
			all = append(all, mentioned(one)...)
		}
	}
	return all
}
