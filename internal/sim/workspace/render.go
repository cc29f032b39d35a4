package workspace

import (
	"cmp"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/plaintext"
)

// Render is a message as plain text: what a reader sees, buttons as [ Approve ], selects as [ Kind ▾ ].
func (s State) Render(m Message) string {
	if len(m.Blocks) == 0 {
		return s.reader().Markup(m.Text)
	}
	return s.reader().Blocks(m.Blocks, m.values, nil)
}

// Transcript is messages one after the other, each with its author and who alone sees it; replies are indented.
func (s State) Transcript(messages []Message) string {
	var out strings.Builder
	for _, m := range messages {
		head := s.userName(m.User)
		if m.Ephemeral() {
			head += " (only visible to " + s.userName(m.Only) + ")"
		}
		if len(m.Blocks) == 0 && m.Edited != "" {
			head += " (edited)"
		}
		entry := head + "\n" + plaintext.Indent(s.Render(m), "  ")
		if replyThread(&m) != "" {
			entry = plaintext.Indent(entry, "    ")
		}
		out.WriteString(entry + "\n")
	}
	return out.String()
}

// RenderView is a modal or home tab as plain text, with what is filled in and errors beside the fields.
func (s State) RenderView(v View) string {
	var lines []string
	if v.Title != "" {
		lines = append(lines, "┌ "+v.Title)
	}
	if v.Problem != "" {
		lines = append(lines, "⚠ "+v.Problem)
	}
	lines = append(lines, s.reader().Blocks(v.Blocks, v.Values, v.Errors))
	if v.Title != "" {
		foot := "└ [ " + cmp.Or(v.Close, "Cancel") + " ]"
		if v.Submit != "" {
			foot += " [ " + v.Submit + " ]"
		}
		lines = append(lines, foot)
	}
	return strings.Join(lines, "\n")
}

// reader knows the names of everybody and everything in the workspace.
func (s State) reader() plaintext.Reader {
	return plaintext.Reader{User: s.userName, Channel: s.channelName, Group: s.groupName}
}

func (s State) userName(id string) string {
	for _, p := range s.Users {
		if p.ID == id {
			return p.Handle
		}
	}
	return id
}

func (s State) channelName(id string) string {
	for _, c := range s.Channels {
		if c.ID == id {
			return cmp.Or(c.Name, "direct message")
		}
	}
	return id
}

func (s State) groupName(id string) string {
	for _, g := range s.Groups {
		if g.ID == id {
			return g.Handle
		}
	}
	return id
}
