package workspace

import (
	"maps"
	"slices"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/blockkit"
)

// Message is a message as it stands now, with everything it has been.
type Message struct {
	TS        string              `json:"ts"`
	Thread    string              `json:"thread_ts,omitempty"` // ts of the root; its own ts once it has replies; empty otherwise
	Channel   string              `json:"channel"`
	User      string              `json:"user"`             // author
	BotID     string              `json:"bot_id,omitempty"` // empty for people
	Text      string              `json:"text"`
	Blocks    []any               `json:"blocks,omitempty"`
	Metadata  map[string]any      `json:"metadata,omitempty"`
	Only      string              `json:"only,omitempty"` // ephemeral: the user who sees it
	Edited    string              `json:"edited,omitempty"`
	Deleted   bool                `json:"deleted,omitempty"`
	Broadcast bool                `json:"broadcast,omitempty"`
	Reactions map[string][]string `json:"reactions,omitempty"`
	History   []Version           `json:"history"` // every state, the present one last

	values map[string]map[string]object // what somebody chose in its menus; shared by all as in Slack's payloads
}

// Version is one state of a message.
type Version struct {
	At     time.Time `json:"at"`
	Text   string    `json:"text"`
	Blocks []any     `json:"blocks,omitempty"`
}

// Ephemeral reports whether one user alone sees it.
func (m Message) Ephemeral() bool { return m.Only != "" }

// At returns the message as it once was, for pressing a button on a card that is out of date.
func (m Message) At(version int) Message {
	m.Text, m.Blocks = m.History[version].Text, m.History[version].Blocks
	return m
}

// posts are all messages, oldest first, deleted ones too.
type posts struct {
	*core
	messages []*Message
}

// post appends a message and gives it its ts and block ids; the lock is held.
func (p *posts) post(m Message) *Message {
	m.TS = p.newTS()
	m.Blocks = blockkit.WithIDs(m.Blocks, p.newID)
	m.values = blockkit.KeepValues(nil, m.Blocks)
	m.History = []Version{{At: p.opts.Now(), Text: m.Text, Blocks: m.Blocks}}
	p.messages = append(p.messages, &m)
	if root := p.message(m.Channel, m.Thread); root != nil && root.Thread == "" {
		root.Thread = root.TS
	}
	p.touch()
	return &m
}

// edit replaces text and blocks; the lock is held.
func (p *posts) edit(m *Message, text string, blocks []any) {
	m.Text, m.Blocks = text, blockkit.WithIDs(blocks, p.newID)
	m.values = blockkit.KeepValues(m.values, m.Blocks)
	m.History = append(slices.Clone(m.History), Version{At: p.opts.Now(), Text: m.Text, Blocks: m.Blocks})
	p.touch()
}

// message finds a message that is not deleted; the lock is held.
func (p *posts) message(channel, ts string) *Message {
	for _, m := range p.messages {
		if m.Channel == channel && m.TS == ts && !m.Deleted {
			return m
		}
	}
	return nil
}

// payload is the message as Slack sends it in payloads and answers.
func (m *Message) payload(teamID string, withMetadata bool) object {
	o := object{"type": "message", "user": m.User, "ts": m.TS, "text": m.Text, "team": teamID}
	if m.BotID != "" {
		o["bot_id"] = m.BotID
	}
	if m.Blocks != nil {
		o["blocks"] = m.Blocks
	}
	if m.Thread != "" {
		o["thread_ts"] = m.Thread
	}
	if m.Edited != "" {
		o["edited"] = object{"user": m.User, "ts": m.Edited}
	}
	if withMetadata && m.Metadata != nil {
		o["metadata"] = m.Metadata
	}
	return o
}

// clone is a copy for a snapshot; what it shares is never changed in place.
func (m *Message) clone() Message {
	c := *m
	c.values = maps.Clone(m.values)
	c.Reactions = map[string][]string{}
	for name, users := range m.Reactions {
		c.Reactions[name] = slices.Clone(users)
	}
	return c
}
