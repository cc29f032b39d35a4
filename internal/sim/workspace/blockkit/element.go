package blockkit

import (
	"slices"
	"strconv"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

// Which element may stand where (Slack's docs, "Block Kit: block elements", and the types in @slack/types).
var (
	Menus = []string{
		"static_select", "external_select", "users_select", "conversations_select", "channels_select",
		"multi_static_select", "multi_external_select", "multi_users_select", "multi_conversations_select", "multi_channels_select",
	}
	pickers         = append([]string{"checkboxes", "radio_buttons", "datepicker", "timepicker"}, Menus...)
	accessories     = append([]string{"button", "image", "overflow", "workflow_button"}, pickers...)
	actionElements  = append([]string{"button", "overflow", "workflow_button", "datetimepicker", "rich_text_input"}, pickers...)
	inputElements   = append([]string{"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input", "file_input", "datetimepicker"}, pickers...)
	contextElements = []string{"image", "plain_text", "mrkdwn"}
	contextActions  = []string{"feedback_buttons", "icon_button"}
)

// element is a block element of one of the given types.
func element(allowed []string) rule {
	return func(r *report, path string, value any) {
		o, ok := value.(object)
		if !ok {
			r.add(path, "must provide an object")
			return
		}
		kind := field.Str(o, "type")
		s, extra := elementShape(kind)
		if s == nil || !slices.Contains(allowed, kind) {
			r.add(path, "unsupported type: %s", kind)
			return
		}
		s.check(r, path, o)
		if extra != nil {
			extra(r, path, o)
		}
		if kind == "file_input" && r.surface != onModal {
			r.add(path, "unsupported type: %s", kind)
		}
	}
}

type crossCheck func(r *report, path string, o object)

// elementShape returns the properties of an element and what must hold between them.
func elementShape(kind string) (shape, crossCheck) {
	switch kind {
	case "button", "workflow_button", "icon_button", "feedback_buttons", "overflow":
		return buttonShape(kind)
	case "image":
		return imageShape(), imageSource
	case "plain_text":
		return shape{"type!": anything, "text!": length(1, 3000), "emoji": boolean}, nil
	case "mrkdwn":
		return shape{"type!": anything, "text!": length(1, 3000), "verbatim": boolean}, nil
	case "checkboxes", "radio_buttons":
		return choiceShape(kind), func(r *report, path string, o object) {
			initialAmong(r, path, o, field.List(o, "options"))
			distinctValues(r, path, field.List(o, "options"))
		}
	case "datepicker":
		return shape{"initial_date": date}.with(actionable, confirmed, focusable, held), nil
	case "timepicker":
		return shape{"initial_time": timeOfDay, "timezone": upTo(255)}.with(actionable, confirmed, focusable, held), nil
	case "datetimepicker":
		return shape{"initial_date_time": isNumber}.with(actionable, confirmed, focusable), nil
	default:
		if s := inputShape(kind); s != nil {
			return s, inputBounds
		}
		return menuShape(kind)
	}
}

func buttonShape(kind string) (shape, crossCheck) {
	button := shape{
		"text!": plain(75), "value": upTo(2000), "accessibility_label": upTo(75),
	}.with(actionable, confirmed)
	switch kind {
	case "button":
		return shape{"url": upTo(3000), "style": oneOf("primary", "danger")}.with(button), nil
	case "icon_button":
		return shape{"icon!": oneOf("trash"), "visible_to_user_ids": items(0, 10, upTo(255))}.with(button), nil
	case "workflow_button":
		return shape{
			"type!": anything, "text!": plain(75), "workflow!": anything, "style": oneOf("primary", "danger"),
			"accessibility_label": upTo(75),
		}.with(actionable, confirmed), nil
	case "feedback_buttons":
		one := shape{"text!": plain(75), "value!": upTo(2000), "accessibility_label": upTo(75)}.rule()
		return shape{"positive_button!": one, "negative_button!": one}.with(actionable), nil
	default:
		return shape{"options!": items(1, 5, option(plain(75), true))}.with(actionable, confirmed), nil
	}
}

func choiceShape(kind string) shape {
	s := shape{"options!": items(1, 10, textOption)}.with(actionable, confirmed, focusable)
	if kind == "checkboxes" {
		s["initial_options"] = items(1, 10, textOption)
	} else {
		s["initial_option"] = textOption
	}
	return s
}

func inputShape(kind string) shape {
	typed := shape{"initial_value": anything}.with(actionable, focusable, held, dispatched)
	switch kind {
	case "plain_text_input":
		return shape{
			"initial_value": upTo(3000), "multiline": boolean,
			"min_length": between(0, 3000), "max_length": between(1, 3000),
		}.with(typed)
	case "email_text_input", "url_text_input":
		return shape{"initial_value": upTo(3000)}.with(typed)
	case "number_input":
		return shape{"is_decimal_allowed!": boolean, "initial_value": numeral, "min_value": numeral, "max_value": numeral}.with(typed)
	case "rich_text_input":
		return shape{"initial_value": richText}.with(typed)
	case "file_input":
		return shape{"filetypes": items(1, 1<<30, upTo(255)), "max_files": between(1, 10)}.with(actionable)
	default:
		return nil
	}
}

// inputBounds: a lower bound above the upper one can never be met.
func inputBounds(r *report, path string, o object) {
	least, has := field.Number(o, "min_length")
	most, capped := field.Number(o, "max_length")
	if has && capped && least > most {
		r.add(path, "min_length must not be greater than max_length")
	}
	low, errLow := strconv.ParseFloat(field.Str(o, "min_value"), 64)
	high, errHigh := strconv.ParseFloat(field.Str(o, "max_value"), 64)
	if errLow == nil && errHigh == nil && low > high {
		r.add(path, "min_value must not be greater than max_value")
	}
}

func menuShape(kind string) (shape, crossCheck) {
	menu := shape{}.with(actionable, confirmed, focusable, held)
	filter := shape{
		"include":                          items(1, 4, oneOf("im", "mpim", "private", "public")),
		"exclude_external_shared_channels": boolean, "exclude_bot_users": boolean,
	}.rule()
	static := shape{"options": items(1, 100, plainOption), "option_groups": items(1, 100, optionGroup)}
	ids := items(1, 1<<30, upTo(255))
	switch kind {
	case "static_select":
		return shape{"initial_option": plainOption}.with(menu, static), staticOptions
	case "multi_static_select":
		return shape{"initial_options": items(1, 100, plainOption)}.with(menu, static, several), staticOptions
	case "external_select":
		return shape{"initial_option": plainOption, "min_query_length": between(0, 1<<30)}.with(menu), nil
	case "multi_external_select":
		return shape{"initial_options": items(1, 100, plainOption), "min_query_length": between(0, 1<<30)}.with(menu, several), nil
	case "users_select":
		return shape{"initial_user": upTo(255)}.with(menu), nil
	case "multi_users_select":
		return shape{"initial_users": ids}.with(menu, several), nil
	case "conversations_select":
		return shape{"initial_conversation": upTo(255), "default_to_current_conversation": boolean, "response_url_enabled": boolean, "filter": filter}.with(menu), nil
	case "multi_conversations_select":
		return shape{"initial_conversations": ids, "default_to_current_conversation": boolean, "filter": filter}.with(menu, several), nil
	case "channels_select":
		return shape{"initial_channel": upTo(255), "response_url_enabled": boolean}.with(menu), nil
	case "multi_channels_select":
		return shape{"initial_channels": ids}.with(menu, several), nil
	default:
		return nil, nil
	}
}

func date(r *report, path string, value any) {
	s, _ := value.(string)
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		r.add(path, "must be a date of the form YYYY-MM-DD")
	}
}

func timeOfDay(r *report, path string, value any) {
	s, _ := value.(string)
	if _, err := time.Parse("15:04", s); err != nil {
		r.add(path, "must be a time of the form HH:mm")
	}
}

// numeral: number inputs carry their numbers as strings.
func numeral(r *report, path string, value any) {
	s, _ := value.(string)
	if _, err := strconv.ParseFloat(s, 64); err != nil {
		r.add(path, "must be a string that holds a number")
	}
}
