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

const maxStack = 3 // Slack's docs: "modals", up to three views

// newView makes a view of what the app sent; the lock is held.
func (w *Workspace) newView(sent object, user string) *view {
	v := &view{id: w.newID("V"), user: user}
	v.root = v.id
	w.fill(v, sent)
	return v
}

// fill puts content into a view and keeps what was typed where ids allow; the lock is held.
func (w *Workspace) fill(v *view, sent object) {
	v.json = maps.Clone(sent)
	v.json["blocks"] = blockkit.WithIDs(field.List(sent, "blocks"), w.newID)
	v.values = blockkit.KeepValues(v.values, field.List(v.json, "blocks"))
	v.errors, v.problem = nil, ""
	v.hash = fmt.Sprintf("%d.%s", w.opts.Now().Unix(), w.newID("h"))
	v.updates++
	w.touch()
}

// payload is the view as Slack sends it back.
func (w *Workspace) viewPayload(v *view) object {
	o := object{
		"id": v.id, "team_id": w.opts.TeamID, "type": field.Str(v.json, "type"), "blocks": v.json["blocks"],
		"private_metadata": field.Str(v.json, "private_metadata"), "callback_id": field.Str(v.json, "callback_id"),
		"external_id": field.Str(v.json, "external_id"), "state": blockkit.State(v.values), "hash": v.hash,
		"title": v.json["title"], "submit": v.json["submit"], "close": v.json["close"],
		"clear_on_close": field.Flag(v.json, "clear_on_close"), "notify_on_close": field.Flag(v.json, "notify_on_close"),
		"root_view_id": v.root, "previous_view_id": nil, "app_id": w.app.ID, "bot_id": w.app.BotID,
		"app_installed_team_id": w.opts.TeamID,
	}
	if o["title"] == nil { // a home tab has none, and Slack shows one all the same (Slack's docs, views.publish)
		o["title"] = object{"type": "plain_text", "text": "View Title", "emoji": true}
	}
	if v.previous != "" {
		o["previous_view_id"] = v.previous
	}
	return o
}

func (w *Workspace) top(user string) *view {
	stack := w.stacks[user]
	if len(stack) == 0 {
		return nil
	}
	return stack[len(stack)-1]
}

// findView finds an open modal or a home tab; the lock is held.
func (w *Workspace) findView(match func(*view) bool) *view {
	for _, stack := range w.stacks {
		if i := slices.IndexFunc(stack, match); i >= 0 {
			return stack[i]
		}
	}
	for _, v := range w.homes {
		if match(v) {
			return v
		}
	}
	return nil
}

// checkView validates what the app sent, external_id included; self is the view it would replace.
func (w *Workspace) checkView(sent object, kind string, self *view) *apiError {
	if code, problems := blockkit.CheckView(sent, w.opts.RefuseNewBlocks); code != "" {
		return fail(code, problems...)
	}
	if field.Str(sent, "type") != kind {
		return fail("invalid_arguments", "[ERROR] must be one of: "+kind+" [json-pointer:/view/type]")
	}
	external := field.Str(sent, "external_id")
	if external != "" && w.findView(func(v *view) bool { return v != self && field.Str(v.json, "external_id") == external }) != nil {
		return fail("duplicate_external_id")
	}
	return nil
}

// pushView puts a view on top of the user's stack; the lock is held.
func (w *Workspace) pushView(sent object, user string) (*view, *apiError) {
	stack := w.stacks[user]
	if len(stack) >= maxStack {
		return nil, fail("push_limit_reached")
	}
	v := w.newView(sent, user)
	v.root, v.previous = stack[0].id, stack[len(stack)-1].id
	w.stacks[user] = append(slices.Clone(stack), v)
	return v, nil
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
func (w *Workspace) newTrigger(user string, inModal bool) string {
	name := fmt.Sprintf("%d.%s", w.opts.Now().UnixMilli(), w.newID("t"))
	for old, t := range w.triggers {
		if w.opts.Now().Sub(t.at) > time.Hour {
			delete(w.triggers, old)
		}
	}
	w.triggers[name] = &trigger{user: user, at: w.opts.Now(), inModal: inModal}
	return name
}

// trigger checks a trigger_id without using it up.
func (w *Workspace) trigger(name string) (*trigger, *apiError) {
	t := w.triggers[name]
	switch {
	case t == nil:
		return nil, fail("invalid_trigger_id")
	case t.used:
		return nil, fail("exchanged_trigger_id")
	case w.opts.Now().Sub(t.at) > triggerLife:
		return nil, fail("expired_trigger_id")
	}
	return t, nil
}
