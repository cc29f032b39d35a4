package blockkit

import (
	"strconv"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

// Text, options and confirm dialogs, with the limits of Slack's docs ("Block Kit: composition objects").

func plain(most int) rule {
	return shape{"type!": oneOf("plain_text"), "text!": length(1, most), "emoji": boolean}.rule()
}

func mrkdwn(most int) rule {
	return shape{"type!": oneOf("mrkdwn"), "text!": length(1, most), "verbatim": boolean}.rule()
}

// text is plain_text or mrkdwn.
func text(most int) rule {
	return func(r *report, path string, value any) {
		o, _ := value.(object)
		switch field.Str(o, "type") {
		case "plain_text":
			plain(most)(r, path, value)
		case "mrkdwn":
			mrkdwn(most)(r, path, value)
		default:
			r.add(path, "must be one of: plain_text, mrkdwn")
		}
	}
}

var (
	actionable = shape{"type!": anything, "action_id": id}
	confirmed  = shape{"confirm": confirmDialog}
	focusable  = shape{"focus_on_load": focus}
	held       = shape{"placeholder": plain(150)}
	dispatched = shape{"dispatch_action_config": shape{
		"trigger_actions_on": items(1, 2, oneOf("on_enter_pressed", "on_character_entered")),
	}.rule()}
	several = shape{"max_selected_items": between(1, 1<<30)}
)

func confirmDialog(r *report, path string, value any) {
	shape{
		"title": plain(100), "text!": text(300), "confirm": plain(30), "deny": plain(30),
		"style": oneOf("primary", "danger"),
	}.check(r, path, value)
}

// focus counts: one element of a view may take the focus.
func focus(r *report, path string, value any) {
	boolean(r, path, value)
	if value != true {
		return
	}
	if r.focused++; r.focused > 1 {
		r.add(path, "only one element may set focus_on_load")
	}
}

// option checks one option. Radio buttons and checkboxes take mrkdwn too, only overflow menus a url.
func option(label rule, withURL bool) rule {
	return func(r *report, path string, value any) {
		s := shape{"text!": label, "value!": length(1, 150), "description": plain(75)}
		if withURL {
			s["url"] = upTo(3000)
		}
		s.check(r, path, value)
	}
}

var (
	plainOption = option(plain(75), false)
	textOption  = option(text(75), false)
	optionGroup = shape{"label!": plain(75), "options!": items(1, 100, plainOption)}.rule()
)

// staticOptions: either options or option_groups, and what is chosen at first must be among them.
func staticOptions(r *report, path string, o object) {
	_, flat := o["options"]
	_, grouped := o["option_groups"]
	if flat == grouped {
		r.add(path, "must define either options or option_groups")
		return
	}
	all := field.List(o, "options")
	for _, group := range field.Objects(field.List(o, "option_groups")) {
		all = append(all, field.List(group, "options")...)
	}
	initialAmong(r, path, o, all)
	distinctValues(r, path, all)
}

// initialAmong: "a single option that exactly matches one of the options" (Slack's docs, initial_option).
func initialAmong(r *report, path string, o object, all []any) {
	if first, ok := o["initial_option"]; ok && !HasOption(all, first) {
		r.add(path+"/initial_option", "must match one of the options")
	}
	for i, first := range field.List(o, "initial_options") {
		if !HasOption(all, first) {
			r.add(path+"/initial_options/"+strconv.Itoa(i), "must match one of the options")
		}
	}
}

// HasOption compares options by what they say; whether emoji is written out does not matter.
func HasOption(all []any, wanted any) bool {
	w, _ := wanted.(object)
	for _, one := range field.Objects(all) {
		if field.Str(one, "value") == field.Str(w, "value") &&
			field.Str(field.Obj(one, "text"), "text") == field.Str(field.Obj(w, "text"), "text") &&
			field.Str(field.Obj(one, "text"), "type") == field.Str(field.Obj(w, "text"), "type") &&
			field.Str(field.Obj(one, "description"), "text") == field.Str(field.Obj(w, "description"), "text") {
			return true
		}
	}
	return false
}

// distinctValues: "a unique string value" (Slack's docs, option object).
func distinctValues(r *report, path string, all []any) {
	seen := map[string]bool{}
	for _, one := range field.Objects(all) {
		value := field.Str(one, "value")
		if value != "" && seen[value] {
			r.add(path, "option value %q is not unique", value)
		}
		seen[value] = true
	}
}
