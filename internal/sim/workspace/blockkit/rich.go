package blockkit

import (
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

// The larger blocks: rich text, tables, plans and cards.

func richBlockShape(kind string) (shape, crossCheck) {
	switch kind {
	case "table":
		return shape{
			"rows!":           items(1, 100, items(1, 20, tableCell)),
			"column_settings": items(0, 20, shape{"align": oneOf("left", "center", "right"), "is_wrapped": boolean}.rule()),
		}, nil
	case "data_table":
		return shape{
			"caption!": length(1, 3000), "rows!": items(2, 201, items(1, 20, tableCell)),
			"page_size": between(1, 100), "row_header_column_index": between(0, 19),
		}, dataTable
	case "task_card":
		return shape{
			"task_id!": length(1, 255), "title!": length(1, 3000), "hide_title": boolean,
			// "completed" is what one writes first, and what Slack refuses.
			"status!": oneOf("pending", "in_progress", "complete", "error"),
			"details": richText, "output": richText,
			"sources": items(1, 1<<30, shape{"type!": oneOf("url"), "url!": length(1, 3000), "text!": length(1, 3000)}.rule()),
		}, nil
	case "plan":
		return shape{"title!": length(1, 3000), "tasks": items(1, 1<<30, taskCard)}, uniqueTasks
	case "card":
		image := shape{}.with(imageShape()).rule()
		return shape{
			"hero_image": image, "icon": image, "slack_icon": anything, "title": mrkdwn(150), "subtitle": mrkdwn(150),
			"body": mrkdwn(200), "subtext": mrkdwn(200), "actions": items(1, 3, element([]string{"button"})),
		}, cardHasSomething
	case "carousel":
		return shape{"elements!": items(1, 10, onlyBlock("card"))}, nil
	case "container":
		return shape{
			"title": plain(150), "rich_text_title": richText, "subtitle": text(150), "icon": imageShape().rule(),
			"width": oneOf("narrow", "standard", "wide", "full"), "is_collapsible": boolean,
			"default_collapsed": boolean, "has_header_divider": boolean,
			"child_blocks!": items(1, 10, func(r *report, path string, v any) { r.block(path, v, childBlocks) }),
		}, nil
	case "video":
		return shape{
			"alt_text!": length(1, 200), "title!": plain(200), "video_url!": upTo(3000), "thumbnail_url!": upTo(3000),
			"title_url": upTo(3000), "author_name": upTo(50), "provider_name": upTo(50), "provider_icon_url": upTo(3000),
			"description": plain(200),
		}, nil
	case "data_visualization":
		return shape{"title!": length(1, 50), "chart!": anything}, nil
	default:
		return nil, nil
	}
}

func onlyBlock(kind string) rule {
	return func(r *report, path string, value any) { r.block(path, value, []string{kind}) }
}

// taskCard is a task within a plan; its block_id, if any, counts among those of the message.
func taskCard(r *report, path string, value any) { r.block(path, value, []string{"task_card"}) }

func uniqueTasks(r *report, path string, o object) {
	seen := map[string]bool{}
	for i, task := range field.Objects(field.List(o, "tasks")) {
		name := field.Str(task, "task_id")
		if seen[name] {
			r.add(fmt.Sprintf("%s/tasks/%d/task_id", path, i), "task_id %q is not unique", name)
		}
		seen[name] = true
	}
}

func cardHasSomething(r *report, path string, o object) {
	if o["hero_image"] == nil && o["title"] == nil && o["actions"] == nil && o["body"] == nil {
		r.add(path, "must define at least one of hero_image, title, actions, body")
	}
}

func tableCell(r *report, path string, value any) {
	o, _ := value.(object)
	switch kind := field.Str(o, "type"); kind {
	case "raw_text":
		shape{"type!": anything, "text!": length(1, 3000)}.check(r, path, value)
	case "raw_number":
		shape{"type!": anything, "value!": isNumber, "text": length(1, 3000)}.check(r, path, value)
	case "rich_text":
		richText(r, path, value)
	default:
		r.add(path, "unsupported type: %s", kind)
	}
}

// richText is a whole rich_text block inside another thing.
func richText(r *report, path string, value any) {
	shape{"type!": oneOf("rich_text"), "block_id": id, "elements!": items(1, 1<<30, richTextElement)}.check(r, path, value)
}

func richTextElement(r *report, path string, value any) {
	o, _ := value.(object)
	inline := items(0, 1<<30, richTextInline)
	switch kind := field.Str(o, "type"); kind {
	case "rich_text_section":
		shape{"type!": anything, "elements!": inline}.check(r, path, value)
	case "rich_text_quote":
		shape{"type!": anything, "elements!": inline, "border": between(0, 1)}.check(r, path, value)
	case "rich_text_preformatted":
		shape{"type!": anything, "elements!": inline, "border": between(0, 1), "language": upTo(255)}.check(r, path, value)
	case "rich_text_list":
		shape{
			"type!": anything, "style!": oneOf("bullet", "ordered"), "indent": between(0, 8), "offset": between(0, 1<<30),
			"border": between(0, 1), "elements!": items(0, 1<<30, richTextElement),
		}.check(r, path, value)
	default:
		r.add(path, "unsupported type: %s", kind)
	}
}

var inlineStyle = shape{"style": shape{
	"bold": boolean, "italic": boolean, "strike": boolean, "code": boolean, "underline": boolean,
	"highlight": boolean, "client_highlight": boolean, "unlink": boolean,
}.rule()}

func richTextInline(r *report, path string, value any) {
	o, _ := value.(object)
	common := shape{"type!": anything}.with(inlineStyle)
	switch kind := field.Str(o, "type"); kind {
	case "text":
		shape{"text!": length(1, 1<<30)}.with(common).check(r, path, value)
	case "link":
		shape{"url!": length(1, 3000), "text": upTo(1 << 30), "unsafe": boolean}.with(common).check(r, path, value)
	case "user":
		shape{"user_id!": length(1, 255)}.with(common).check(r, path, value)
	case "usergroup":
		shape{"usergroup_id!": length(1, 255)}.with(common).check(r, path, value)
	case "channel":
		shape{"channel_id!": length(1, 255)}.with(common).check(r, path, value)
	case "broadcast":
		shape{"range!": oneOf("here", "channel", "everyone")}.with(common).check(r, path, value)
	case "emoji":
		shape{"name!": length(1, 255), "unicode": upTo(255), "skin_tone": between(1, 6)}.with(common).check(r, path, value)
	case "date":
		shape{"timestamp!": isNumber, "format!": length(1, 3000), "url": upTo(3000), "fallback": upTo(3000), "timezone": upTo(255)}.with(common).check(r, path, value)
	case "color":
		shape{"value!": length(1, 255)}.with(common).check(r, path, value)
	default:
		r.add(path, "unsupported type: %s", kind)
	}
}
