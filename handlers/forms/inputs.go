// Package forms is what people fill in to ask for a change: how a form is drawn from what is known, and what was filled in,
// as parameters with everything that is wrong with them. No client, no I/O.
package forms

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// input makes a text input of a form for a field; the form fills it in and names its block.
type input func(field, label, Hint string, limit int) *slack.InputBlock

func roleField(in input) *slack.InputBlock {
	return in(link.FieldRole, "Role for searching", "A new or existing role on the local cluster. Empty: none. The bot only changes roles it created.", cards.MaxRole).WithOptional(true)
}

func sourcesField(in input) *slack.InputBlock {
	return several(in(link.FieldFilter, "Addresses to allow", "IPv4 addresses or CIDRs of the local side, as seen after NAT. The bot adds a network filter for those that are missing.", MaxSources))
}

func clusterField(on bool) *slack.InputBlock {
	return box(link.FieldFilterCluster, "Remote cluster filter", "Add one that allows the local cluster",
		"It names the cluster; others remain blocked", on)
}

func firstField(on bool) *slack.InputBlock {
	return box(link.FieldFilterFirst, "Block everyone else", "Add it even if it is the first filter",
		"The first filter blocks everyone else from the remote deployment", on)
}

func elsewhereField(on bool) *slack.InputBlock {
	return box(link.FieldElsewhere, "An address that the platform doesn't know", "Use it anyway",
		"The host at that address will see the key", on)
}

// box is one thing to tick.
func box(field, label, say, about string, on bool) *slack.InputBlock {
	o := slack.NewOptionBlockObject("true", mrkdwn.Plain(say, mrkdwn.MaxOption), mrkdwn.Plain(about, mrkdwn.MaxOption))
	boxes := slack.NewCheckboxGroupsBlockElement(ConnectPrefix+field, o)
	if on {
		boxes.InitialOptions = []*slack.OptionBlockObject{o}
	}
	return slack.NewInputBlock(field, mrkdwn.Plain(label, 2000), nil, boxes).WithOptional(true)
}

// blockOf is a field's block for the connection at hand: Slack shows a new initial value in a new block only.
func blockOf(m Metadata, field string) string { return newBlock(field, m.Name, m.Fill) }

func textInput(m Metadata, field, label, hint string, limit int, value string) *slack.InputBlock {
	el := slack.NewPlainTextInputBlockElement(nil, "order."+field)
	el.MaxLength, el.InitialValue = limit, bot.Cut(value, limit)
	return slack.NewInputBlock(blockOf(m, field), mrkdwn.Plain(label, 2000), mrkdwn.Plain(hint, 2000), el)
}

// How much can be typed into a field.
const (
	MaxServer   = 253
	maxPatterns = 3000
	MaxSources  = 1000
	MaxReason   = 500
	maxAdvanced = 40
	MaxNotes    = 6
)

// What stands below the two fields of what a key may read.
const (
	searchHint      = "Patterns such as logs-*, one per line or separated by commas. Empty only if it replicates alone."
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
	sel := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, ConnectPrefix+field)
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
	boxes := slack.NewCheckboxGroupsBlockElement(ConnectPrefix+link.FieldSkip, o)
	if on {
		boxes.InitialOptions = []*slack.OptionBlockObject{o}
	}
	return slack.NewInputBlock(link.FieldSkip, mrkdwn.Plain("If the remote cluster is unavailable", 2000), nil, boxes).WithOptional(true)
}

// MaxOptions is how many of the 100 that Slack takes in a list are offered: the rest is for platforms that are down.
const MaxOptions = 90

// What a form holds beside what is filled in.
const (
	MaxMetadata   = 3000 // Slack's limit for private_metadata
	maxKept       = 1300 // bytes of it for what is kept; the rest is never longer than what is left
	byDefault     = "default"
	DefaultExpiry = "90" // days
	DownPrefix    = "!"  // of an option that stands for a platform that is down; no platform's name begins with it
)

// newBlock names the block that follows another one of the same field. It comes from both, so that two redraws that
// started from the same modal do not use one name for two values.
func newBlock(field, before, value string) string {
	sum := sha256.Sum256([]byte(before + "\n" + value))
	return field + ":" + hex.EncodeToString(sum[:4])
}

// The connect modal's own names. An input's action id is its field behind this prefix.
const (
	CallbackConnect = "connect"
	ConnectPrefix   = "connect."
	ActionLocal     = ConnectPrefix + link.FieldLocal
	ActionRemote    = ConnectPrefix + link.FieldRemote
	ActionMore      = ConnectPrefix + "advanced"
)

type choice struct{ value, label string }

// How long a connection lasts.
const (
	MaxUntil  = 60
	untilHint = "Such as 2 weeks, 8 hours, 2026-12-24, or 2026-12-24 18:00 (UTC). The bot then removes the connection. Empty: no end."
)
