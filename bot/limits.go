package bot

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// Slack's limits, lengths in Unicode code points. From Slack's docs ("Block Kit reference", chat.update,
// views.open), the doc comments of @slack/types 3.2.0, and the registry of nicklambourne/slackblocks. Slack refuses
// what breaks them, mostly with an error that names nothing, and cuts or splits some of it without a word.
const (
	maxMessageText   = 4000 // chat.update refuses more; chat.postMessage splits it
	maxMessageBlocks = 50
	maxViewBlocks    = 100
	maxViewBytes     = 250_000
	maxViewTitle     = 24
	maxMetadata      = 3000 // private_metadata
	maxID            = 255  // block_id, action_id, callback_id, external_id
	maxText          = 3000 // any text object that has no limit of its own
	maxURL           = 3000
)

// LimitsError is what Slack would refuse, all of it at once.
type LimitsError struct{ Problems []string }

func (e *LimitsError) Error() string {
	return "against Slack's limits: " + strings.Join(e.Problems, "; ")
}

// CheckMessage holds a message against Slack's limits; the error is a *LimitsError.
func CheckMessage(msg Message) error {
	c := newCheck("message")
	if strings.TrimSpace(msg.Text) == "" {
		c.fault("text", "is empty: it is all that screen readers and notifications have")
	}
	c.length("text", msg.Text, maxMessageText)
	if len(msg.Blocks) > 0 {
		c.tree(msg.Blocks, 1, maxMessageBlocks)
	}
	if m := msg.Metadata; m != nil && (m.Type == "" || m.Payload == nil) {
		c.fault("metadata", "needs a type and a payload")
	}
	return c.err()
}

// CheckModal holds a modal against Slack's limits; the error is a *LimitsError.
func CheckModal(v slack.ModalViewRequest) error {
	c := newCheck("modal")
	if v.Type != slack.VTModal {
		c.fault("type", "is not modal")
	}
	c.viewText("title", v.Title)
	if v.Title == nil {
		c.fault("title", "is missing")
	}
	c.viewText("close", v.Close)
	c.viewText("submit", v.Submit)
	c.view(v, v.Blocks, v.PrivateMetadata, v.CallbackID, v.ExternalID)
	if c.inputs > 0 && v.Submit == nil {
		c.fault("submit", "is missing though there are inputs")
	}
	return c.err()
}

// CheckHome holds a home tab against Slack's limits; the error is a *LimitsError.
func CheckHome(v slack.HomeTabViewRequest) error {
	c := newCheck("home")
	if v.Type != slack.VTHomeTab {
		c.fault("type", "is not home")
	}
	c.view(v, v.Blocks, v.PrivateMetadata, v.CallbackID, v.ExternalID)
	return c.err()
}

// check collects what is wrong with one surface. It reads the JSON that will be sent, not the Go values: what
// the library makes of them is what Slack sees.
type check struct {
	surface  string
	problems []string
	blockIDs map[string]bool
	inputs   int
	tables   int
	plans    int
	tasks    int // task_cards outside a plan
	focused  int
	cells    int // code points in the cells of all data tables
	markdown int // code points of all markdown blocks
}

func newCheck(surface string) *check {
	return &check{surface: surface, blockIDs: make(map[string]bool)}
}

func (c *check) err() error {
	if len(c.problems) == 0 {
		return nil
	}
	return &LimitsError{Problems: c.problems}
}

func (c *check) fault(where, format string, args ...any) {
	c.problems = append(c.problems, where+" "+fmt.Sprintf(format, args...))
}

func (c *check) length(where, s string, limit int) {
	if n := utf8.RuneCountInString(s); n > limit {
		c.fault(where, "has %d of at most %d characters", n, limit)
	}
}

func (c *check) count(where string, n, least, most int) {
	if n < least || n > most {
		c.fault(where, "has %d entries, not %d to %d", n, least, most)
	}
}

func (c *check) viewText(where string, t *slack.TextBlockObject) {
	if t == nil {
		return
	}
	if t.Type != slack.PlainTextType || t.Text == "" {
		c.fault(where, "is not plain_text")
	}
	c.length(where, t.Text, maxViewTitle)
}

func (c *check) view(whole any, blocks slack.Blocks, metadata, callback, external string) {
	c.length("private_metadata", metadata, maxMetadata)
	c.length("callback_id", callback, maxID)
	c.length("external_id", external, maxID)
	c.tree(blocks.BlockSet, 1, maxViewBlocks)
	if encoded, err := json.Marshal(whole); err == nil && len(encoded) > maxViewBytes {
		c.fault("view", "has %d of at most %d bytes", len(encoded), maxViewBytes)
	}
	if c.focused > 1 {
		c.fault("focus_on_load", "is set %d times", c.focused)
	}
}

// tree checks blocks as JSON.
func (c *check) tree(blocks []slack.Block, least, most int) {
	encoded, err := json.Marshal(blocks)
	if err != nil {
		c.fault("blocks", "cannot be encoded: %v", err)
		return
	}
	var list []node
	if err := json.Unmarshal(encoded, &list); err != nil {
		c.fault("blocks", "are not objects")
		return
	}
	c.count("blocks", len(list), least, most)
	for i, b := range list {
		c.block(fmt.Sprintf("blocks[%d]", i), b)
	}
	if c.markdown > maxMarkdown {
		c.fault("markdown", "has %d of at most %d characters in all", c.markdown, maxMarkdown)
	}
	if c.tables > 1 {
		c.fault("table", "comes %d times, at most once", c.tables)
	}
	if c.plans > 0 && c.tasks > 0 {
		c.fault("plan", "and task_card exclude each other")
	}
}
