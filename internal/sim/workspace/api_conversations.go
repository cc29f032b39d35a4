package workspace

import (
	"slices"
)

// scopeFor is the scope that a method needs for one kind of conversation (Slack's docs, conversations.*).
func (r *request) scopeFor(c *Channel, what string) *apiError {
	family := "channels"
	switch {
	case c.IM != "":
		family = "im"
	case c.Private:
		family = "groups"
	}
	return r.scoped(family + ":" + what)
}

// conversation finds the channel argument and holds the caller's scopes against it.
func (r *request) conversation(what string) (*Channel, *apiError) {
	c := r.channel(r.str("channel"))
	if c == nil || (c.Private && !c.BotIn) {
		return nil, fail("channel_not_found")
	}
	return c, r.scopeFor(c, what)
}

func (c *Channel) payload() object {
	return object{
		"id": c.ID, "name": c.Name, "is_channel": c.IM == "" && !c.Private, "is_group": c.Private, "is_im": c.IM != "",
		"is_private": c.Private || c.IM != "", "is_archived": c.Archived, "is_member": c.BotIn, "is_mpim": false,
		"user": c.IM, "num_members": len(c.Members),
	}
}

func conversationsOpen(r *request) (object, *apiError) {
	if id := r.str("channel"); id != "" {
		c := r.channel(id)
		if c == nil || c.IM == "" {
			return nil, fail("channel_not_found")
		}
		return object{"channel": object{"id": c.ID}, "already_open": true, "no_op": true}, nil
	}
	p := r.person(r.str("users"))
	switch {
	case r.str("users") == "":
		return nil, fail("users_list_not_supplied")
	case p == nil:
		return nil, fail("user_not_found")
	case p.Deleted:
		return nil, fail("user_disabled")
	}
	c, opened := r.im(p.ID)
	answer := object{"channel": object{"id": c.ID}}
	if r.bool("return_im") {
		answer["channel"] = c.payload()
	}
	if !opened {
		answer["already_open"], answer["no_op"] = true, true
	}
	return answer, nil
}

func conversationsInfo(r *request) (object, *apiError) {
	c, problem := r.conversation("read")
	if problem != nil {
		return nil, problem
	}
	return object{"channel": c.payload()}, nil
}

func conversationsMembers(r *request) (object, *apiError) {
	c, problem := r.conversation("read")
	if problem != nil {
		return nil, problem
	}
	members := slices.Clone(c.Members)
	if c.BotIn {
		members = append(members, r.app.BotUserID)
	}
	page, next := r.page(len(members), 100)
	return object{"members": members[page.from:page.to], "response_metadata": object{"next_cursor": next}}, nil
}

func conversationsHistory(r *request) (object, *apiError) {
	c, problem := r.conversation("history")
	if problem != nil {
		return nil, problem
	}
	if !c.BotIn {
		return nil, fail("not_in_channel")
	}
	found := r.within(c, func(m *Message) bool { return m.Thread == "" || m.Thread == m.TS || m.Broadcast })
	slices.Reverse(found) // newest first
	return r.paged(found), nil
}

func conversationsReplies(r *request) (object, *apiError) {
	c, problem := r.conversation("history")
	if problem != nil {
		return nil, problem
	}
	if !c.BotIn {
		return nil, fail("not_in_channel")
	}
	ts := r.str("ts")
	if r.message(c.ID, ts) == nil {
		return nil, fail("thread_not_found")
	}
	return r.paged(r.within(c, func(m *Message) bool { return m.TS == ts || m.Thread == ts })), nil
}

// within returns the messages everybody sees within oldest and latest, oldest first.
func (r *request) within(c *Channel, wanted func(*Message) bool) []*Message {
	oldest, latest, inclusive := r.str("oldest"), r.str("latest"), r.bool("inclusive")
	var found []*Message
	for _, m := range r.messages {
		if m.Channel != c.ID || m.Deleted || m.Ephemeral() || !wanted(m) {
			continue
		}
		tooOld := oldest != "" && (m.TS < oldest || (m.TS == oldest && !inclusive))
		tooNew := latest != "" && (m.TS > latest || (m.TS == latest && !inclusive))
		if !tooOld && !tooNew {
			found = append(found, m)
		}
	}
	return found
}

func (r *request) paged(found []*Message) object {
	page, next := r.page(len(found), 100)
	messages := make([]any, 0, page.to-page.from)
	for _, m := range found[page.from:page.to] {
		messages = append(messages, m.payload(r.opts.TeamID, r.bool("include_all_metadata")))
	}
	return object{"messages": messages, "has_more": next != "", "response_metadata": object{"next_cursor": next}}
}
