package link

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// FieldRole is the field of RoleOptions.
const FieldRole = "role"

var roleForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)

// IsRoleName reports whether the bot takes a role of that name.
func IsRoleName(name string) bool { return roleForm.MatchString(name) }

// RoleName is what a role for those who search through an alias is called.
func RoleName(alias string) string {
	const suffix = "-readers"
	return strings.TrimLeft(alias[:min(len(alias), 100-len(suffix))], "_-") + suffix
}

// roleMark is what the bot writes into the metadata of the roles that it makes, and by which it knows them again.
const roleMark = "remote-cluster-bot"

func checkRole(c ConnectParams, wrong *change.InvalidError) {
	switch {
	case c.Role == nil:
	case c.ByCertificate():
		wrong.Add(FieldRole, "with TLS certificates, roles on the remote cluster decide, and remote_indices has no effect")
	case !roleForm.MatchString(c.Role.Name):
		wrong.Add(FieldRole, "a role's name has up to 100 letters, digits, dots, - and _")
	}
}

// IsOurRole reports whether a role carries the bot's mark.
func IsOurRole(role json.RawMessage) bool {
	var r struct {
		Metadata struct {
			ManagedBy string `json:"managed_by"`
		} `json:"metadata"`
	}
	return json.Unmarshal(role, &r) == nil && r.Metadata.ManagedBy == roleMark
}

// RemoteCluster are rights on remote clusters themselves; the security API's remote_cluster.
type RemoteCluster struct {
	Clusters   []string `json:"clusters"`
	Privileges []string `json:"privileges"`
}

// Extended is the role with the rights that c grants through the alias beside all that it had; a new one for nil.
// Sources: Elastic's docs, "Add remote clusters using API key authentication", for the privileges; monitor_enrich came
// with 8.15 at the latest.
func Extended(c ConnectParams, role json.RawMessage, version string) json.RawMessage {
	fields := map[string]json.RawMessage{}
	if role == nil || json.Unmarshal(role, &fields) != nil || fields == nil { // nil: it was null
		fields = map[string]json.RawMessage{
			"metadata":    elastic.RawJSON(map[string]string{"managed_by": roleMark}),
			"description": elastic.RawJSON("Searches remote clusters connected by remote-cluster-bot."),
		}
		if v, err := elastic.ParseVersion(version); err != nil || !v.AtLeast(8, 15) {
			delete(fields, "description") // roles have one since 8.15
		}
	}
	delete(fields, "transient_metadata")
	alias := []string{c.Alias}
	if len(c.Access.Search) > 0 {
		grow(fields, "remote_indices", elastic.RemoteIndices{Clusters: alias, Names: c.Access.Search, Privileges: []string{"read", "read_cross_cluster", "view_index_metadata"}})
		if v, err := elastic.ParseVersion(version); err == nil && v.AtLeast(8, 15) {
			grow(fields, "remote_cluster", RemoteCluster{alias, []string{"monitor_enrich"}})
		}
	}
	if len(c.Access.Replication) > 0 {
		grow(fields, "remote_indices", elastic.RemoteIndices{Clusters: alias, Names: c.Access.Replication, Privileges: []string{Replicates}})
		growWords(fields, "cluster", "manage_ccr")
	}
	return elastic.RawJSON(fields)
}

// grow adds an entry to a list, unless it is there.
func grow(fields map[string]json.RawMessage, name string, entry any) {
	var list []json.RawMessage
	_ = json.Unmarshal(fields[name], &list) // a missing list is empty
	want := PlainRole(elastic.RawJSON(entry))
	if !slices.ContainsFunc(list, func(has json.RawMessage) bool { return bytes.Equal(PlainRole(has), want) }) {
		list = append(list, elastic.RawJSON(entry))
	}
	fields[name] = elastic.RawJSON(list)
}

func growWords(fields map[string]json.RawMessage, name, word string) {
	var list []string
	_ = json.Unmarshal(fields[name], &list) // a missing list is empty
	if !slices.Contains(list, word) {
		list = append(list, word)
	}
	fields[name] = elastic.RawJSON(list)
}

// SameRole reports whether two roles grant the same. The API answers with empty lists and defaults that nobody sent.
func SameRole(a, b json.RawMessage) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return bytes.Equal(PlainRole(a), PlainRole(b))
}

// PlainRole is a role, or a part of one, without what stands for nothing: empty lists and objects, null and false.
func PlainRole(raw json.RawMessage) []byte {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return raw
	}
	if m, ok := v.(map[string]any); ok {
		delete(m, "transient_metadata")
	}
	v, _ = something(v)
	return elastic.RawJSON(v)
}

func something(v any) (any, bool) {
	switch v := v.(type) {
	case nil:
		return nil, false
	case bool:
		return v, v
	case []any:
		for i := range v {
			v[i], _ = something(v[i])
		}
		return v, len(v) > 0
	case map[string]any:
		for name, value := range v {
			if kept, ok := something(value); ok {
				v[name] = kept
			} else {
				delete(v, name)
			}
		}
		return v, len(v) > 0
	}
	return v, true
}

// writesRole reports whether the role that c names lacks anything.
func writesRole(c ConnectParams, s PairState) bool {
	return OwnsRole(c, s) && !SameRole(s.Role, Extended(c, s.Role, s.Local.Version))
}

// OwnsRole reports whether the role that c names is the bot's, or does not exist yet. Somebody else's is used as it is.
func OwnsRole(c ConnectParams, s PairState) bool {
	return c.Role != nil && (s.Role == nil || IsOurRole(s.Role))
}
