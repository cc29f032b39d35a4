package workspace

import (
	"cmp"
	"strings"
)

// members are the people of a workspace, their groups, and the channels that they talk in.
type members struct {
	*core
	people   []*Person
	groups   []*Group
	channels []*Channel
}

// AddUser adds a member and returns it with its id.
func (m *members) AddUser(p Person) Person {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p.ID == "" {
		p.ID = m.newID("U")
	}
	p.Name = cmp.Or(p.Name, p.Handle)
	m.people = append(m.people, &p)
	m.touch()
	return p
}

// AddGroup adds a user group and returns it with its id.
func (m *members) AddGroup(g Group) Group {
	m.mu.Lock()
	defer m.mu.Unlock()
	if g.ID == "" {
		g.ID = m.newID("S")
	}
	g.Name = cmp.Or(g.Name, g.Handle)
	g.Members = m.userIDs(g.Members)
	m.groups = append(m.groups, &g)
	m.touch()
	return g
}

// AddChannel adds a channel and returns it with its id.
func (m *members) AddChannel(c Channel) Channel {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.ID == "" {
		c.ID = m.newID("C")
	}
	c.Members = m.userIDs(c.Members)
	m.channels = append(m.channels, &c)
	m.touch()
	return c
}

// SetGroupMembers replaces a user group's members, given by handle or id.
func (m *members) SetGroupMembers(handle string, members ...string) {
	m.change(func() {
		for _, g := range m.groups {
			if g.Handle == handle || g.ID == handle {
				g.Members = m.userIDs(members)
			}
		}
	})
}

// The finders below are called with the lock held.

func (m *members) person(name string) *Person {
	name = strings.TrimPrefix(name, "@")
	for _, p := range m.people {
		if p.ID == name || p.Handle == name {
			return p
		}
	}
	return nil
}

func (m *members) userIDs(names []string) []string {
	ids := make([]string, 0, len(names))
	for _, name := range names {
		if p := m.person(name); p != nil {
			name = p.ID
		}
		ids = append(ids, name)
	}
	return ids
}

func (m *members) channel(name string) *Channel {
	bare := strings.TrimPrefix(name, "#")
	for _, c := range m.channels {
		if c.ID == name || (c.Name != "" && c.Name == bare) {
			return c
		}
	}
	return nil
}

// im returns the direct message between the app and a user, opening it if need be.
func (m *members) im(userID string) (c *Channel, opened bool) {
	for _, c := range m.channels {
		if c.IM == userID {
			return c, false
		}
	}
	c = &Channel{ID: m.newID("D"), IM: userID, BotIn: true, Members: []string{userID}}
	m.channels = append(m.channels, c)
	m.touch()
	return c, true
}

// Archive archives a channel.
func (m *members) Archive(channel string) {
	m.change(func() {
		if c := m.channel(channel); c != nil {
			c.Archived = true
		}
	})
}

// Unarchive opens an archived channel again.
func (m *members) Unarchive(channel string) {
	m.change(func() {
		if c := m.channel(channel); c != nil {
			c.Archived = false
		}
	})
}

// Kick takes the app out of a channel.
func (m *members) Kick(channel string) {
	m.change(func() {
		if c := m.channel(channel); c != nil {
			c.BotIn = false
		}
	})
}

// Deactivate deactivates a user.
func (m *members) Deactivate(user string) {
	m.change(func() {
		if p := m.person(user); p != nil {
			p.Deleted = true
		}
	})
}

// Restrict makes a user a guest.
func (m *members) Restrict(user string) {
	m.change(func() {
		if p := m.person(user); p != nil {
			p.Guest = true
		}
	})
}
