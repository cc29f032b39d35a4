package workspace

import "slices"

// elementsOf returns every element of a block, wherever the block keeps it.
func elementsOf(b object) []object {
	switch str(b, "type") {
	case "actions", "context_actions":
		return objects(list(b, "elements"))
	case "section":
		if e := obj(b, "accessory"); e != nil {
			return []object{e}
		}
	case "input":
		if e := obj(b, "element"); e != nil {
			return []object{e}
		}
	case "card":
		return objects(list(b, "actions"))
	}
	return nil
}

// flatten returns the blocks and those inside containers.
func flatten(blocks []any) []object {
	var out []object
	for _, b := range objects(blocks) {
		out = append(out, b)
		out = append(out, flatten(list(b, "child_blocks"))...)
	}
	return out
}

func interactive(e object) bool { return str(e, "type") != "image" }

// stateful elements appear in state.values; buttons and overflow menus do not.
func stateful(e object) bool {
	return !slices.Contains([]string{
		"button", "workflow_button", "icon_button", "feedback_buttons", "overflow", "image",
	}, str(e, "type"))
}

// slot is where a kind of element keeps its value in state.values, and which initial_… property fills it.
type slot struct {
	key, initial string
	many         bool // empty is [], not null
}

func slotOf(kind string) slot {
	switch kind {
	case "static_select", "external_select", "radio_buttons", "overflow": // overflow is in actions only
		return slot{"selected_option", "initial_option", false}
	case "multi_static_select", "multi_external_select", "checkboxes":
		return slot{"selected_options", "initial_options", true}
	case "users_select":
		return slot{"selected_user", "initial_user", false}
	case "multi_users_select":
		return slot{"selected_users", "initial_users", true}
	case "conversations_select":
		return slot{"selected_conversation", "initial_conversation", false}
	case "multi_conversations_select":
		return slot{"selected_conversations", "initial_conversations", true}
	case "channels_select":
		return slot{"selected_channel", "initial_channel", false}
	case "multi_channels_select":
		return slot{"selected_channels", "initial_channels", true}
	case "datepicker":
		return slot{"selected_date", "initial_date", false}
	case "timepicker":
		return slot{"selected_time", "initial_time", false}
	case "datetimepicker":
		return slot{"selected_date_time", "initial_date_time", false}
	case "rich_text_input":
		return slot{"rich_text_value", "initial_value", false}
	case "file_input":
		return slot{"files", "", true}
	default: // plain_text_input, email_text_input, url_text_input, number_input
		return slot{"value", "initial_value", false}
	}
}

// valueOf is an element's entry in state.values.
func valueOf(e object, filled any) object {
	s := slotOf(str(e, "type"))
	if empty(filled) {
		filled = nil
		if s.many {
			filled = []any{}
		}
	}
	return object{"type": str(e, "type"), s.key: filled}
}

// empty: an emptied text field is null in state.values, as is one that was never touched.
func empty(v any) bool {
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

func initialValues(blocks []any) map[string]map[string]object { return keepValues(nil, blocks) }

// keepValues carries what was filled in over to new blocks: kept where block_id, action_id and type are the same,
// else the initial value applies (Slack's docs, "modals: updating a view").
func keepValues(old map[string]map[string]object, blocks []any) map[string]map[string]object {
	values := map[string]map[string]object{}
	for _, b := range flatten(blocks) {
		for _, e := range elementsOf(b) {
			if !stateful(e) {
				continue
			}
			block, action := str(b, "block_id"), str(e, "action_id")
			if values[block] == nil {
				values[block] = map[string]object{}
			}
			value := old[block][action]
			if value == nil || str(value, "type") != str(e, "type") {
				value = valueOf(e, e[slotOf(str(e, "type")).initial])
			}
			values[block][action] = value
		}
	}
	return values
}

// stateOf is state as payloads carry it.
func stateOf(values map[string]map[string]object) object {
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
