// Package plaintext shows blocks and Slack's markup as people read them, in plain text.
package plaintext

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/blockkit"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

// object is a JSON object as it came over the wire.
type object = map[string]any

// Reader knows the names that stand for ids; each returns an id that it does not know as it is.
type Reader struct{ User, Channel, Group func(id string) string }

// Blocks are blocks as text: buttons as [ Approve ], selects as [ Kind ▾ ], with what is filled in (as in state.values) and
// problems beside the fields, by block_id.
func (r Reader) Blocks(blocks []any, values map[string]map[string]object, problems map[string]string) string {
	var lines []string
	for _, b := range field.Objects(blocks) {
		if line := r.block(b, values[field.Str(b, "block_id")], problems); line != "" {
			lines = append(lines, line)
		}
		if children := field.List(b, "child_blocks"); children != nil {
			lines = append(lines, Indent(r.Blocks(children, values, problems), "  "))
		}
	}
	return strings.Join(lines, "\n")
}

func (r Reader) block(b object, values map[string]object, problems map[string]string) string {
	switch kind := field.Str(b, "type"); kind {
	case "divider":
		return strings.Repeat("─", 40)
	case "section":
		return r.section(b, values)
	case "input":
		return r.input(b, values, problems[field.Str(b, "block_id")])
	case "actions", "context_actions":
		var parts []string
		for _, e := range blockkit.Elements(b) {
			parts = append(parts, r.element(e, values[field.Str(e, "action_id")]))
		}
		return strings.Join(parts, " ")
	case "context":
		var parts []string
		for _, e := range field.Objects(field.List(b, "elements")) {
			parts = append(parts, cmp.Or(r.text(e), field.Str(e, "alt_text")))
		}
		return strings.Join(parts, "  ")
	case "rich_text":
		return r.rich(b)
	case "task_card":
		return r.task(b)
	case "plan":
		lines := []string{field.Str(b, "title")}
		for _, task := range field.Objects(field.List(b, "tasks")) {
			lines = append(lines, Indent(r.task(task), "  "))
		}
		return strings.Join(lines, "\n")
	case "table", "data_table":
		return r.table(b)
	case "image", "video":
		return "[" + kind + ": " + field.Str(b, "alt_text") + "]"
	case "markdown":
		return withEmoji(field.Str(b, "text"))
	case "alert":
		return "⚠ " + r.text(field.Obj(b, "text"))
	case "container":
		return r.text(field.Obj(b, "title"))
	case "card":
		return strings.TrimSpace(r.text(field.Obj(b, "title")) + "\n" + r.text(field.Obj(b, "body")))
	default: // header
		return r.text(field.Obj(b, "text"))
	}
}

func (r Reader) section(b object, values map[string]object) string {
	var lines []string
	if t := r.text(field.Obj(b, "text")); t != "" {
		lines = append(lines, t)
	}
	for _, field := range field.Objects(field.List(b, "fields")) {
		lines = append(lines, r.text(field))
	}
	if e := field.Obj(b, "accessory"); e != nil && len(lines) > 0 {
		lines[0] += " " + r.element(e, values[field.Str(e, "action_id")])
	}
	return strings.Join(lines, "\n")
}

func (r Reader) input(b object, values map[string]object, problem string) string {
	label := field.Str(field.Obj(b, "label"), "text")
	if field.Flag(b, "optional") {
		label += " (optional)"
	}
	e := field.Obj(b, "element")
	lines := []string{label + ": " + r.element(e, values[field.Str(e, "action_id")])}
	if problem != "" {
		lines = append(lines, "  ✗ "+problem)
	}
	if hint := field.Str(field.Obj(b, "hint"), "text"); hint != "" {
		lines = append(lines, "  "+hint)
	}
	return strings.Join(lines, "\n")
}

// element is a button, a menu with what is chosen, or a field with what is typed.
func (r Reader) element(e, value object) string {
	kind := field.Str(e, "type")
	switch kind {
	case "button", "workflow_button", "icon_button":
		return "[ " + r.text(field.Obj(e, "text")) + " ]"
	case "overflow":
		return "[ … ]"
	case "feedback_buttons":
		return "[ 👍 ] [ 👎 ]"
	case "image":
		return "[image: " + field.Str(e, "alt_text") + "]"
	case "checkboxes", "radio_buttons":
		return r.choices(e, value)
	}
	filled := r.filled(value[blockkit.SlotOf(kind).Key])
	if filled == "" {
		filled = field.Str(field.Obj(e, "placeholder"), "text")
		if filled != "" {
			filled = "‹" + filled + "›"
		}
	}
	if strings.HasSuffix(kind, "_select") {
		return "[ " + cmp.Or(filled, "Select") + " ▾ ]"
	}
	return "[" + filled + "]"
}

// filled is a value of state as people read it.
func (r Reader) filled(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		if name := r.User(v); name != v {
			return "@" + name
		}
		if name := r.Channel(v); name != v {
			return "#" + name
		}
		return v
	case object:
		if field.Str(v, "type") == "rich_text" {
			return r.rich(v)
		}
		return r.text(field.Obj(v, "text"))
	case []any:
		parts := make([]string, 0, len(v))
		for _, one := range v {
			parts = append(parts, r.filled(one))
		}
		return strings.Join(parts, ", ")
	default:
		return fmt.Sprint(v)
	}
}

func (r Reader) choices(e, value object) string {
	on, off := "(•) ", "( ) "
	if field.Str(e, "type") == "checkboxes" {
		on, off = "[x] ", "[ ] "
	}
	chosen := append(field.List(value, "selected_options"), value["selected_option"])
	var parts []string
	for _, o := range field.Objects(field.List(e, "options")) {
		mark := off
		if blockkit.HasOption(chosen, o) {
			mark = on
		}
		parts = append(parts, mark+r.text(field.Obj(o, "text")))
	}
	return strings.Join(parts, "  ")
}

func (r Reader) task(b object) string {
	marks := map[string]string{"pending": "○", "in_progress": "◐", "complete": "✔", "error": "✗"}
	lines := []string{marks[field.Str(b, "status")] + " " + field.Str(b, "title")}
	for _, part := range []string{"details", "output"} {
		if o := field.Obj(b, part); o != nil {
			lines = append(lines, Indent(r.rich(o), "    "))
		}
	}
	return strings.Join(lines, "\n")
}

func (r Reader) table(b object) string {
	var lines []string
	for _, row := range field.List(b, "rows") {
		cells, _ := row.([]any)
		var parts []string
		for _, cell := range field.Objects(cells) {
			parts = append(parts, cmp.Or(field.Str(cell, "text"), r.rich(cell)))
		}
		lines = append(lines, strings.Join(parts, " | "))
	}
	return strings.Join(lines, "\n")
}
