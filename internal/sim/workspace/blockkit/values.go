package blockkit

import (
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

// Elements returns every element of a block, wherever the block keeps it.
func Elements(b map[string]any) []map[string]any {
	switch field.Str(b, "type") {
	case "actions", "context_actions":
		return field.Objects(field.List(b, "elements"))
	case "section":
		if e := field.Obj(b, "accessory"); e != nil {
			return []object{e}
		}
	case "input":
		if e := field.Obj(b, "element"); e != nil {
			return []object{e}
		}
	case "card":
		return field.Objects(field.List(b, "actions"))
	}
	return nil
}

// Flatten returns the blocks and those inside containers.
func Flatten(blocks []any) []map[string]any {
	var out []object
	for _, b := range field.Objects(blocks) {
		out = append(out, b)
		out = append(out, Flatten(field.List(b, "child_blocks"))...)
	}
	return out
}

func interactive(e object) bool { return field.Str(e, "type") != "image" }

// Stateful elements appear in state.values; buttons and overflow menus do not.
func Stateful(e object) bool {
	return !slices.Contains([]string{
		"button", "workflow_button", "icon_button", "feedback_buttons", "overflow", "image",
	}, field.Str(e, "type"))
}

// Slot is where a kind of element keeps its value in state.values, and which initial_… property fills it.
type Slot struct {
	Key, initial string
	Many         bool // empty is [], not null
}

// SlotOf is the slot of a kind of element.
func SlotOf(kind string) Slot {
	switch kind {
	case "static_select", "external_select", "radio_buttons", "overflow": // overflow is in actions only
		return Slot{"selected_option", "initial_option", false}
	case "multi_static_select", "multi_external_select", "checkboxes":
		return Slot{"selected_options", "initial_options", true}
	case "users_select":
		return Slot{"selected_user", "initial_user", false}
	case "multi_users_select":
		return Slot{"selected_users", "initial_users", true}
	case "conversations_select":
		return Slot{"selected_conversation", "initial_conversation", false}
	case "multi_conversations_select":
		return Slot{"selected_conversations", "initial_conversations", true}
	case "channels_select":
		return Slot{"selected_channel", "initial_channel", false}
	case "multi_channels_select":
		return Slot{"selected_channels", "initial_channels", true}
	case "datepicker":
		return Slot{"selected_date", "initial_date", false}
	case "timepicker":
		return Slot{"selected_time", "initial_time", false}
	case "datetimepicker":
		return Slot{"selected_date_time", "initial_date_time", false}
	case "rich_text_input":
		return Slot{"rich_text_value", "initial_value", false}
	case "file_input":
		return Slot{"files", "", true}
	default: // plain_text_input, email_text_input, url_text_input, number_input
		return Slot{"value", "initial_value", false}
	}
}

// Value is an element's entry in state.values.
func Value(e map[string]any, filled any) map[string]any {
	s := SlotOf(field.Str(e, "type"))
	if Empty(filled) {
		filled = nil
		if s.Many {
			filled = []any{}
		}
	}
	return object{"type": field.Str(e, "type"), s.Key: filled}
}

// Empty reports whether nothing is filled in: an emptied text field is null in state.values, as is one that was never touched.
func Empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	default:
		return false
	}
}

// KeepValues carries what was filled in over to new blocks: kept where block_id, action_id and type are the same,
// else the initial value applies (Slack's docs, "modals: updating a view").
func KeepValues(old map[string]map[string]map[string]any, blocks []any) map[string]map[string]map[string]any {
	values := map[string]map[string]object{}
	for _, b := range Flatten(blocks) {
		for _, e := range Elements(b) {
			if !Stateful(e) {
				continue
			}
			block, action := field.Str(b, "block_id"), field.Str(e, "action_id")
			if values[block] == nil {
				values[block] = map[string]object{}
			}
			value := old[block][action]
			if value == nil || field.Str(value, "type") != field.Str(e, "type") {
				value = Value(e, e[SlotOf(field.Str(e, "type")).initial])
			}
			values[block][action] = value
		}
	}
	return values
}

// State is state as payloads carry it.
func State(values map[string]map[string]map[string]any) map[string]any {
	blocks := object{}
	for block, actions := range values {
		inner := object{}
		for action, value := range actions {
			inner[action] = value
		}
		blocks[block] = inner
	}
	return object{"values": blocks}
}
