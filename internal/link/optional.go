package link

import (
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Extras are what a change does beside the connection itself: a network filter on the remote side, and a role on the
// local one.

// OwnsRole reports whether the role that c names is the bot's, or does not exist yet. Somebody else's is used as it is.
func (c ConnectParams) OwnsRole(s PairState) bool {
	return c.Role != nil && (s.Role == nil || IsOurRole(s.Role))
}

// writesRole reports whether the role that c names lacks anything.
func (c ConnectParams) writesRole(s PairState) bool {
	return c.OwnsRole(s) && !SameRole(s.Role, c.Extended(s.Role, s.Local.Version))
}

// addsFilter reports whether the filters lack anything that c lets in.
func (c ConnectParams) addsFilter(s PairState) bool {
	return len(s.Lacking(c.Filter).Allowed()) > 0
}

// ExtrasDiff are the lines of a card that say what an update adds; none where all of it is there.
func (c ConnectParams) ExtrasDiff(s PairState) []change.Field {
	var out []change.Field
	if c.addsFilter(s) {
		out = c.filterFields(s)
	}
	if c.writesRole(s) {
		value := c.Role.Name + ", a new one"
		if s.Role != nil {
			value = c.Role.Name + ", extended"
		}
		out = append(out, change.Field{Label: "Role", Value: value})
	}
	return out
}

// RecordExtras keeps in mind what is found again by its name once c is applied.
func (c ConnectParams) RecordExtras(m *ManagedConnection, s PairState, env, request string) {
	if c.addsFilter(s) {
		made := c.Ruleset(env, request, s)
		m.Ruleset, m.FilterSources = made.Name, made.Allowed()
	}
	if c.OwnsRole(s) {
		m.Role = c.Role.Name
	}
}

// WarnOrphaned warns where a change adds a second one of what the bot has added before: it remembers one of each.
func (w *WarningList) WarnOrphaned(what, before, now string) {
	if before != "" && now != "" && before != now {
		w.Add("The %s %s, which the bot added before, stays, and the bot forgets it: remove it by hand once nobody needs it.", what, before)
	}
}
