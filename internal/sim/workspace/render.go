package workspace

import (
	"fmt"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/blockkit"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

// Render is a message as plain text: what a reader sees, buttons as [ Approve ], selects as [ Kind ▾ ].
func (s State) Render(m Message) string {
	if len(m.Blocks) == 0 {
		return s.mrkdwn(m.Text)
	}
	return s.blocks(m.Blocks, m.values, nil)
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
		entry := head + "\n" + indent(s.Render(m), "  ")
		if replyThread(&m) != "" {
			entry = indent(entry, "    ")
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
	lines = append(lines, s.blocks(v.Blocks, v.Values, v.Errors))
	if v.Title != "" {
		foot := "└ [ " + orElse(v.Close, "Cancel") + " ]"
		if v.Submit != "" {
			foot += " [ " + v.Submit + " ]"
		}
		lines = append(lines, foot)
	}
	return strings.Join(lines, "\n")
}

func (s State) blocks(blocks []any, values map[string]map[string]object, problems map[string]string) string {
	var lines []string
	for _, b := range field.Objects(blocks) {
		if line := s.block(b, values[field.Str(b, "block_id")], problems); line != "" {
			lines = append(lines, line)
		}
		if children := field.List(b, "child_blocks"); children != nil {
			lines = append(lines, indent(s.blocks(children, values, problems), "  "))
		}
	}
	return strings.Join(lines, "\n")
}

func (s State) block(b object, values map[string]object, problems map[string]string) string {
	switch kind := field.Str(b, "type"); kind {
	case "divider":
		return strings.Repeat("─", 40)
	case "section":
		return s.section(b, values)
	case "input":
		return s.input(b, values, problems[field.Str(b, "block_id")])
	case "actions", "context_actions":
		var parts []string
		for _, e := range blockkit.Elements(b) {
			parts = append(parts, s.element(e, values[field.Str(e, "action_id")]))
		}
		return strings.Join(parts, " ")
	case "context":
		var parts []string
		for _, e := range field.Objects(field.List(b, "elements")) {
			parts = append(parts, orElse(s.text(e), field.Str(e, "alt_text")))
		}
		return strings.Join(parts, "  ")
	case "rich_text":
		return s.rich(b)
	case "task_card":
		return s.task(b)
	case "plan":
		lines := []string{field.Str(b, "title")}
		for _, task := range field.Objects(field.List(b, "tasks")) {
			lines = append(lines, indent(s.task(task), "  "))
		}
		return strings.Join(lines, "\n")
	case "table", "data_table":
		return s.table(b)
	case "image", "video":
		return "[" + kind + ": " + field.Str(b, "alt_text") + "]"
	case "markdown":
		return withEmoji(field.Str(b, "text"))
	case "alert":
		return "⚠ " + s.text(field.Obj(b, "text"))
	case "container":
		return s.text(field.Obj(b, "title"))
	case "card":
		return strings.TrimSpace(s.text(field.Obj(b, "title")) + "\n" + s.text(field.Obj(b, "body")))
	default: // header
		return s.text(field.Obj(b, "text"))
	}
}

func (s State) section(b object, values map[string]object) string {
	var lines []string
	if t := s.text(field.Obj(b, "text")); t != "" {
		lines = append(lines, t)
	}
	for _, field := range field.Objects(field.List(b, "fields")) {
		lines = append(lines, s.text(field))
	}
	if e := field.Obj(b, "accessory"); e != nil && len(lines) > 0 {
		lines[0] += " " + s.element(e, values[field.Str(e, "action_id")])
	}
	return strings.Join(lines, "\n")
}

func (s State) input(b object, values map[string]object, problem string) string {
	label := field.Str(field.Obj(b, "label"), "text")
	if field.Flag(b, "optional") {
		label += " (optional)"
	}
	e := field.Obj(b, "element")
	lines := []string{label + ": " + s.element(e, values[field.Str(e, "action_id")])}
	if problem != "" {
		lines = append(lines, "  ✗ "+problem)
	}
	if hint := field.Str(field.Obj(b, "hint"), "text"); hint != "" {
		lines = append(lines, "  "+hint)
	}
	return strings.Join(lines, "\n")
}

// element is a button, a menu with what is chosen, or a field with what is typed.
func (s State) element(e, value object) string {
	kind := field.Str(e, "type")
	switch kind {
	case "button", "workflow_button", "icon_button":
		return "[ " + s.text(field.Obj(e, "text")) + " ]"
	case "overflow":
		return "[ … ]"
	case "feedback_buttons":
		return "[ 👍 ] [ 👎 ]"
	case "image":
		return "[image: " + field.Str(e, "alt_text") + "]"
	case "checkboxes", "radio_buttons":
		return s.choices(e, value)
	}
	filled := s.filled(value[blockkit.SlotOf(kind).Key])
	if filled == "" {
		filled = field.Str(field.Obj(e, "placeholder"), "text")
		if filled != "" {
			filled = "‹" + filled + "›"
		}
	}
	if strings.HasSuffix(kind, "_select") {
		return "[ " + orElse(filled, "Select") + " ▾ ]"
	}
	return "[" + filled + "]"
}

// filled is a value of state as people read it.
func (s State) filled(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		if name := s.userName(v); name != v {
			return "@" + name
		}
		if name := s.channelName(v); name != v {
			return "#" + name
		}
		return v
	case object:
		if field.Str(v, "type") == "rich_text" {
			return s.rich(v)
		}
		return s.text(field.Obj(v, "text"))
	case []any:
		parts := make([]string, 0, len(v))
		for _, one := range v {
			parts = append(parts, s.filled(one))
		}
		return strings.Join(parts, ", ")
	default:
		return fmt.Sprint(v)
	}
}

func (s State) choices(e, value object) string {
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
		parts = append(parts, mark+s.text(field.Obj(o, "text")))
	}
	return strings.Join(parts, "  ")
}

func (s State) task(b object) string {
	marks := map[string]string{"pending": "○", "in_progress": "◐", "complete": "✔", "error": "✗"}
	lines := []string{marks[field.Str(b, "status")] + " " + field.Str(b, "title")}
	for _, part := range []string{"details", "output"} {
		if o := field.Obj(b, part); o != nil {
			lines = append(lines, indent(s.rich(o), "    "))
		}
	}
	return strings.Join(lines, "\n")
}

func (s State) table(b object) string {
	var lines []string
	for _, row := range field.List(b, "rows") {
		cells, _ := row.([]any)
		var parts []string
		for _, cell := range field.Objects(cells) {
			parts = append(parts, orElse(field.Str(cell, "text"), s.rich(cell)))
		}
		lines = append(lines, strings.Join(parts, " | "))
	}
	return strings.Join(lines, "\n")
}
