package blockkit

import (
	"encoding/json"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

// Limits of Slack's docs ("views", "chat.postMessage").
const (
	maxMessageBlocks = 50
	maxViewBlocks    = 100
	maxViewBytes     = 250_000
)

// CheckMessage returns what Slack would say of a message's blocks, decoded from JSON; nil if it would take them. With
// noNew the workspace does not have the newest blocks yet.
func CheckMessage(blocks []any, noNew bool) []string {
	r := &report{surface: onMessage, noNew: noNew, blockIDs: map[string]bool{}}
	items(0, maxMessageBlocks, block)(r, "/blocks", blocks)
	tables, plans, cards := 0, 0, 0
	markdown := 0
	for _, o := range field.Objects(blocks) {
		switch field.Str(o, "type") {
		case "table":
			tables++
		case "plan":
			plans++
		case "task_card":
			cards++
		case "markdown":
			markdown += len([]rune(field.Str(o, "text")))
		}
	}
	if tables > 1 {
		r.add("/blocks", "only one table is allowed")
	}
	if plans > 0 && cards > 0 {
		r.add("/blocks", "plan and task_card blocks exclude each other")
	}
	if plans > 1 {
		r.add("/blocks", "only one plan is allowed")
	}
	if markdown > 12000 {
		r.add("/blocks", "markdown blocks hold more than 12000 characters in total")
	}
	return r.problems
}

// CheckView returns the error string and the messages with which Slack would refuse a view, decoded from JSON; an empty
// error if it would take it. With noNew the workspace does not have the newest blocks yet.
func CheckView(view map[string]any, noNew bool) (code string, problems []string) {
	if raw, err := json.Marshal(view); err != nil || len(raw) > maxViewBytes {
		return "view_too_large", nil
	}
	r := &report{noNew: noNew, blockIDs: map[string]bool{}}
	common := shape{
		"type!": oneOf("modal", "home"), "blocks!": items(1, maxViewBlocks, block), "private_metadata": upTo(3000),
		"callback_id": upTo(255), "external_id": upTo(255),
	}
	if field.Str(view, "type") == "home" {
		r.surface = onHome
		common.check(r, "/view", view)
	} else {
		r.surface = onModal
		shape{
			"title!": plain(24), "submit": plain(24), "close": plain(24),
			"clear_on_close": boolean, "notify_on_close": boolean,
		}.with(common).check(r, "/view", view)
		if view["submit"] == nil && hasInput(field.List(view, "blocks")) {
			r.add("/view", "missing required field: submit")
		}
	}
	if len(r.problems) > 0 {
		return "invalid_arguments", r.problems
	}
	return "", nil
}

func hasInput(blocks []any) bool {
	for _, o := range field.Objects(blocks) {
		if field.Str(o, "type") == "input" || hasInput(field.List(o, "child_blocks")) {
			return true
		}
	}
	return false
}

// CheckOptions returns what is wrong with an answer to block_suggestion, decoded from JSON. An answer without
// options is none: to offer nothing, options must be there and empty.
func CheckOptions(answer map[string]any) []string {
	r := &report{surface: onModal, blockIDs: map[string]bool{}}
	shape{"options": items(0, 100, plainOption), "option_groups": items(0, 100, optionGroup)}.check(r, "", answer)
	if (answer["options"] == nil) == (answer["option_groups"] == nil) {
		r.add("", "must define either options or option_groups")
	}
	distinctValues(r, "/options", field.List(answer, "options"))
	return r.problems
}
