package forms

import (
	"cmp"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// ConnectModal draws the modal. Every input carries its present value, so that nothing is lost if Slack takes it for a
// new one.
func ConnectModal(f Connect, m ConnectMetadata) slack.ModalViewRequest {
	var blocks []slack.Block
	if m.Parent != "" {
		blocks = append(blocks, mrkdwn.Section("This replaces request "+bot.Code(m.Parent)+". If that one is still open, it is withdrawn when you submit."))
	}
	local, remote := sideHints(f)
	blocks = append(blocks,
		mrkdwn.Section("The *local* cluster searches the *remote* cluster. The bot connects them after approval."),
		slack.NewContextBlock("", slack.NewTextBlockObject(slack.MarkdownType, strings.Join(NotHere, "\n"), false, false)),
		m.deployment(link.FieldLocal, "Local deployment", local, f.Local),
		m.deployment(link.FieldRemote, "Remote deployment", remote, f.Remote),
	)
	if notes := noteLines(m.Notes); notes != "" {
		blocks = append(blocks, AlertBlock(slack.AlertLevelWarning, notes))
	}
	blocks = append(append(blocks, modelOffer(f, m)...), filterOffer(m)...)
	if f.ByCertificate() {
		blocks = append(blocks, certificateFields(f, m)...)
	} else {
		search := several(m.text(f, link.FieldSearch, "Indices that may be searched", searchHint, maxPatterns))
		blocks = append(blocks, search, readersField(f, m))
	}
	blocks = append(blocks, multiline(m.text(f, link.FieldReason, "What is it for?", "Approvers see this.", MaxReason)),
		m.text(f, link.FieldUntil, "How long?", untilHint, MaxUntil).WithOptional(true))
	if filled := filledLine(f); filled != "" && !m.More {
		blocks = append(blocks, mrkdwn.Small(filled))
	}
	blocks = append(blocks, slack.NewActionBlock("advanced", moreButton(m.More)))
	if m.More {
		blocks = append(blocks, m.advanced(f)...)
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: CallbackConnect,
		Title: mrkdwn.Plain("Connect two clusters", 24), Submit: mrkdwn.Plain("Request approval", 24), Close: mrkdwn.Plain("Cancel", 24),
		Blocks: slack.Blocks{BlockSet: blocks}, PrivateMetadata: m.String(),
	}
}

// sideHints say what becomes of the two sides.
func sideHints(f Connect) (local, remote string) {
	if f.ByCertificate() {
		return "Runs the searches. Will trust the remote side's certificates.",
			"Is searched. Will trust the local side's certificates."
	}
	return "Runs the searches. Stores the key and the connection settings.", "Is searched. The bot creates the API key here."
}

func (m ConnectMetadata) addressHint(f Connect) string {
	hint := "Usually host:9443. Filled in for you."
	if f.ByCertificate() {
		hint = "Usually host:9400. Filled in for you."
	}
	return strings.TrimSpace(hint + " " + m.Private)
}

// filledLine says what has been filled in where it is not shown.
func filledLine(f Connect) string {
	alias, address := f.Texts[link.FieldAlias], f.Texts[link.FieldAddress]
	if alias == "" || address == "" {
		return ""
	}
	s := "Filled in: alias " + code(alias) + ", address " + code(address) + "."
	set := slices.IndexFunc(expiries, func(c choice) bool { return c.value == f.Texts[link.FieldExpiry] })
	if set >= 0 && !f.ByCertificate() {
		s += " The key expires after: " + expiries[set].label + "."
	}
	return s + " Change them in the advanced settings."
}

func code(s string) string { return bot.Code(bot.Cut(mrkdwn.Clean(s), cards.MaxAddress)) }

func (m ConnectMetadata) deployment(field, label, hint string, o bot.Option) slack.Block {
	sel := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, mrkdwn.Plain("Type a name or an id", 150), ConnectPrefix+field)
	sel.MinQueryLength = new(int) // 0: a list before anything is typed
	if o.Value != "" {
		sel.InitialOption = slack.NewOptionBlockObject(o.Value, mrkdwn.Plain(o.Text, mrkdwn.MaxOption), nil)
	}
	in := slack.NewInputBlock(m.block(field), mrkdwn.Plain(label, 2000), mrkdwn.Plain(hint, 2000), sel)
	in.DispatchAction = true // choosing both fills the rest in
	return in
}

func (m ConnectMetadata) text(f Connect, field, label, hint string, limit int) *slack.InputBlock {
	el := slack.NewPlainTextInputBlockElement(nil, ConnectPrefix+field)
	el.MaxLength = limit
	el.InitialValue = bot.Cut(f.Texts[field], limit)
	return slack.NewInputBlock(m.block(field), mrkdwn.Plain(label, 2000), mrkdwn.Plain(hint, 2000), el)
}

func moreButton(shown bool) *slack.ButtonBlockElement {
	if shown {
		return mrkdwn.Button(ActionMore, "hide", "Hide advanced settings")
	}
	return mrkdwn.Button(ActionMore, "show", "Advanced settings…")
}

func (m ConnectMetadata) advanced(f Connect) []slack.Block {
	blocks := []slack.Block{
		m.text(f, link.FieldAlias, "Alias", "The local cluster's name for the remote one, as in alias:logs-*.", cards.MaxAlias),
		m.text(f, link.FieldAddress, "Proxy address", m.addressHint(f), cards.MaxAddress),
		m.text(f, link.FieldServerName, "Server name", "The host name in the remote side's TLS certificate.", MaxServer),
	}
	if !f.ByCertificate() {
		blocks = append(blocks,
			several(m.text(f, link.FieldReplication, "Indices that may be replicated", replicationHint, maxPatterns)),
			choiceInput(m.block(link.FieldExpiry), link.FieldExpiry, "The key expires after", expiries, f.Texts[link.FieldExpiry]))
	}
	blocks = append(blocks,
		skipInput(f.Skip),
		modelInput(f, m),
		elsewhereField(f.Elsewhere),
		m.text(f, link.FieldSockets, "Connections to the remote cluster", "A number. Empty: the default of Elasticsearch (18).", maxAdvanced).WithOptional(true),
		choiceInput(link.FieldCompress, link.FieldCompress, "Compress", compressions, cmp.Or(f.Texts[link.FieldCompress], byDefault)).WithOptional(true),
		choiceInput(link.FieldScheme, link.FieldScheme, "Compress with", schemes, cmp.Or(f.Texts[link.FieldScheme], byDefault)).WithOptional(true),
		m.text(f, link.FieldPing, "Ping every", "A time such as 30s, or -1 for never. Empty: the default of Elasticsearch.", maxAdvanced).WithOptional(true),
	)
	return append(blocks, ExtraFields(f, m)...)
}

func noteLines(notes []string) string {
	var out []string
	for _, n := range notes {
		out = append(out, ":warning: "+mrkdwn.Line(n, 400))
	}
	return mrkdwn.Within("\n", mrkdwn.MaxText-10, out...)
}

// The pages of Elastic that help where the bot does not.
const (
	pageECK        = "https://www.elastic.co/docs/deploy-manage/remote-clusters/eck-remote-clusters"
	pageServerless = "https://www.elastic.co/docs/explore-analyze/cross-project-search"
)

// NotHere is what the bot does not connect, and who does.
var NotHere = []string{
	"Not supported: clusters on Elastic Cloud on Kubernetes, whose operator sets `spec.remoteClusters` (<" + pageECK + "|how>), and Serverless projects, which " +
		"use cross-project search instead (<" + pageServerless + "|how>).",
}
