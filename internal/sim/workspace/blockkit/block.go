package blockkit

import (
	"slices"
	"strconv"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

var commonBlocks = []string{
	"section", "divider", "image", "actions", "context", "input", "header", "rich_text", "video",
	"card", "carousel", "container",
}

// newBlocks are blocks that not every workspace has.
var newBlocks = []string{"plan", "task_card", "container", "data_table", "alert"}

// allowedBlocks: Slack's docs say for every block on which surfaces it may be.
func allowedBlocks(surface surface) []string {
	switch surface {
	case onModal:
		return append([]string{"alert"}, commonBlocks...)
	case onHome:
		return commonBlocks
	case onMessage:
		return append([]string{"markdown", "table", "data_table", "data_visualization", "plan", "task_card", "context_actions"}, commonBlocks...)
	}
	return nil
}

var childBlocks = []string{"actions", "context", "divider", "header", "image", "input", "rich_text", "section", "table", "video"}

// block is one block of a surface.
func block(r *report, path string, value any) { r.block(path, value, allowedBlocks(r.surface)) }

func (r *report) block(path string, value any, allowed []string) {
	o, ok := value.(object)
	if !ok {
		r.add(path, "must provide an object")
		return
	}
	kind := field.Str(o, "type")
	if kind == "" {
		r.add(path, "missing required field: type")
		return
	}
	s, extra := blockShape(kind)
	if s == nil || !slices.Contains(allowed, kind) || (r.noNew && slices.Contains(newBlocks, kind)) {
		r.add(path+"/type", "unsupported type: %s", kind)
		return
	}
	s.with(shape{"type!": anything, "block_id": id}).check(r, path, o)
	if extra != nil {
		extra(r, path, o)
	}
	if name := field.Str(o, "block_id"); name != "" {
		if r.blockIDs[name] {
			r.add(path+"/block_id", "block_id already exists: %s", name)
		}
		r.blockIDs[name] = true
	}
}

func blockShape(kind string) (shape, crossCheck) {
	switch kind {
	case "section":
		return shape{
			"text": text(3000), "fields": items(1, 10, text(2000)), "accessory": element(accessories), "expand": boolean,
		}, saysSomething
	case "divider":
		return shape{}, nil
	case "header":
		return shape{"text!": plain(150), "level": between(1, 6)}, nil
	case "image":
		return imageShape().with(shape{"title": plain(2000)}), imageSource
	case "actions":
		return shape{"elements!": items(1, 25, element(actionElements))}, uniqueActionIDs
	case "context":
		return shape{"elements!": items(1, 10, element(contextElements))}, nil
	case "context_actions":
		return shape{"elements!": items(1, 5, element(contextActions))}, uniqueActionIDs
	case "input":
		return shape{
			"label!": plain(2000), "hint": plain(2000), "optional": boolean, "dispatch_action": boolean,
			"element!": element(inputElements),
		}, nil
	case "alert":
		return shape{"text!": text(200), "level": oneOf("default", "info", "warning", "error", "success")}, nil
	case "markdown":
		return shape{"text!": length(1, 12000)}, nil
	case "rich_text":
		return shape{"elements!": items(1, 1<<30, richTextElement)}, nil
	default:
		return richBlockShape(kind)
	}
}

func saysSomething(r *report, path string, o object) {
	if o["text"] == nil && o["fields"] == nil {
		r.add(path, "must define either text or fields")
	}
}

func imageShape() shape {
	return shape{
		"type!": anything, "alt_text!": length(1, 2000), "image_url": length(1, 3000),
		"slack_file": shape{"id": upTo(255), "url": upTo(3000)}.rule(),
	}
}

func imageSource(r *report, path string, o object) {
	if (o["image_url"] == nil) == (o["slack_file"] == nil) {
		r.add(path, "must define either image_url or slack_file")
	}
}

// uniqueActionIDs: action_id "should be unique among all other action_ids in the containing block".
func uniqueActionIDs(r *report, path string, o object) {
	seen := map[string]bool{}
	for i, e := range field.Objects(field.List(o, "elements")) {
		name := field.Str(e, "action_id")
		if name != "" && seen[name] {
			r.add(path+"/elements/"+strconv.Itoa(i)+"/action_id", "action_id %q already exists in this block", name)
		}
		seen[name] = true
	}
}
