package bot

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// node is a JSON object of Block Kit.
type node map[string]any

func (n node) text(key string) string { s, _ := n[key].(string); return s }

func (n node) child(key string) node {
	m, _ := n[key].(map[string]any)
	return m
}

func (n node) list(key string) []node {
	items, _ := n[key].([]any)
	nodes := make([]node, 0, len(items))
	for _, item := range items {
		m, _ := item.(map[string]any)
		nodes = append(nodes, m)
	}
	return nodes
}

const maxMarkdown = 12_000

// misplaced are blocks that a surface does not take (Slack's docs: "Blocks", available in surfaces).
var misplaced = map[string][]string{
	"message": {"alert", "file"},
	"modal":   {"markdown", "table", "plan", "task_card", "data_visualization", "context_actions", "file"},
	"home":    {"alert", "markdown", "table", "plan", "task_card", "data_visualization", "context_actions", "file"},
}

// block checks one block. Types without a case of their own, such as newer ones, get the general checks alone.
func (c *check) block(where string, b node) {
	kind := b.text("type")
	where += " (" + kind + ")"
	if kind == "" {
		c.fault(where, "has no type")
	}
	if slices.Contains(misplaced[c.surface], kind) {
		c.fault(where, "cannot be in a %s", c.surface)
	}
	if id := b.text("block_id"); id != "" {
		c.length(where+" block_id", id, maxID)
		if c.blockIDs[id] {
			c.fault(where, "has the block_id %q of another block", id)
		}
		c.blockIDs[id] = true
	}
	actions := make(map[string]bool)
	switch kind {
	case "section":
		c.section(where, b, actions)
	case "header":
		c.words(where+" text", b.child("text"), 150, true)
	case "actions":
		c.elements(where, b.list("elements"), 25, actions)
	case "context":
		c.context(where, b.list("elements"))
	case "context_actions":
		c.elements(where, b.list("elements"), 5, actions)
	case "image":
		c.image(where, b)
	case "input":
		c.input(where, b, actions)
	case "markdown":
		c.markdown += utf8.RuneCountInString(b.text("text"))
		if b.text("text") == "" {
			c.fault(where, "has no text")
		}
	case "table":
		c.table(where, b)
	case "data_table":
		c.dataTable(where, b)
	case "container":
		c.container(where, b)
	case "alert":
		c.words(where+" text", b.child("text"), 200, false)
	case "plan":
		c.plans++
		c.length(where+" title", b.text("title"), maxText)
		for i, task := range b.list("tasks") {
			c.task(fmt.Sprintf("%s tasks[%d]", where, i), task)
		}
	case "task_card":
		c.tasks++
		c.task(where, b)
	case "rich_text":
		c.count(where+" elements", len(b.list("elements")), 1, 1000)
	case "video":
		c.words(where+" title", b.child("title"), 200, true)
		c.length(where+" alt_text", b.text("alt_text"), 200)
	}
}

func (c *check) section(where string, b node, actions map[string]bool) {
	fields := b.list("fields")
	if b["text"] == nil && len(fields) == 0 {
		c.fault(where, "has neither text nor fields")
	}
	if b["text"] != nil {
		c.words(where+" text", b.child("text"), maxText, false)
	}
	if len(fields) > 0 {
		c.count(where+" fields", len(fields), 1, 10)
	}
	for i, f := range fields {
		c.words(fmt.Sprintf("%s fields[%d]", where, i), f, 2000, false)
	}
	if accessory := b.child("accessory"); accessory != nil {
		c.element(where+" accessory", accessory, actions)
	}
}

func (c *check) context(where string, elements []node) {
	c.count(where+" elements", len(elements), 1, 10)
	for i, e := range elements {
		at := fmt.Sprintf("%s elements[%d]", where, i)
		switch e.text("type") {
		case "image":
			c.image(at, e)
		default:
			c.words(at, e, maxText, false)
		}
	}
}

func (c *check) image(where string, b node) {
	if b.text("image_url") == "" && b["slack_file"] == nil {
		c.fault(where, "has no image")
	}
	c.length(where+" image_url", b.text("image_url"), maxURL)
	if b.text("alt_text") == "" {
		c.fault(where, "has no alt_text")
	}
	c.length(where+" alt_text", b.text("alt_text"), 2000)
	if b["title"] != nil {
		c.words(where+" title", b.child("title"), 2000, true)
	}
}

func (c *check) input(where string, b node, actions map[string]bool) {
	c.inputs++
	c.words(where+" label", b.child("label"), 2000, true)
	if b["hint"] != nil {
		c.words(where+" hint", b.child("hint"), 2000, true)
	}
	e := b.child("element")
	switch e.text("type") {
	case "":
		c.fault(where, "has no element")
	case "button", "overflow", "image", "feedback_buttons", "icon_button", "workflow_button":
		c.fault(where, "cannot hold a %s", e.text("type"))
	default:
		c.element(where+" element", e, actions)
	}
}

func (c *check) table(where string, b node) {
	c.tables++
	rows, _ := b["rows"].([]any)
	c.count(where+" rows", len(rows), 1, 100)
	for i, row := range rows {
		cells, _ := row.([]any)
		c.count(fmt.Sprintf("%s rows[%d]", where, i), len(cells), 1, 20)
	}
}

func (c *check) dataTable(where string, b node) {
	c.length(where+" caption", b.text("caption"), maxText)
	if b.text("caption") == "" {
		c.fault(where, "has no caption")
	}
	rows, _ := b["rows"].([]any)
	c.count(where+" rows", len(rows), 2, 201)
	for i, row := range rows {
		cells, _ := row.([]any)
		c.count(fmt.Sprintf("%s rows[%d]", where, i), len(cells), 1, 20)
		for _, cell := range cells {
			text, _ := cell.(map[string]any)
			c.cells += utf8.RuneCountInString(node(text).text("text"))
		}
	}
	c.count(where+" characters", c.cells, 1, 20_000)
}

func (c *check) container(where string, b node) {
	c.words(where+" title", b.child("title"), 150, true)
	blocks := b.list("child_blocks")
	c.count(where+" child_blocks", len(blocks), 1, 10)
	for i, child := range blocks {
		c.block(fmt.Sprintf("%s child_blocks[%d]", where, i), child)
	}
}

func (c *check) task(where string, b node) {
	if b.text("title") == "" {
		c.fault(where, "has no title")
	}
	if !slices.Contains([]string{"", "pending", "in_progress", "complete", "error"}, b.text("status")) {
		c.fault(where, "has the unknown status %q", b.text("status"))
	}
}

func (c *check) elements(where string, elements []node, most int, actions map[string]bool) {
	c.count(where+" elements", len(elements), 1, most)
	for i, e := range elements {
		c.element(fmt.Sprintf("%s elements[%d]", where, i), e, actions)
	}
}

// words checks a text object.
func (c *check) words(where string, t node, limit int, plainOnly bool) {
	if t == nil {
		c.fault(where, "is missing")
		return
	}
	kind := t.text("type")
	if kind != "plain_text" && (plainOnly || kind != "mrkdwn") {
		c.fault(where, "has the wrong type of text %q", kind)
	}
	if t.text("text") == "" {
		c.fault(where, "is empty")
	}
	c.length(where, t.text("text"), limit)
}
