package playground

import (
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// personal is the workspace as one person sees it.
type personal struct {
	Me       string              `json:"me"`
	Users    []workspace.Person  `json:"users"`
	Groups   []workspace.Group   `json:"groups"`
	Channels []workspace.Channel `json:"channels"`
	Messages []workspace.Message `json:"messages"` // oldest first
	Modals   []workspace.View    `json:"modals"`   // the top one last
	Home     *workspace.View     `json:"home"`
}

// seenBy leaves out what others alone see: their direct messages, ephemeral messages, modals and home tabs.
func seenBy(s workspace.State, user string) personal {
	out := personal{
		Me: user, Users: s.Users, Groups: append([]workspace.Group{}, s.Groups...),
		Channels: []workspace.Channel{}, Messages: []workspace.Message{}, Modals: []workspace.View{},
	}
	for _, c := range s.Channels {
		if slices.Contains(c.Members, user) {
			out.Channels = append(out.Channels, c)
		}
	}
	sees := func(channel string) bool {
		return slices.ContainsFunc(out.Channels, func(c workspace.Channel) bool { return c.ID == channel })
	}
	for _, m := range s.Messages {
		if m.Deleted || (m.Only != "" && m.Only != user) || !sees(m.Channel) {
			continue
		}
		m.History, m.Metadata = nil, nil
		out.Messages = append(out.Messages, m)
	}
	for _, v := range s.Modals[user] {
		v.Metadata = ""
		out.Modals = append(out.Modals, v)
	}
	if v, ok := s.Homes[user]; ok {
		v.Metadata = ""
		out.Home = &v
	}
	return out
}
