package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/recording"
)

// said is something that went to Slack or came from it, and the type of slack/shapes.ts that it must have.
type said struct {
	as    string
	value any
	where string
}

// typed lets TypeScript hold literals against Slack's published types. Each stands as a literal with "satisfies": read
// from a JSON file, its strings would be too wide to mean anything. It returns what the compiler says, each complaint
// with the first place it is about.
func typed(t *testing.T, all []said) map[string]string {
	t.Helper()
	var src bytes.Buffer
	src.WriteString("import type { Answers, Blocks, Calls, Home, Modal, Payloads } from '../shapes.js';\n")
	lines := map[int]string{} // of the source → where it is from
	seen, n := map[string]bool{}, 1
	for _, s := range all {
		raw, err := json.Marshal(s.value)
		must(t, err)
		line := fmt.Sprintf("(%s) satisfies %s;\n", raw, s.as)
		if seen[line] {
			continue
		}
		seen[line] = true
		n++
		lines[n] = s.where
		src.WriteString(line)
	}
	name := regexp.MustCompile(`\W+`).ReplaceAllString(t.Name(), "_") + ".ts"
	file := filepath.Join("slack", "generated", name)
	must(t, os.WriteFile(file, src.Bytes(), 0o600))
	defer func() { _ = os.Remove(file) }()
	cmd := exec.CommandContext(t.Context(), "node", "node_modules/typescript/bin/tsc", "-p", ".")
	cmd.Dir = "slack"
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	found := map[string]string{}
	fault := regexp.MustCompile(regexp.QuoteMeta(name) + `\((\d+),\d+\): (.*(?:\n .*)*)`)
	for _, m := range fault.FindAllStringSubmatch(string(out), -1) {
		line, err := strconv.Atoi(m[1])
		must(t, err)
		if found[m[2]] == "" {
			found[m[2]] = lines[line]
		}
	}
	if len(found) == 0 {
		t.Fatalf("the compiler does not work: %v\n%s", err, out)
	}
	return found
}

func report(t *testing.T, found map[string]string) {
	t.Helper()
	for _, what := range slices.Sorted(maps.Keys(found)) {
		t.Errorf("%s: %s", found[what], what)
	}
}

// fields of the Web API that are JSON inside a form, and those that a form spells as text.
var (
	jsonFields = []string{"blocks", "view", "metadata", "files"}
	flags      = []string{"unfurl_links", "unfurl_media", "include_all_metadata", "inclusive", "replace_original", "delete_original", "return_im", "reply_broadcast"}
	numbers    = []string{"limit", "length"}
)

// arguments turns a form's texts back into what they stand for.
func arguments(t *testing.T, args map[string]any) map[string]any {
	t.Helper()
	out := maps.Clone(args)
	for name, v := range args {
		text, ok := v.(string)
		if !ok {
			continue
		}
		switch {
		case slices.Contains(jsonFields, name):
			var in any
			must(t, json.Unmarshal([]byte(text), &in))
			out[name] = in
		case slices.Contains(flags, name):
			out[name] = text == "true" || text == "1"
		case slices.Contains(numbers, name):
			n, err := strconv.Atoi(text)
			must(t, err)
			out[name] = n
		}
	}
	return out
}

// spoken is all that a recording holds of Slack.
func spoken(t *testing.T, lines []recording.Line) []said {
	t.Helper()
	var out []said
	for _, l := range lines {
		switch {
		case l.Call != nil:
			where := l.Story + ": " + l.Call.Method
			out = append(out, said{fmt.Sprintf("Calls['%s']", l.Call.Method), arguments(t, l.Call.Args), where})
		case l.Delivery != nil:
			kind, payload := l.Delivery.Kind, publicShape(l.Delivery.Payload)
			if s, ok := payload["type"].(string); ok {
				kind = s
			}
			where := l.Story + ": " + kind
			out = append(out, said{fmt.Sprintf("Payloads['%s']", kind), payload, where})
			if l.Delivery.Answer != nil {
				out = append(out, said{fmt.Sprintf("Answers['%s']", kind), l.Delivery.Answer, where + " answered"})
			}
		}
	}
	return out
}

// publicShape takes out what Slack's published examples have and Bolt's types do not; it changes payload.
func publicShape(payload map[string]any) map[string]any {
	if payload["enterprise"] == nil {
		delete(payload, "enterprise") // null in the examples, absent in the types
	}
	kind := payload["type"]
	if user, ok := payload["user"].(map[string]any); ok && kind != "block_actions" {
		delete(user, "username") // beside name in the examples of view_submission
	}
	if kind == "block_actions" && payload["response_url"] == nil {
		payload["response_url"] = "" // required by the type; an action in a view has none
	}
	if event, ok := payload["event"].(map[string]any); ok {
		delete(event, "view") // as Slack keeps it; the type has it as an app sends it
	}
	if payload["context_enterprise_id"] == nil {
		delete(payload, "context_enterprise_id") // null outside of Enterprise Grid, absent in the types
	}
	for _, action := range objects(payload["actions"]) {
		delete(action, "style")   // sent back as the app gave it
		delete(action, "confirm") // likewise; the type has the old attachments' confirm, whose texts are strings
	}
	withoutDescriptions(payload)
	return payload
}

// withoutDescriptions takes the description off chosen options: Slack sends an option back whole, while the types
// have its text and value only.
func withoutDescriptions(v any) {
	switch v := v.(type) {
	case map[string]any:
		if chosen, ok := v["selected_option"].(map[string]any); ok {
			delete(chosen, "description")
		}
		for _, chosen := range objects(v["selected_options"]) {
			delete(chosen, "description")
		}
		for _, in := range v {
			withoutDescriptions(in)
		}
	case []any:
		for _, in := range v {
			withoutDescriptions(in)
		}
	}
}

func objects(v any) []map[string]any {
	var out []map[string]any
	list, _ := v.([]any)
	for _, in := range list {
		if o, ok := in.(map[string]any); ok {
			out = append(out, o)
		}
	}
	return out
}

func TestWhatTheStoriesSayToSlackIsTyped(t *testing.T) {
	needNode(t)
	report(t, typed(t, spoken(t, stories(t))))
}

// TestGoldenFilesAreTyped holds every modal and card that has a golden file, also those that no story shows.
func TestGoldenFilesAreTyped(t *testing.T) {
	needNode(t)
	files, err := filepath.Glob("../../handlers/testdata/*.golden.json")
	must(t, err)
	var all []said
	for _, name := range files {
		if strings.HasPrefix(filepath.Base(name), "proposal_") {
			continue // what a card is drawn from, never sent to Slack
		}
		raw, err := os.ReadFile(name)
		must(t, err)
		var v map[string]any
		if raw[0] == '[' { // a part of the home tab
			raw = []byte(`{"type":"home","blocks":` + string(raw) + `}`)
		}
		must(t, json.Unmarshal(raw, &v))
		s := said{"{ blocks: Blocks, text?: string, response_type?: 'ephemeral' | 'in_channel', replace_original?: boolean }", v, filepath.Base(name)}
		switch {
		case v["type"] == "modal":
			s.as = "Modal"
		case v["type"] == "home":
			s.as = "Home"
		case v["options"] != nil || v["option_groups"] != nil:
			s.as = "Answers['block_suggestion']"
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		t.Fatal("there are no golden files")
	}
	report(t, typed(t, all))
}

// TestPayloadsOfOurTestsAreTyped: the bot's own tests feed it payloads, which must be Slack's.
func TestPayloadsOfOurTestsAreTyped(t *testing.T) {
	needNode(t)
	files, err := filepath.Glob("../../bot/testdata/*.json")
	must(t, err)
	var all []said
	for _, name := range files {
		raw, err := os.ReadFile(name)
		must(t, err)
		var v map[string]any
		must(t, json.Unmarshal(raw, &v))
		kind, _ := v["type"].(string)
		if v["command"] != nil {
			kind = "slash_commands" // it names no type
		}
		all = append(all, said{fmt.Sprintf("Payloads['%s']", kind), publicShape(v), filepath.Base(name)})
	}
	if len(all) == 0 {
		t.Fatal("there are no payloads")
	}
	found := typed(t, all)
	for what, why := range knownAlarms {
		if found[what] == "" {
			t.Errorf("this is no alarm any more: %s (%s)", what, why)
		}
		delete(found, what)
	}
	report(t, found)
}

// knownAlarms are complaints about the payloads of our tests that are no fault of theirs, with the reason.
var knownAlarms = map[string]string{
	`error TS2322: Type '"mrkdwn"' is not assignable to type '"plain_text"'.`:                                                               "options of radio buttons and checkboxes may be mrkdwn (Slack's docs, option object)",
	`error TS2322: Type '{ deep: number[]; }' is not assignable to type 'string'.`:                                                          "an element of the future: the bot must keep what it does not know",
	`error TS2353: Object literal may only specify known properties, and '"response_url_enabled"' does not exist in type 'ViewStateValue'.`: "an extra field, to be passed over",
	`error TS2353: Object literal may only specify known properties, and '"timezone"' does not exist in type 'ViewStateValue'.`:             "Slack sends a time picker's time zone; the types lack it",
}

// TestSeededChangesInBlocksAreFound: one property, type or value that Slack does not know.
func TestSeededChangesInBlocksAreFound(t *testing.T) {
	needNode(t)
	raw, err := os.ReadFile("../../handlers/testdata/modal_connect_empty.golden.json")
	must(t, err)
	for change, to := range map[string]string{
		`"placeholder"`: `"place_holder"`, `"dispatch_action"`: `"dispatch"`, `"external_select"`: `"external_menu"`, `"title"`: `"heading"`,
		`"mrkdwn"`: `"markdown_text"`, `"min_query_length": 0`: `"min_query_length": "0"`,
	} {
		changed := bytes.Replace(raw, []byte(change), []byte(to), 1)
		if bytes.Equal(changed, raw) {
			t.Errorf("the modal has no %s to change", change)
			continue
		}
		var v any
		must(t, json.Unmarshal(changed, &v))
		if len(typed(t, []said{{"Modal", v, change}})) == 0 {
			t.Errorf("%s for %s was not found", to, change)
		}
	}
}
