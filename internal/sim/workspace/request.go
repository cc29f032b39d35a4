package workspace

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/blockkit"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

// request is one call of a method, its arguments decoded. Methods run with the workspace's lock held.
type request struct {
	*team
	method string
	token  string
	args   object
}

func (r *request) str(name string) string {
	switch v := r.args[name].(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	default:
		return ""
	}
}

func (r *request) bool(name string) bool {
	s := r.str(name)
	return s == "true" || s == "1"
}

// json reads an argument that is JSON: a string of it in forms, the thing itself (or a string) in JSON bodies.
func (r *request) json(name string) (value any, given, ok bool) {
	switch v := r.args[name].(type) {
	case nil:
		return nil, false, true
	case string:
		if v == "" {
			return nil, false, true
		}
		ok = json.Unmarshal([]byte(v), &value) == nil
		return value, true, ok
	default:
		return v, true, true
	}
}

func (r *request) scoped(needed string) *apiError {
	if slices.Contains(r.app.Scopes, needed) {
		return nil
	}
	return &apiError{code: "missing_scope", needed: needed, provided: strings.Join(r.app.Scopes, ",")}
}

func (r *request) form(values url.Values) {
	for name := range values {
		if name != "token" {
			r.args[name] = values.Get(name)
		}
	}
}

type span struct{ from, to int }

// page cuts n items by limit and cursor; our cursor is the index in decimal.
func (r *request) page(n, standard int) (span, string) {
	limit, err := strconv.Atoi(r.str("limit"))
	if err != nil || limit <= 0 {
		limit = standard
	}
	from, _ := strconv.Atoi(r.str("cursor"))
	from = min(max(from, 0), n)
	to := min(from+limit, n)
	if to == n {
		return span{from, to}, ""
	}
	return span{from, to}, strconv.Itoa(to)
}

// content is what a message says.
type content struct {
	text          string
	blocks        []any
	blocksGiven   bool
	metadata      object
	metadataGiven bool
}

func (r *request) content() (c content, problem *apiError) {
	c.text = r.str("text")
	raw, given, ok := r.json("blocks")
	if given {
		c.blocksGiven = true
		if c.blocks, given = raw.([]any); !ok || !given {
			return c, fail("invalid_blocks_format")
		}
		if problems := blockkit.CheckMessage(c.blocks, r.opts.RefuseNewBlocks); len(problems) > 0 {
			return c, fail("invalid_blocks", problems...)
		}
		if problems := r.fileProblems(c.blocks); len(problems) > 0 {
			return c, fail("invalid_blocks", problems...)
		}
	}
	raw, c.metadataGiven, ok = r.json("metadata")
	if c.metadataGiven {
		c.metadata, _ = raw.(object)
		if !ok || field.Str(c.metadata, "event_type") == "" || field.Obj(c.metadata, "event_payload") == nil {
			return c, fail("invalid_metadata_format")
		}
	}
	return c, nil
}

func (c content) empty() bool { return c.text == "" && len(c.blocks) == 0 }

// fileProblems holds the pictures of a message against the files that there are. A file that was just uploaded is
// refused once: Slack takes a second or so to look at it (slackapi/java-slack-sdk#1349, slackapi/python-slack-sdk#1521).
// A message for one person alone shares no file (slackapi/node-slack-sdk#1790).
func (r *request) fileProblems(blocks []any) []string {
	var problems []string
	for i, b := range field.Objects(blocks) {
		shown := field.Obj(b, "slack_file")
		if shown == nil {
			continue
		}
		one := r.file(field.Str(shown, "id"))
		known := one != nil && one.complete && isPicture(one.Content) && r.method != "chat.postEphemeral" && r.method != "response_url"
		if known && one.ready {
			continue
		}
		if known {
			one.ready = true
		}
		problems = append(problems, fmt.Sprintf("[ERROR] invalid slack file [json-pointer:/blocks/%d/slack_file]", i))
	}
	return problems
}
