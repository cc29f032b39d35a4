package workspace

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxText   = 40_000 // longer text is cut (Slack's docs: chat.postMessage, "Truncating content")
	maxUpdate = 4_000  // Slack's docs: chat.update, msg_too_long
)

// place finds where a message is to go: a channel by id or name, or a user's direct message.
func (r *request) place(name string) (*Channel, *apiError) {
	if p := r.person(name); p != nil && strings.HasPrefix(name, "U") {
		if p.Deleted {
			return nil, fail("channel_not_found")
		}
		c, _ := r.im(p.ID)
		return c, nil
	}
	c := r.channel(name)
	switch {
	case c == nil || (c.Private && !c.BotIn):
		return nil, fail("channel_not_found")
	case c.Archived:
		return nil, fail("is_archived")
	case !c.BotIn && !slices.Contains(r.app.Scopes, "chat:write.public"):
		return nil, fail("not_in_channel")
	}
	return c, nil
}

// thread holds thread_ts to a message that is there and is no reply itself.
func (r *request) thread(c *Channel) (string, *apiError) {
	ts := r.str("thread_ts")
	if ts == "" {
		return "", nil
	}
	root := r.message(c.ID, ts)
	switch {
	case root == nil || root.Ephemeral():
		return "", fail("thread_not_found")
	case root.Thread != "" && root.Thread != root.TS:
		return "", fail("cannot_reply_to_message")
	}
	return ts, nil
}

// limited is "about one message per second per channel" (Slack's docs, rate limits).
func (r *request) limited(c *Channel) *apiError {
	if wait := r.limits.take("post "+c.ID, 1, time.Second, r.opts.Now()); wait > 0 {
		return &apiError{code: "ratelimited", retryAfter: wait}
	}
	return nil
}

func chatPostMessage(r *request) (object, *apiError) {
	c, problem := r.place(r.str("channel"))
	if problem != nil {
		return nil, problem
	}
	said, problem := r.content()
	if problem != nil {
		return nil, problem
	}
	if said.empty() {
		return nil, fail("no_text")
	}
	thread, problem := r.thread(c)
	if problem != nil {
		return nil, problem
	}
	if problem := r.limited(c); problem != nil {
		return nil, problem
	}
	m := r.post(Message{
		Channel: c.ID, Thread: thread, User: r.app.BotUserID, BotID: r.app.BotID, Text: cut(said.text, maxText),
		Blocks: said.blocks, Metadata: said.metadata, Broadcast: thread != "" && r.bool("reply_broadcast"),
	})
	return object{"channel": c.ID, "ts": m.TS, "message": m.payload(r.opts.TeamID, true)}, nil
}

func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most])
}

func chatPostEphemeral(r *request) (object, *apiError) {
	c, problem := r.place(r.str("channel"))
	if problem != nil {
		return nil, problem
	}
	p := r.person(r.str("user"))
	if p == nil || p.Deleted || !c.has(p.ID) {
		return nil, fail("user_not_in_channel")
	}
	said, problem := r.content()
	if problem != nil {
		return nil, problem
	}
	if said.empty() {
		return nil, fail("no_text")
	}
	thread, problem := r.thread(c)
	if problem != nil {
		return nil, problem
	}
	m := r.post(Message{
		Channel: c.ID, Thread: thread, User: r.app.BotUserID, BotID: r.app.BotID, Only: p.ID,
		Text: cut(said.text, maxText), Blocks: said.blocks, Metadata: said.metadata,
	})
	return object{"message_ts": m.TS}, nil
}

// own finds a message of the app's. Ephemeral messages are not found: they exist on the reader's screen only.
func (r *request) own(ts, refusal string) (*Channel, *Message, *apiError) {
	c, problem := r.place(r.str("channel"))
	if problem != nil {
		return nil, nil, problem
	}
	m := r.message(c.ID, ts)
	switch {
	case m == nil || m.Ephemeral():
		return nil, nil, fail("message_not_found")
	case m.BotID != r.app.BotID:
		return nil, nil, fail(refusal)
	}
	return c, m, nil
}

func chatUpdate(r *request) (object, *apiError) {
	c, m, problem := r.own(r.str("ts"), "cant_update_message")
	if problem != nil {
		return nil, problem
	}
	said, problem := r.content()
	switch {
	case problem != nil:
		return nil, problem
	case said.text == "" && !said.blocksGiven:
		return nil, fail("no_text")
	case utf8.RuneCountInString(said.text) > maxUpdate:
		return nil, fail("msg_too_long")
	}
	// Text without blocks removes the blocks, and marks the message as edited; blocks do not.
	if len(said.blocks) == 0 {
		m.Edited = r.newTS()
	}
	if said.metadataGiven {
		m.Metadata = said.metadata
	}
	r.edit(m, said.text, said.blocks)
	return object{"channel": c.ID, "ts": m.TS, "text": m.Text, "message": m.payload(r.opts.TeamID, true)}, nil
}

func chatDelete(r *request) (object, *apiError) {
	c, m, problem := r.own(r.str("ts"), "cant_delete_message")
	if problem != nil {
		return nil, problem
	}
	m.Deleted = true
	r.touch()
	return object{"channel": c.ID, "ts": m.TS}, nil
}

func chatGetPermalink(r *request) (object, *apiError) {
	c := r.channel(r.str("channel"))
	if c == nil {
		return nil, fail("channel_not_found")
	}
	m := r.message(c.ID, r.str("message_ts"))
	if m == nil || m.Ephemeral() {
		return nil, fail("message_not_found")
	}
	link := "https://" + r.opts.TeamDomain + ".slack.com/archives/" + c.ID + "/p" + strings.ReplaceAll(m.TS, ".", "")
	if m.Thread != "" && m.Thread != m.TS {
		link += "?thread_ts=" + m.Thread + "&cid=" + c.ID
	}
	return object{"channel": c.ID, "permalink": link}, nil
}

func reactionsAdd(r *request) (object, *apiError) {
	c := r.channel(r.str("channel"))
	if c == nil {
		return nil, fail("channel_not_found")
	}
	m, name := r.message(c.ID, r.str("timestamp")), r.str("name")
	switch {
	case name == "" || strings.ContainsAny(name, ": "):
		return nil, fail("invalid_name")
	case m == nil || m.Ephemeral():
		return nil, fail("message_not_found")
	case slices.Contains(m.Reactions[name], r.app.BotUserID):
		return nil, fail("already_reacted")
	}
	if m.Reactions == nil {
		m.Reactions = map[string][]string{}
	}
	m.Reactions[name] = append(m.Reactions[name], r.app.BotUserID)
	r.touch()
	return object{}, nil
}
