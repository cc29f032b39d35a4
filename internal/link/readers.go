package link

import (
	"encoding/json"
	"slices"
	"strings"

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

// Readers are the roles of a local cluster that let search through an alias, by their definitions. Elasticsearch's own are
// left out: superusers may search everything.
type Readers struct {
	Named  []string // that name the alias, or a pattern of it
	Wide   []string // that name every remote cluster (*)
	Unread error    // why they are not known
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
	say := "superusers only, for now"
	if len(r.Named) > 0 {
		say = "superusers, and users with the role " + strings.Join(r.Named, " or ")
	}
	if len(r.Wide) > 0 {
		say += " (other roles for all remote clusters: " + strings.Join(r.Wide, ", ") + ")"
	}
	if r.Unread != nil {
		say += "; which roles there are could not be read"
	}
	return say
}

// LabelReaders is the label of who may search.
const LabelReaders = "Can search"

// readersLine says who may search through the connection once it is made.
func (c ConnectParams) readersLine(s PairState) string {
	if c.ByCertificate() {
		return "" // roles of the remote cluster decide
	}
	readers := s.Readers
	if c.Role != nil && !slices.Contains(slices.Concat(readers.Named, readers.Wide), c.Role.Name) {
		readers.Named = append(slices.Clone(readers.Named), c.Role.Name)
	}
	say := readers.String()
	switch {
	case !c.writesRole(s):
		return say
	case s.Role == nil:
		return say + " (" + c.Role.Name + " is created)"
	}
	return say + " (" + c.Role.Name + " is extended)"
}
