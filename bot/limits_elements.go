package bot

import "fmt"

const (
	maxChoices     = 100 // options of a select, groups, options of a group
	maxButtonText  = 75
	maxButtonValue = 2000
	maxOptionText  = 75
	maxOptionValue = 150 // 75 in the doc comments of @slack/types, 150 in Slack's docs
	maxPlaceholder = 150
)

// element checks an interactive element. actions are the action_ids of its block so far.
func (c *check) element(where string, e node, actions map[string]bool) {
	kind := e.text("type")
	where += " (" + kind + ")"
	if id := e.text("action_id"); id != "" {
		c.length(where+" action_id", id, maxID)
		if actions[id] {
			c.fault(where, "has the action_id %q of another element in its block", id)
		}
		actions[id] = true
	}
	if e["focus_on_load"] == true {
		c.focused++
	}
	if e["placeholder"] != nil {
		c.words(where+" placeholder", e.child("placeholder"), maxPlaceholder, true)
	}
	if e["confirm"] != nil {
		c.confirm(where+" confirm", e.child("confirm"))
	}
	switch kind {
	case "":
		c.fault(where, "has no type")
	case "button", "workflow_button":
		c.words(where+" text", e.child("text"), maxButtonText, true)
		c.length(where+" value", e.text("value"), maxButtonValue)
		c.length(where+" url", e.text("url"), maxURL)
		c.length(where+" accessibility_label", e.text("accessibility_label"), maxButtonText)
	case "image":
		c.image(where, e)
	case "overflow":
		c.options(where, e.list("options"), 5, true)
	case "checkboxes", "radio_buttons":
		c.options(where, e.list("options"), 10, false)
	case "static_select", "multi_static_select":
		c.choices(where, e)
	case "plain_text_input":
		c.within(where, e, "max_length", 1, maxText)
		c.within(where, e, "min_length", 0, maxText)
		c.length(where+" initial_value", e.text("initial_value"), maxText)
	}
}

// choices checks a static select: options or groups of them, not both.
func (c *check) choices(where string, e node) {
	options, groups := e.list("options"), e.list("option_groups")
	if len(groups) == 0 {
		c.options(where, options, maxChoices, true)
		return
	}
	if len(options) > 0 {
		c.fault(where, "has both options and option_groups")
	}
	c.count(where+" option_groups", len(groups), 1, maxChoices)
	for i, g := range groups {
		at := fmt.Sprintf("%s option_groups[%d]", where, i)
		c.words(at+" label", g.child("label"), maxOptionText, true)
		c.options(at, g.list("options"), maxChoices, true)
	}
}

func (c *check) options(where string, options []node, most int, plainOnly bool) {
	c.count(where+" options", len(options), 1, most)
	for i, o := range options {
		at := fmt.Sprintf("%s options[%d]", where, i)
		c.words(at+" text", o.child("text"), maxOptionText, plainOnly)
		if o["description"] != nil {
			c.words(at+" description", o.child("description"), maxOptionText, plainOnly)
		}
		c.length(at+" value", o.text("value"), maxOptionValue)
		c.length(at+" url", o.text("url"), maxURL)
	}
}

func (c *check) confirm(where string, d node) {
	c.words(where+" title", d.child("title"), 100, true)
	c.words(where+" text", d.child("text"), 300, false)
	c.words(where+" confirm", d.child("confirm"), 30, true)
	c.words(where+" deny", d.child("deny"), 30, true)
}

func (c *check) within(where string, e node, key string, least, most float64) {
	if n, ok := e[key].(float64); ok && (n < least || n > most) {
		c.fault(where+" "+key, "is %v, not %v to %v", n, least, most)
	}
}
