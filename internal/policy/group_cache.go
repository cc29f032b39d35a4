package policy

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Lookup asks Slack who belongs to a user group or a channel, and who of them is a person.
type Lookup interface {
	GroupMembers(ctx context.Context, group string) ([]string, error)
	ChannelMembers(ctx context.Context, channel string) ([]string, error)
	// Person reports whether user can press a button (is no bot, and not deactivated), and whether user is a member of
	// the bot's own organization and no guest of it.
	Person(ctx context.Context, user string) (active, member bool, err error)
}

// GroupCache knows who belongs to a group. It remembers answers for a while, because Slack lets a user group be asked for
// 20 times a minute only (usergroups.users.list, Tier 2); when one is too old and can't be renewed, nobody is taken for
// a member.
type GroupCache struct {
	lookup Lookup
	keep   time.Duration
	now    func() time.Time

	mu     sync.Mutex
	known  map[string]*cacheEntry
	people map[string]person
}

type cacheEntry struct {
	turn    chan struct{} // one asks at a time, the others use the answer
	members []string
	at      time.Time
}

// NewGroupCache returns a roster that keeps answers for the time given.
func NewGroupCache(lookup Lookup, keep time.Duration, now func() time.Time) *GroupCache {
	return &GroupCache{lookup: lookup, keep: keep, now: now, known: map[string]*cacheEntry{}, people: map[string]person{}}
}

// Members implements Groups. Bots, ourselves among them, and who has left the workspace are no members: nobody need wait
// for them.
func (c *GroupCache) Members(ctx context.Context, g Group) ([]string, error) {
	all := slices.Clone(g.Users)
	if g.UserGroup != "" {
		members, err := c.fetch(ctx, "group "+g.UserGroup, func() ([]string, error) { return c.lookup.GroupMembers(ctx, g.UserGroup) })
		if err != nil {
			return nil, fmt.Errorf("asking for user group %s: %w", g.UserGroup, err)
		}
		all = append(all, members...)
	}
	if g.Channel != "" {
		members, err := c.fetch(ctx, "channel "+g.Channel, func() ([]string, error) { return c.lookup.ChannelMembers(ctx, g.Channel) })
		if err != nil {
			return nil, fmt.Errorf("asking for the members of channel %s: %w", g.Channel, err)
		}
		if !g.Guests {
			if members, err = c.onlyMembers(ctx, members); err != nil {
				return nil, fmt.Errorf("asking which members of channel %s are guests: %w", g.Channel, err)
			}
		}
		all = append(all, members...)
	}
	slices.Sort(all)
	return c.onlyPeople(ctx, slices.Compact(all)), nil
}

func (c *GroupCache) fetch(ctx context.Context, key string, ask func() ([]string, error)) ([]string, error) {
	c.mu.Lock()
	entry, ok := c.known[key]
	if !ok {
		entry = &cacheEntry{turn: make(chan struct{}, 1)}
		c.known[key] = entry
	}
	c.mu.Unlock()
	select {
	case entry.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-entry.turn }()
	if !entry.at.IsZero() && c.now().Before(entry.at.Add(c.keep)) {
		return entry.members, nil
	}
	members, err := ask()
	if err != nil {
		return nil, err
	}
	entry.members, entry.at = members, c.now()
	return members, nil
}
