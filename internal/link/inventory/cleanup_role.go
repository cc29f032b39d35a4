package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// UnusedRole is the role that was written for a connection, as a plan found it.
type UnusedRole struct {
	Role   string          `json:"role"`
	Alias  string          `json:"alias"`
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"` // null: nothing is left in it, so it is deleted
}

// Say names the role for people.
func (s UnusedRole) Say() string {
	if s.After == nil {
		return "the role " + s.Role
	}
	return "of the role " + s.Role + " the privileges on " + s.Alias
}

// FindUnusedRole works out what of the role that was written for a connection can go.
func FindUnusedRole(ctx context.Context, e link.ConnectionState, l *Cleanup) {
	if e.Managed == nil || e.Managed.Role == "" {
		return
	}
	name := e.Managed.Role
	es, err := e.LocalOn.Cluster(e.PairState.Local)
	roles, ok := es.(elastic.Roles)
	if err == nil && !ok {
		err = errors.New("the bot can't read roles of " + e.PairState.Local.Name)
	}
	var now json.RawMessage
	if err == nil {
		now, err = roles.Role(ctx, name)
	}
	switch {
	case err != nil:
		l.unread("the role "+name, err)
		return
	case now == nil:
		return // somebody has deleted it
	case !link.IsOurRole(now):
		l.Leave("the role %s: it no longer belongs to the bot", name)
		return
	}
	before := WithoutTransient(now)
	if after := withoutAlias(before, e.Alias); !link.SameRole(before, after) {
		l.Role = &UnusedRole{Role: name, Alias: e.Alias, Before: before, After: after}
	} else {
		l.Leave("the role %s: it no longer names %s", name, e.Alias)
	}
}

// privileges are the fields of a role that grant something; the rest describes it.
var privileges = []string{"applications", "cluster", "global", "indices", "remote_cluster", "remote_indices", "run_as"}

// withoutAlias is a role without what it grants on one alias by name; nil where it grants nothing else. manage_ccr, which
// the bot adds for replication, goes with the last alias that may be replicated.
func withoutAlias(role json.RawMessage, alias string) json.RawMessage {
	fields := map[string]json.RawMessage{}
	if json.Unmarshal(role, &fields) != nil {
		return role
	}
	replicated := mayReplicate(fields)
	for _, field := range []string{"remote_indices", "remote_cluster"} {
		shrink(fields, field, alias)
	}
	if replicated && !mayReplicate(fields) {
		var cluster []string
		if json.Unmarshal(fields["cluster"], &cluster) == nil {
			fields["cluster"] = elastic.RawJSON(slices.DeleteFunc(cluster, func(p string) bool { return p == "manage_ccr" }))
		}
	}
	granted := map[string]json.RawMessage{}
	for _, field := range privileges {
		if raw, ok := fields[field]; ok {
			granted[field] = raw
		}
	}
	if string(link.PlainRole(elastic.RawJSON(granted))) == "{}" {
		return nil
	}
	return elastic.RawJSON(fields)
}

// shrink takes an alias out of the entries of a list; entries that name no other go.
func shrink(fields map[string]json.RawMessage, field, alias string) {
	var list, kept []json.RawMessage
	if json.Unmarshal(fields[field], &list) != nil {
		return
	}
	for _, raw := range list {
		entry := map[string]json.RawMessage{}
		var named link.RemoteCluster
		if json.Unmarshal(raw, &entry) == nil && json.Unmarshal(raw, &named) == nil && slices.Contains(named.Clusters, alias) {
			others := slices.DeleteFunc(named.Clusters, func(c string) bool { return c == alias })
			if len(others) == 0 {
				continue
			}
			entry["clusters"] = elastic.RawJSON(others)
			raw = elastic.RawJSON(entry)
		}
		kept = append(kept, raw)
	}
	if delete(fields, field); len(kept) > 0 {
		fields[field] = elastic.RawJSON(kept)
	}
}

func mayReplicate(fields map[string]json.RawMessage) bool {
	var list []elastic.RemoteIndices
	_ = json.Unmarshal(fields["remote_indices"], &list) // a missing list is empty
	return slices.ContainsFunc(list, func(r elastic.RemoteIndices) bool { return slices.Contains(r.Privileges, link.Replicates) })
}

// WithoutTransient leaves out what the API tells of a role and takes from nobody.
func WithoutTransient(role json.RawMessage) json.RawMessage {
	fields := map[string]json.RawMessage{}
	if json.Unmarshal(role, &fields) != nil {
		return role
	}
	delete(fields, "transient_metadata")
	return elastic.RawJSON(fields)
}
