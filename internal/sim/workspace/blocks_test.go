package workspace_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/blockkit"
)

func long(n int) string { return strings.Repeat("ü", n) }

func many(n int, item func(i int) any) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = item(i)
	}
	return out
}

func same(item object) func(int) any { return func(int) any { return item } }

// decoded passes a value through JSON, as it comes over the wire.
func decoded[T any](t *testing.T, v T) T {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out T
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestMessageLimits: a block at its limit is taken, one beyond is refused with its path.
func TestMessageLimits(t *testing.T) {
	t.Parallel()
	text := func(n int) object { return mrkdwn(long(n)) }
	with := func(o object, name string, value any) object {
		out := object{name: value}
		for k, v := range o {
			if k != name {
				out[k] = v
			}
		}
		return out
	}
	options := func(n int) []any {
		return many(n, func(i int) any {
			return option("o", "v"+string(rune('0'+i/100))+string(rune('0'+i/10%10))+string(rune('0'+i%10)))
		})
	}
	menu := func(n int) object {
		return actions("a", object{"type": "static_select", "action_id": "s", "options": options(n)})
	}
	press := button("ok", "go", "1")
	confirm := object{"title": plain("t"), "text": plain("t"), "confirm": plain("y"), "deny": plain("n")}
	for name, tc := range map[string]struct {
		fits, over any
		path       string
	}{
		"section text":        {object{"type": "section", "text": text(3000)}, object{"type": "section", "text": text(3001)}, "/blocks/0/text/text"},
		"section fields":      {object{"type": "section", "fields": many(10, same(text(1)))}, object{"type": "section", "fields": many(11, same(text(1)))}, "/blocks/0/fields"},
		"field text":          {object{"type": "section", "fields": []any{text(2000)}}, object{"type": "section", "fields": []any{text(2001)}}, "/blocks/0/fields/0/text"},
		"header":              {object{"type": "header", "text": plain(long(150))}, object{"type": "header", "text": plain(long(151))}, "/blocks/0/text/text"},
		"context elements":    {object{"type": "context", "elements": many(10, same(text(1)))}, object{"type": "context", "elements": many(11, same(text(1)))}, "/blocks/0/elements"},
		"actions elements":    {actions("a", many(25, func(i int) any { return button("b", string(rune('a'+i)), "") })...), actions("a", many(26, func(i int) any { return button("b", string(rune('a'+i)), "") })...), "/blocks/0/elements"},
		"button text":         {actions("a", with(press, "text", plain(long(75)))), actions("a", with(press, "text", plain(long(76)))), "/blocks/0/elements/0/text/text"},
		"button value":        {actions("a", with(press, "value", long(2000))), actions("a", with(press, "value", long(2001))), "/blocks/0/elements/0/value"},
		"button url":          {actions("a", with(press, "url", long(3000))), actions("a", with(press, "url", long(3001))), "/blocks/0/elements/0/url"},
		"accessibility label": {actions("a", with(press, "accessibility_label", long(75))), actions("a", with(press, "accessibility_label", long(76))), "/blocks/0/elements/0/accessibility_label"},
		"action id":           {actions("a", with(press, "action_id", long(255))), actions("a", with(press, "action_id", long(256))), "/blocks/0/elements/0/action_id"},
		"block id":            {actions(long(255), press), actions(long(256), press), "/blocks/0/block_id"},
		"confirm title":       {actions("a", with(press, "confirm", with(confirm, "title", plain(long(100))))), actions("a", with(press, "confirm", with(confirm, "title", plain(long(101))))), "/blocks/0/elements/0/confirm/title/text"},
		"confirm text":        {actions("a", with(press, "confirm", with(confirm, "text", plain(long(300))))), actions("a", with(press, "confirm", with(confirm, "text", plain(long(301))))), "/blocks/0/elements/0/confirm/text/text"},
		"confirm button":      {actions("a", with(press, "confirm", with(confirm, "deny", plain(long(30))))), actions("a", with(press, "confirm", with(confirm, "deny", plain(long(31))))), "/blocks/0/elements/0/confirm/deny/text"},
		"select options":      {menu(100), menu(101), "/blocks/0/elements/0/options"},
		"option text":         {actions("a", object{"type": "overflow", "options": []any{option(long(75), "v")}}), actions("a", object{"type": "overflow", "options": []any{option(long(76), "v")}}), "/blocks/0/elements/0/options/0/text/text"},
		"option value":        {actions("a", object{"type": "overflow", "options": []any{option("o", long(150))}}), actions("a", object{"type": "overflow", "options": []any{option("o", long(151))}}), "/blocks/0/elements/0/options/0/value"},
		"overflow options":    {actions("a", object{"type": "overflow", "options": options(5)}), actions("a", object{"type": "overflow", "options": options(6)}), "/blocks/0/elements/0/options"},
		"checkboxes":          {actions("a", object{"type": "checkboxes", "options": options(10)}), actions("a", object{"type": "checkboxes", "options": options(11)}), "/blocks/0/elements/0/options"},
		"placeholder":         {actions("a", object{"type": "users_select", "placeholder": plain(long(150))}), actions("a", object{"type": "users_select", "placeholder": plain(long(151))}), "/blocks/0/elements/0/placeholder/text"},
		"image alt text":      {object{"type": "image", "image_url": "u", "alt_text": long(2000)}, object{"type": "image", "image_url": "u", "alt_text": long(2001)}, "/blocks/0/alt_text"},
		"markdown":            {object{"type": "markdown", "text": long(12000)}, object{"type": "markdown", "text": long(12001)}, "/blocks/0/text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if problems := blockkit.CheckMessage(decoded(t, []any{tc.fits}), false); problems != nil {
				t.Errorf("at the limit: %v", problems)
			}
			problems := blockkit.CheckMessage(decoded(t, []any{tc.over}), false)
			if len(problems) == 0 || !strings.Contains(problems[0], "[json-pointer:"+tc.path+"]") {
				t.Errorf("beyond: got %v, want one at %s", problems, tc.path)
			}
		})
	}
	if problems := blockkit.CheckMessage(decoded(t, many(51, same(section("x")))), false); len(problems) == 0 {
		t.Error("51 blocks were taken")
	}
}

func raw(text string) object { return object{"type": "raw_text", "text": text} }

func row(text string) func(int) any { return func(int) any { return []any{raw(text)} } }

func dataTable(rows ...any) object { return object{"type": "data_table", "caption": "x", "rows": rows} }

func TestMessageRules(t *testing.T) {
	t.Parallel()
	red := option("Red", "r")
	rich := object{"type": "rich_text", "elements": []any{object{"type": "rich_text_section", "elements": []any{object{"type": "text", "text": "x"}}}}}
	task := object{"type": "task_card", "task_id": "1", "title": "Grant", "status": "complete", "details": rich}
	plan := object{"type": "plan", "title": "Steps", "tasks": []any{task}}
	for name, tc := range map[string]struct {
		blocks []any
		want   string // "" is fine
	}{
		"plan":                       {[]any{plan}, ""},
		"task card":                  {[]any{task}, ""},
		"plan and task card":         {[]any{plan, task}, "exclude each other"},
		"completed":                  {[]any{object{"type": "task_card", "task_id": "1", "title": "x", "status": "completed"}}, "must be one of: pending, in_progress, complete, error"},
		"two tables":                 {many(2, same(object{"type": "table", "rows": []any{[]any{object{"type": "raw_text", "text": "x"}}}})), "only one table"},
		"data table":                 {[]any{dataTable([]any{raw("Name"), raw("State")}, []any{rich, raw("x")}, []any{raw("x"), rich})}, ""},
		"data table, one row":        {[]any{dataTable([]any{raw("Name")})}, "no less than 2 items"},
		"data table, rich header":    {[]any{dataTable([]any{rich}, []any{raw("x")})}, "the header row takes only raw_text"},
		"data table, empty cell":     {[]any{dataTable([]any{raw("Name")}, []any{raw("")})}, "must be more than 0 characters"},
		"data table, a button":       {[]any{dataTable([]any{raw("Name")}, []any{object{"type": "action_cell", "element": button("x", "a", "1"), "fallback": raw("x")}})}, "unsupported type: action_cell"},
		"data table, 20000":          {[]any{dataTable(append([]any{[]any{raw("x")}}, many(8, row(long(2500)))...)...)}, "must hold less than 20001"},
		"data table, 202 rows":       {[]any{dataTable(many(202, row("x"))...)}, "no more than 201 items"},
		"unknown block":              {[]any{object{"type": "marquee"}}, "unsupported type: marquee"},
		"no type":                    {[]any{object{"text": "x"}}, "missing required field: type"},
		"unknown element":            {[]any{actions("a", object{"type": "lever"})}, "unsupported type: lever"},
		"unknown property":           {[]any{object{"type": "divider", "color": "red"}}, "invalid additional property: color"},
		"alert in a message":         {[]any{object{"type": "alert", "text": plain("x")}}, "unsupported type: alert"},
		"file in a message":          {[]any{object{"type": "file", "external_id": "x", "source": "remote"}}, "unsupported type: file"},
		"input text outside input":   {[]any{actions("a", object{"type": "plain_text_input", "action_id": "x"})}, "unsupported type: plain_text_input"},
		"button inside input":        {[]any{input("b", "l", button("x", "y", "z"))}, "unsupported type: button"},
		"mrkdwn in a button":         {[]any{actions("a", object{"type": "button", "text": mrkdwn("x")})}, "must be one of: plain_text"},
		"mrkdwn in a header":         {[]any{object{"type": "header", "text": mrkdwn("x")}}, "must be one of: plain_text"},
		"empty text":                 {[]any{section("")}, "must be more than 0 characters"},
		"empty section":              {[]any{object{"type": "section"}}, "must define either text or fields"},
		"empty actions":              {[]any{actions("a")}, "no less than 1 items"},
		"duplicate block_id":         {many(2, same(actions("a", button("x", "y", "z")))), "block_id already exists: a"},
		"duplicate action_id":        {[]any{actions("a", button("x", "same", "1"), button("y", "same", "2"))}, "already exists in this block"},
		"same action_id elsewhere":   {[]any{actions("a", button("x", "same", "1")), actions("b", button("y", "same", "2"))}, ""},
		"initial option not among":   {[]any{actions("a", object{"type": "static_select", "options": []any{red}, "initial_option": option("Blue", "b")})}, "must match one of the options"},
		"initial option, other text": {[]any{actions("a", object{"type": "static_select", "options": []any{red}, "initial_option": option("Rot", "r")})}, "must match one of the options"},
		"initial option among":       {[]any{actions("a", object{"type": "static_select", "options": []any{red}, "initial_option": red})}, ""},
		"options and groups":         {[]any{actions("a", object{"type": "static_select", "options": []any{red}, "option_groups": []any{object{"label": plain("g"), "options": []any{red}}}})}, "either options or option_groups"},
		"neither options nor groups": {[]any{actions("a", object{"type": "static_select"})}, "either options or option_groups"},
		"placeholder is mrkdwn":      {[]any{actions("a", object{"type": "users_select", "placeholder": mrkdwn("x")})}, "must be one of: plain_text"},
		"button style":               {[]any{actions("a", object{"type": "button", "text": plain("x"), "style": "default"})}, "must be one of: primary, danger"},
		"image without source":       {[]any{object{"type": "image", "alt_text": "x"}}, "either image_url or slack_file"},
		"max_length too high":        {[]any{input("b", "l", object{"type": "plain_text_input", "max_length": 3001})}, "less than or equal to 3000"},
		"min above max":              {[]any{input("b", "l", object{"type": "plain_text_input", "min_length": 9, "max_length": 8})}, "min_length"},
		"number without decimals":    {[]any{input("b", "l", object{"type": "number_input"})}, "missing required field: is_decimal_allowed"},
		"date":                       {[]any{actions("a", object{"type": "datepicker", "initial_date": "1.2.2026"})}, "YYYY-MM-DD"},
		"rich text element":          {[]any{object{"type": "rich_text", "elements": []any{object{"type": "rich_text_section", "elements": []any{object{"type": "blink"}}}}}}, "unsupported type: blink"},
		"not an object":              {[]any{"hello"}, "must provide an object"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := strings.Join(blockkit.CheckMessage(decoded(t, tc.blocks), false), "\n")
			if tc.want == "" && problems != "" {
				t.Errorf("refused: %s", problems)
			}
			if !strings.Contains(problems, tc.want) {
				t.Errorf("got %q, want %q", problems, tc.want)
			}
		})
	}
}

func TestViewRules(t *testing.T) {
	t.Parallel()
	change := func(f func(object)) object {
		v := modal(aliasInput())
		f(v)
		return v
	}
	set := func(name string, value any) object { return change(func(v object) { v[name] = value }) }
	focused := func(block string) object {
		return input(block, "l", object{"type": "plain_text_input", "action_id": "a", "focus_on_load": true})
	}
	for name, tc := range map[string]struct {
		view object
		code string
		want string
	}{
		"fine":                    {modal(aliasInput()), "", ""},
		"title at its limit":      {set("title", plain(long(24))), "", ""},
		"title":                   {set("title", plain(long(25))), "invalid_arguments", "/view/title/text"},
		"title as mrkdwn":         {set("title", mrkdwn("x")), "invalid_arguments", "must be one of: plain_text"},
		"no title":                {change(func(v object) { delete(v, "title") }), "invalid_arguments", "missing required field: title"},
		"submit":                  {set("submit", plain(long(25))), "invalid_arguments", "/view/submit/text"},
		"close":                   {set("close", plain(long(25))), "invalid_arguments", "/view/close/text"},
		"no submit with an input": {change(func(v object) { delete(v, "submit") }), "invalid_arguments", "missing required field: submit"},
		"no submit, no input":     {object{"type": "modal", "title": plain("x"), "blocks": []any{section("x")}}, "", ""},
		"private_metadata":        {set("private_metadata", long(3001)), "invalid_arguments", "/view/private_metadata"},
		"callback_id":             {set("callback_id", long(256)), "invalid_arguments", "/view/callback_id"},
		"external_id":             {set("external_id", long(256)), "invalid_arguments", "/view/external_id"},
		"100 blocks":              {modal(many(100, same(section("x")))...), "", ""},
		"101 blocks":              {modal(many(101, same(section("x")))...), "invalid_arguments", "no more than 100 items"},
		"no blocks":               {modal(), "invalid_arguments", "/view/blocks"},
		"too large":               {modal(many(100, same(object{"type": "section", "text": plain(strings.Repeat("x", 2900))}))...), "view_too_large", ""},
		"alert in a modal":        {modal(object{"type": "alert", "text": plain("x"), "level": "warning"}), "", ""},
		"markdown in a modal":     {modal(object{"type": "markdown", "text": "x"}), "invalid_arguments", "unsupported type: markdown"},
		"table in a modal":        {modal(object{"type": "table", "rows": []any{}}), "invalid_arguments", "unsupported type: table"},
		"plan in a modal":         {modal(object{"type": "plan", "title": "x"}), "invalid_arguments", "unsupported type: plan"},
		"unknown property":        {set("submit_disabled", true), "invalid_arguments", "invalid additional property: submit_disabled"},
		"two focused":             {modal(focused("a"), focused("b")), "invalid_arguments", "only one element may set focus_on_load"},
		"file input":              {modal(input("f", "l", object{"type": "file_input", "action_id": "f", "max_files": 11})), "invalid_arguments", "less than or equal to 10"},
		"home with a title":       {object{"type": "home", "title": plain("x"), "blocks": []any{section("x")}}, "invalid_arguments", "invalid additional property: title"},
		"alert at home":           {object{"type": "home", "blocks": []any{object{"type": "alert", "text": plain("x")}}}, "invalid_arguments", "unsupported type: alert"},
		"home":                    {object{"type": "home", "blocks": []any{section("x"), object{"type": "divider"}}}, "", ""},
		"unknown type":            {object{"type": "window", "title": plain("x"), "blocks": []any{section("x")}}, "invalid_arguments", "/view/type"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, problems := blockkit.CheckView(decoded(t, tc.view), false)
			if code != tc.code || !strings.Contains(strings.Join(problems, "\n"), tc.want) {
				t.Errorf("got %q %v, want %q %q", code, problems, tc.code, tc.want)
			}
		})
	}
}

func TestWorkspaceWithoutNewBlocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *workspace.Options) { o.RefuseNewBlocks = true })
	out := w.refused("invalid_blocks", "chat.postMessage", object{"channel": "COPS", "text": "x", "blocks": []any{object{"type": "plan", "title": "x"}}})
	table := object{"type": "data_table", "caption": "x", "rows": []any{[]any{raw("a")}, []any{raw("b")}}}
	w.refused("invalid_blocks", "chat.postMessage", object{"channel": "COPS", "text": "x", "blocks": []any{table}})
	newWorld(t, func(*workspace.Options) {}).ok("chat.postMessage", object{"channel": "COPS", "text": "x", "blocks": []any{table}})
	if messages, _ := dig(out, "response_metadata")["messages"].([]any); len(messages) != 1 {
		t.Errorf("messages: %v", out)
	}
}
