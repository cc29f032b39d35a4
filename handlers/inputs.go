package handlers

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// blockOf is a field's block for the connection at hand: Slack shows a new initial value in a new block only.
func blockOf(m formMetadata, field string) string { return newBlock(field, m.Name, m.Fill) }

func textInput(m formMetadata, field, label, hint string, limit int, value string) *slack.InputBlock {
	el := slack.NewPlainTextInputBlockElement(nil, "order."+field)
	el.MaxLength, el.InitialValue = limit, bot.Cut(value, limit)
	return slack.NewInputBlock(blockOf(m, field), mrkdwn.Plain(label, 2000), mrkdwn.Plain(hint, 2000), el)
}

// answers is what is filled in, by field.
type answers map[string]bot.Value

func readAnswers(s bot.State) answers {
	out := answers{}
	for block, actions := range s {
		field, _, _ := strings.Cut(block, ":")
		for _, v := range actions {
			out[field] = v
		}
	}
	return out
}

func (a answers) text(field string) string { return strings.TrimSpace(a[field].Text) }

func (a answers) access() elastic.Access {
	return elastic.Access{Search: a.patterns(link.FieldSearch), Replication: a.patterns(link.FieldReplication)}
}

// inputBlocks are the block ids of a modal's inputs.
func inputBlocks(v slack.ModalViewRequest) []string {
	var ids []string
	for _, b := range v.Blocks.BlockSet {
		if in, ok := b.(*slack.InputBlock); ok {
			ids = append(ids, in.BlockID)
		}
	}
	return ids
}

// addError puts a sentence beside a block, behind those that stand there.
func addError(errs map[string]string, block, say string) {
	if before := errs[block]; before != "" {
		say = before + " " + say
	}
	errs[block] = bot.Cut(mrkdwn.Clean(say), 500)
}

// fieldErrors shows errors beside inputs, and keeps the modal open with all that was filled in.
func fieldErrors(errs map[string]string) bot.Answer {
	return bot.Answer{Body: slack.NewErrorsViewSubmissionResponse(errs)}
}

// How much can be typed into a field.
const (
	maxServer   = 253
	maxPatterns = 3000
	maxReason   = 500
	maxAdvanced = 40
	maxNotes    = 6
)

// What stands below the two fields of what a key may read.
const (
	searchHint      = "Patterns such as logs-*, one per line or separated by commas."
	replicationHint = "Only for cross-cluster replication. Patterns as above."
)

var (
	expiries = []choice{{"30", "30 days"}, {"90", "90 days"}, {"180", "180 days"}, {"365", "1 year"}, {"0", "never"}}

	compressions = []choice{
		{byDefault, "default of Elasticsearch"},
		{"indexing_data", "indexing data only"},
		{"true", "everything"},
		{"false", "nothing"},
	}

	schemes = []choice{{byDefault, "default of Elasticsearch"}, {"lz4", "LZ4"}, {"deflate", "DEFLATE"}}
)

func multiline(in *slack.InputBlock) *slack.InputBlock {
	if el, ok := in.Element.(*slack.PlainTextInputBlockElement); ok {
		el.Multiline = true
	}
	return in
}

// several is an optional input of several lines.
func several(in *slack.InputBlock) *slack.InputBlock { return multiline(in).WithOptional(true) }

func choiceInput(block, field, label string, choices []choice, value string) *slack.InputBlock {
	sel := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, connectPrefix+field)
	for _, c := range choices {
		o := slack.NewOptionBlockObject(c.value, mrkdwn.Plain(c.label, mrkdwn.MaxOption), nil)
		sel.Options = append(sel.Options, o)
		if c.value == value {
			sel.InitialOption = o
		}
	}
	in := slack.NewInputBlock(block, mrkdwn.Plain(label, 2000), nil, sel)
	return in
}

func skipInput(on bool) slack.Block {
	o := slack.NewOptionBlockObject("true", mrkdwn.Plain("Keep searching without it", mrkdwn.MaxOption),
		mrkdwn.Plain("skip_unavailable: searches silently return results without it", mrkdwn.MaxOption))
	boxes := slack.NewCheckboxGroupsBlockElement(connectPrefix+link.FieldSkip, o)
	if on {
		boxes.InitialOptions = []*slack.OptionBlockObject{o}
	}
	return slack.NewInputBlock(link.FieldSkip, mrkdwn.Plain("If the remote cluster is unavailable", 2000), nil, boxes).WithOptional(true)
}

const (
	maxMetadata   = 3000 // Slack's limit for private_metadata
	maxKept       = 1300 // bytes of it for what is kept; the rest is never longer than what is left
	byDefault     = "default"
	defaultExpiry = "90" // days
	downPrefix    = "!"  // of an option that stands for a platform that is down; no platform's name begins with it
)

func number(wrong *change.InvalidError, field, s string) int {
	if s = strings.TrimSpace(s); s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		wrong.Add(field, "a whole number")
		return 0
	}
	return n
}

// fences show text whole, in as many blocks as it takes.
func fences(s string) []slack.Block {
	var blocks []slack.Block
	for _, part := range mrkdwn.Chunks(strings.ReplaceAll(s, "```", "'''")) {
		blocks = append(blocks, mrkdwn.Section("```"+bot.Escape(part)+"```"))
	}
	return blocks
}

func indent(body string) string {
	var v any
	if json.Unmarshal([]byte(body), &v) != nil {
		return body
	}
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return body
	}
	return string(raw)
}

// formMetadata travels in the modal's private_metadata.
type formMetadata struct {
	Subcommand string `json:"subcommand"`
	Channel    string `json:"channel,omitempty"`
	Name       string `json:"name,omitempty"` // the connection that the fields are for
	Fill       string `json:"fill,omitempty"`
	Parent     string `json:"parent,omitempty"`
	Drawn      int64  `json:"drawn,omitempty"` // when the fields were drawn, in seconds: spans count from then
	// Fields are those that the form shows: an error can stand beside no other, and a client may leave empty ones out
	// of what it sends.
	Fields []string `json:"fields,omitempty"`
}

// String is the memory as private_metadata.
func (m formMetadata) String() string {
	raw, _ := json.Marshal(m) //nolint:errchkjson // strings only
	return string(raw)
}

func (a answers) patterns(field string) []string { return link.ParsePatterns(a[field].Text) }

// newBlock names the block that follows another one of the same field. It comes from both, so that two redraws that
// started from the same modal do not use one name for two values.
func newBlock(field, before, value string) string {
	sum := sha256.Sum256([]byte(before + "\n" + value))
	return field + ":" + hex.EncodeToString(sum[:4])
}

// The connect modal's own names. An input's action id is its field behind this prefix.
const (
	callbackConnect = "connect"
	connectPrefix   = "connect."
	actionLocal     = connectPrefix + link.FieldLocal
	actionRemote    = connectPrefix + link.FieldRemote
	actionMore      = connectPrefix + "advanced"
)

type choice struct{ value, label string }

func (a answers) days(wrong *change.InvalidError) int {
	return number(wrong, link.FieldExpiry, a[link.FieldExpiry].Option.Value)
}

const (
	maxUntil  = 60
	untilHint = "Such as 2 weeks, 8 hours, 2026-12-24, or 2026-12-24 18:00 (UTC). The bot then removes the connection. Empty: no end."
)

// until reads an end as it was typed into a form that was drawn then: submitted once more, it is the same moment.
func until(wrong *change.InvalidError, text string, drawn int64) time.Time {
	end, err := link.ParseUntil(text, time.Unix(drawn, 0))
	if err != nil {
		wrong.Add(link.FieldUntil, "%s", err)
	}
	return end
}

// takeUntil takes how long something lasts out of what was typed: "for 2 weeks", "until 2026-12-24 18:00". What follows these
// words and can't be read is taken, too, up to the next word of ours: it is shown where it can be mended.
func takeUntil(args []string, now time.Time) (rest []string, until string) {
	i := slices.IndexFunc(args, func(word string) bool { return slices.Contains([]string{"for", "until"}, strings.ToLower(word)) })
	if i < 0 {
		return args, ""
	}
	end := i + 1
	for end < len(args) && !slices.Contains([]string{"from", "to", "as", "for", "until"}, strings.ToLower(args[end])) {
		end++
	}
	if end == i+1 { // a deployment may be called so
		return args, ""
	}
	for short := end; short > i+1; short-- {
		if text := strings.Join(args[i+1:short], " "); link.IsUntil(text, now) {
			end = short
			break
		}
	}
	until = strings.Join(args[i+1:end], " ")
	return slices.Delete(slices.Clone(args), i, end), until
}
