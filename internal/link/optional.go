package link

import (
	"context"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Extras are what a change does beside the connection itself: a network filter on the remote side, and a role on the
// local one.

// readExtras reads what they rest on, and says if the role is somebody else's.
func readOptional(ctx context.Context, s *PairState, c ConnectParams) error {
	if c.Filter != nil {
		if err := s.requireRead(PartRulesets); err != nil {
			return err
		}
	}
	if c.Role != nil {
		return readRole(ctx, s, c)
	}
	return nil
}

// writesRole reports whether the role that c names lacks anything.
func (c ConnectParams) writesRole(s PairState) bool {
	return c.Role != nil && !sameRole(s.role, c.extended(s.role, s.Local.Version))
}

// addsFilter reports whether the filters lack any of the addresses that c lets in.
func (c ConnectParams) addsFilter(s PairState) bool {
	return c.Filter != nil && len(s.missing(c.Filter.Sources)) > 0
}

// extrasDiff are the lines of a card that say what an update adds; none where all of it is there.
func (c ConnectParams) extrasDiff(s PairState) []change.Field {
	var out []change.Field
	if c.addsFilter(s) {
		out = c.filterFields(s)
	}
	if c.writesRole(s) {
		value := c.Role.Name + ", a new one"
		if s.role != nil {
			value = c.Role.Name + ", extended"
		}
		out = append(out, change.Field{Label: "Role", Value: value})
	}
	return out
}

// recordExtras keeps in mind what is found again by its name once c is applied.
func (c ConnectParams) recordExtras(m *ManagedConnection, s PairState, env, request string) {
	if c.addsFilter(s) {
		m.FilterSources = s.missing(c.Filter.Sources)
		m.Ruleset = c.ruleset(env, request, s.Remote, nil).Name
	}
	if c.Role != nil {
		m.Role = c.Role.Name
	}
}

// warnOrphaned warns where a change adds a second one of what the bot has added before: it remembers one of each.
func (w *warnings) warnOrphaned(what, before, now string) {
	if before != "" && now != "" && before != now {
		w.add("The %s %s, which the bot added before, stays, and the bot forgets it: remove it by hand once nobody needs it.", what, before)
	}
}
