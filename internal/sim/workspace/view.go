package workspace

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/blockkit"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

// view is a modal on somebody's screen, or a home tab.
type view struct {
	id, hash, root, previous string
	user                     string
	json                     object // as the app sent it, with ids
	values                   map[string]map[string]object
	errors                   map[string]string // by block_id, shown beside the fields
	problem                  string            // shown above the fields
	updates                  int
}

// views are the modals and home tabs that are open, and the permissions to open more.
type views struct {
	*core
	stacks   map[string][]*view // user id → open modals, the top one last
	homes    map[string]*view
	triggers map[string]*trigger
}

const maxStack = 3 // Slack's docs: "modals", up to three views

// newView makes a view of what the app sent; the lock is held.
func (vs *views) newView(sent object, user string) *view {
	v := &view{id: vs.newID("V"), user: user}
	v.root = v.id
	vs.fill(v, sent)
	return v
}

// fill puts content into a view and keeps what was typed where ids allow; the lock is held.
func (vs *views) fill(v *view, sent object) {
	v.json = maps.Clone(sent)
	v.json["blocks"] = blockkit.WithIDs(field.List(sent, "blocks"), vs.newID)
	v.values = blockkit.KeepValues(v.values, field.List(v.json, "blocks"))
	v.errors, v.problem = nil, ""
	v.hash = fmt.Sprintf("%d.%s", vs.opts.Now().Unix(), vs.newID("h"))
	v.updates++
	vs.touch()
}

// payload is the view as Slack sends it back.
func (vs *views) viewPayload(v *view) object {
	o := object{
		"id": v.id, "team_id": vs.opts.TeamID, "type": field.Str(v.json, "type"), "blocks": v.json["blocks"],
		"private_metadata": field.Str(v.json, "private_metadata"), "callback_id": field.Str(v.json, "callback_id"),
		"external_id": field.Str(v.json, "external_id"), "state": blockkit.State(v.values), "hash": v.hash,
		"title": v.json["title"], "submit": v.json["submit"], "close": v.json["close"],
		"clear_on_close": field.Flag(v.json, "clear_on_close"), "notify_on_close": field.Flag(v.json, "notify_on_close"),
		"root_view_id": v.root, "previous_view_id": nil, "app_id": vs.app.ID, "bot_id": vs.app.BotID,
		"app_installed_team_id": vs.opts.TeamID,
	}
	if o["title"] == nil { // a home tab has none, and Slack shows one all the same (Slack's docs, views.publish)
		o["title"] = object{"type": "plain_text", "text": "View Title", "emoji": true}
	}
	if v.previous != "" {
		o["previous_view_id"] = v.previous
	}
	return o
}

func (vs *views) top(user string) *view {
	stack := vs.stacks[user]
	if len(stack) == 0 {
		return nil
	}
	return stack[len(stack)-1]
}

// findView finds an open modal or a home tab; the lock is held.
func (vs *views) findView(match func(*view) bool) *view {
	for _, stack := range vs.stacks {
		if i := slices.IndexFunc(stack, match); i >= 0 {
			return stack[i]
		}
	}
	for _, v := range vs.homes {
		if match(v) {
			return v
		}
	}
	return nil
}

// checkView validates what the app sent, external_id included; self is the view it would replace.
func (vs *views) checkView(sent object, kind string, self *view) *apiError {
	if code, problems := blockkit.CheckView(sent, vs.opts.RefuseNewBlocks); code != "" {
		return fail(code, problems...)
	}
	if field.Str(sent, "type") != kind {
		return fail("invalid_arguments", "[ERROR] must be one of: "+kind+" [json-pointer:/view/type]")
	}
	external := field.Str(sent, "external_id")
	if external != "" && vs.findView(func(v *view) bool { return v != self && field.Str(v.json, "external_id") == external }) != nil {
		return fail("duplicate_external_id")
	}
	return nil
}

// pushView puts a view on top of the user's stack; the lock is held.
func (vs *views) pushView(sent object, user string) (*view, *apiError) {
	stack := vs.stacks[user]
	if len(stack) >= maxStack {
		return nil, fail("push_limit_reached")
	}
	v := vs.newView(sent, user)
	v.root, v.previous = stack[0].id, stack[len(stack)-1].id
	vs.stacks[user] = append(slices.Clone(stack), v)
	return v, nil
}

// pop closes a view and those above it; the lock is held.
func (vs *views) pop(v *view) {
	stack := vs.stacks[v.user]
	if i := slices.Index(stack, v); i > 0 {
		vs.stacks[v.user] = slices.Clone(stack[:i])
	} else {
		delete(vs.stacks, v.user)
	}
	vs.touch()
}

// trigger is the permission to open a modal, given by something a person did.
type trigger struct {
	user    string
	at      time.Time
	used    bool
	inModal bool
}

const triggerLife = 3 * time.Second // Slack's docs: "handling user interaction", trigger_id

// newTrigger issues a trigger_id; the lock is held.
func (vs *views) newTrigger(user string, inModal bool) string {
	name := fmt.Sprintf("%d.%s", vs.opts.Now().UnixMilli(), vs.newID("t"))
	for old, t := range vs.triggers {
		if vs.opts.Now().Sub(t.at) > time.Hour {
			delete(vs.triggers, old)
		}
	}
	vs.triggers[name] = &trigger{user: user, at: vs.opts.Now(), inModal: inModal}
	return name
}

// trigger checks a trigger_id without using it up.
func (vs *views) trigger(name string) (*trigger, *apiError) {
	t := vs.triggers[name]
	switch {
	case t == nil:
		return nil, fail("invalid_trigger_id")
	case t.used:
		return nil, fail("exchanged_trigger_id")
	case vs.opts.Now().Sub(t.at) > triggerLife:
		return nil, fail("expired_trigger_id")
	}
	return t, nil
}
