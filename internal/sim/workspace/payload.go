package workspace

import (
	"cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/blockkit"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

// The payloads below have the fields of Slack's docs ("interaction payloads") and of the types in @slack/bolt.

// interaction is what every interaction payload has; the lock is held.
func (t *team) interaction(kind string, p *Person) object {
	return object{
		"type": kind, "token": t.app.VerificationKey, "api_app_id": t.app.ID,
		"team": object{"id": t.opts.TeamID, "domain": t.opts.TeamDomain},
		"user": object{"id": p.ID, "username": p.Handle, "name": p.Handle, "team_id": t.opts.TeamID},
		// Both are null and false wherever there is no Enterprise Grid.
		"enterprise": nil, "is_enterprise_install": false,
	}
}

// named is a channel as payloads carry it.
func (c *Channel) named() object {
	name := c.Name
	switch {
	case c.IM != "":
		name = "directmessage"
	case c.Private:
		name = "privategroup"
	}
	return object{"id": c.ID, "name": name}
}

// commandPayload is the form of a slash command; every field is a string.
func (t *team) commandPayload(p *Person, c *Channel, command, text string) object {
	return object{
		"token": t.app.VerificationKey, "team_id": t.opts.TeamID, "team_domain": t.opts.TeamDomain,
		"channel_id": c.ID, "channel_name": field.Str(c.named(), "name"), "user_id": p.ID, "user_name": p.Handle,
		"command": command, "text": text, "api_app_id": t.app.ID, "is_enterprise_install": "false",
		"response_url": t.newResponseURL(responseURL{channel: c.ID, user: p.ID}),
		"trigger_id":   t.newTrigger(p.ID, false),
	}
}

// actionPayload is block_actions; at is where the element is.
func (t *team) actionPayload(p *Person, at *spot, action object) object {
	action["action_ts"] = t.newTS()
	o := t.interaction("block_actions", p)
	o["trigger_id"] = t.newTrigger(p.ID, at.view != nil && field.Str(at.view.json, "type") == "modal")
	o["actions"] = []any{action}
	if at.view != nil {
		o["container"] = object{"type": "view", "view_id": at.view.id}
		o["view"] = t.viewPayload(at.view)
		return o
	}
	m := at.message
	container := object{
		"type": "message", "message_ts": m.TS, "channel_id": m.Channel, "is_ephemeral": m.Ephemeral(), "is_app_unfurl": false,
	}
	if m.Thread != "" {
		container["thread_ts"] = m.Thread
	}
	o["container"] = container
	if c := t.channel(m.Channel); c != nil {
		o["channel"] = c.named()
	}
	if !m.Ephemeral() { // Slack keeps no ephemeral message that it could send along
		o["message"] = m.payload(t.opts.TeamID, true)
	}
	o["state"] = blockkit.State(at.values)
	o["response_url"] = t.newResponseURL(responseURL{
		channel: m.Channel, user: p.ID, thread: replyThread(m), message: at.live,
	})
	return o
}

// replyThread is the thread that an answer to a message belongs to: that of a reply, none for a root.
func replyThread(m *Message) string {
	if m.Thread == m.TS {
		return ""
	}
	return m.Thread
}

// suggestionPayload is block_suggestion: block_id, action_id and value stand at the top level.
func (t *team) suggestionPayload(p *Person, at *spot, block, element object, typed string) object {
	o := t.interaction("block_suggestion", p)
	o["block_id"], o["action_id"], o["value"] = field.Str(block, "block_id"), field.Str(element, "action_id"), typed
	if at.view != nil {
		o["container"] = object{"type": "view", "view_id": at.view.id}
		o["view"] = t.viewPayload(at.view)
		return o
	}
	o["container"] = object{"type": "message", "message_ts": at.message.TS, "channel_id": at.message.Channel, "is_ephemeral": at.message.Ephemeral()}
	if c := t.channel(at.message.Channel); c != nil {
		o["channel"] = c.named()
	}
	o["message"] = at.message.payload(t.opts.TeamID, true)
	return o
}

func (t *team) submissionPayload(p *Person, v *view) object {
	o := t.interaction("view_submission", p)
	o["trigger_id"] = t.newTrigger(p.ID, true)
	o["view"] = t.viewPayload(v)
	urls := []any{}
	for _, b := range blockkit.Flatten(field.List(v.json, "blocks")) {
		for _, e := range blockkit.Elements(b) {
			value := v.values[field.Str(b, "block_id")][field.Str(e, "action_id")]
			chosen := cmp.Or(field.Str(value, "selected_conversation"), field.Str(value, "selected_channel"))
			if field.Flag(e, "response_url_enabled") && chosen != "" {
				urls = append(urls, object{
					"block_id": b["block_id"], "action_id": e["action_id"], "channel_id": chosen,
					"response_url": t.newResponseURL(responseURL{channel: chosen, user: p.ID}),
				})
			}
		}
	}
	o["response_urls"] = urls
	return o
}

func (t *team) closedPayload(p *Person, v *view, cleared bool) object {
	o := t.interaction("view_closed", p)
	o["view"], o["is_cleared"] = t.viewPayload(v), cleared
	return o
}

// eventPayload wraps an event as the Events API does.
func (t *team) eventPayload(event object) object {
	return object{
		"token": t.app.VerificationKey, "team_id": t.opts.TeamID, "api_app_id": t.app.ID, "event": event,
		"type": "event_callback", "event_id": t.newID("Ev"), "event_time": t.opts.Now().Unix(),
		"authorizations": []any{object{
			"enterprise_id": nil, "team_id": t.opts.TeamID, "user_id": t.app.BotUserID, "is_bot": true, "is_enterprise_install": false,
		}},
		"is_ext_shared_channel": false, "context_team_id": t.opts.TeamID, "context_enterprise_id": nil,
	}
}
