package workspace

// Limits of Slack's docs ("views", "chat.postMessage").
const (
	maxMessageBlocks = 50
	maxViewBlocks    = 100
	maxViewBytes     = 250_000
)

// CheckMessage returns what Slack would say of a message's blocks, decoded from JSON; nil if it would take them.
func CheckMessage(blocks []any) []string { return checkMessage(blocks, false) }

func checkMessage(blocks []any, noNew bool) []string {
	r := &report{surface: OnMessage, noNew: noNew, blockIDs: map[string]bool{}}
	items(0, maxMessageBlocks, block)(r, "/blocks", blocks)
	tables, plans, cards := 0, 0, 0
	markdown := 0
	for _, o := range objects(blocks) {
		switch str(o, "type") {
		case "table":
			tables++
		case "plan":
			plans++
		case "task_card":
			cards++
		case "markdown":
			markdown += len([]rune(str(o, "text")))
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

// CheckView returns the error string and the messages with which Slack would refuse a view, decoded from
// JSON; an empty error if it would take it.
func CheckView(view map[string]any) (code string, problems []string) { return checkView(view, false) }

func checkView(view map[string]any, noNew bool) (code string, problems []string) {
	if len(marshal(view)) > maxViewBytes {
		return "view_too_large", nil
	}
	r := &report{noNew: noNew, blockIDs: map[string]bool{}}
	common := shape{
		"type!": oneOf("modal", "home"), "blocks!": items(1, maxViewBlocks, block), "private_metadata": upTo(3000),
		"callback_id": upTo(255), "external_id": upTo(255),
	}
	if str(view, "type") == "home" {
		r.surface = OnHome
		common.check(r, "/view", view)
	} else {
		r.surface = OnModal
		shape{
			"title!": plain(24), "submit": plain(24), "close": plain(24),
			"clear_on_close": boolean, "notify_on_close": boolean,
		}.with(common).check(r, "/view", view)
		if view["submit"] == nil && hasInput(list(view, "blocks")) {
			r.add("/view", "missing required field: submit")
		}
	}
	if len(r.problems) > 0 {
		return "invalid_arguments", r.problems
	}
	return "", nil
}

func hasInput(blocks []any) bool {
	for _, o := range objects(blocks) {
		if str(o, "type") == "input" || hasInput(list(o, "child_blocks")) {
			return true
		}
	}
	return false
}
