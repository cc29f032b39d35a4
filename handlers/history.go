package handlers

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

const (
	historyLooked = 300 // of the latest requests
	historyShown  = 15
)

// What a history may be narrowed down to.
const (
	historyAll     = "all"
	historyOpen    = "open"
	historyTrouble = "trouble"
)

var historyFilters = []filter{{historyAll, "All"}, {historyOpen, "Open"}, {historyTrouble, "Trouble"}}

// actionHistoryFilter begins the id of a filter's button.
const actionHistoryFilter = "history.filter."

// history is what somebody asked to see of the requests, and what was read of them, the newest first.
type history struct {
	about  []string
	filter string // of historyFilters
	looked []*change.Request
	fit    []*change.Request // about that
	err    error
}

// historyView lists past requests.
type historyView struct {
	lists  Lists
	links  *links
	slack  SlackClient
	tables *bot.NewBlocks
	tell   *reply.Replier
	log    *slog.Logger
}

// historyCommand lists the latest requests, or those about a deployment or alias. What is older than 90 days stands in
// the audit alone.
func (h *historyView) historyCommand(_ context.Context, c bot.Command, args []string) bot.Answer {
	to := reply.Target{User: c.User.ID, Channel: c.Channel, ResponseURL: c.ResponseURL}
	return bot.Answer{Then: func(ctx context.Context) error {
		l := h.readHistory(ctx, args, historyAll)
		return h.tables.Send(ctx, h.log, func(table bool) error { return h.tell.Notify(ctx, to, h.historyMessage(ctx, l, table)) })
	}}
}

// historyFiltered shows other requests in the place of those shown before.
func (h *historyView) historyFiltered(_ context.Context, a bot.Action) (bot.Answer, error) {
	filter, about, _ := strings.Cut(a.Value.Text, " ")
	return bot.Answer{Then: func(ctx context.Context) error {
		l := h.readHistory(ctx, strings.Fields(about), filter)
		return h.tables.Send(ctx, h.log, func(table bool) error {
			return h.slack.Respond(ctx, a.ResponseURL, h.historyMessage(ctx, l, table), true)
		})
	}}, nil
}

func (h *historyView) readHistory(ctx context.Context, about []string, filter string) history {
	l := history{about: about, filter: filter}
	l.looked, l.err = h.lists.Recent(ctx, historyLooked)
	for _, r := range l.looked {
		if concerns(r, about) {
			l.fit = append(l.fit, r)
		}
	}
	return l
}

func (l history) fitting(filter string) []*change.Request {
	return slices.DeleteFunc(slices.Clone(l.fit), func(r *change.Request) bool {
		switch filter {
		case historyOpen:
			return r.State.Final()
		case historyTrouble:
			return r.State != change.Stuck && r.State != change.RolledBack
		}
		return false
	})
}

func (h *historyView) historyMessage(ctx context.Context, l history, table bool) bot.Message {
	if l.err != nil {
		return mrkdwn.Message(h.tell.Say(ctx, l.err, reply.Format{}))
	}
	about := strings.Join(l.about, " ")
	say := "*The latest requests*"
	if about != "" {
		say = "*The latest requests about " + mrkdwn.Line(about, 80) + "*"
	}
	blocks, said := []slack.Block{mrkdwn.Section(say)}, []string{say}
	filters := filterButtons(actionHistoryFilter, historyFilters, l.filter, func(f string) int { return len(l.fitting(f)) },
		func(f string) string { return bot.Cut(strings.TrimSpace(f+" "+about), maxPageValue) })
	if len(filters) > 0 {
		blocks = append(blocks, slack.NewActionBlock("", filters...))
	}
	fit := l.fitting(l.filter)
	shown := fit[:min(len(fit), historyShown)]
	links := h.links.cardLinks(ctx, shown)
	for i, r := range shown {
		said = append(said, past(r, links[i]))
	}
	if table && len(shown) > 0 {
		blocks = append(blocks, historyRows(shown, links))
	} else {
		for _, text := range said[1:] {
			blocks = append(blocks, mrkdwn.Section(text))
		}
	}
	note := l.limits(len(shown) < len(fit))
	if len(shown) == 0 {
		none := "There are none in " + l.reach() + "."
		blocks, said = append(blocks, mrkdwn.Section(none)), append(said, none)
	}
	if note != "" {
		blocks = append(blocks, mrkdwn.Small(note))
	}
	return bot.Message{Text: mrkdwn.Within("\n", mrkdwn.MaxSummary, said...), Blocks: blocks}
}

// reach is how far back was looked.
func (l history) reach() string {
	if len(l.looked) < historyLooked {
		return "the last 90 days"
	}
	return mrkdwn.Plural(len(l.looked), "request", "requests") + " checked, back to " + mrkdwn.When(l.looked[len(l.looked)-1].Created)
}

// limits says what is not shown.
func (l history) limits(more bool) string {
	full := " Full audit: " + bot.Code("remote-cluster-bot audit export")
	switch {
	case more:
		return "… and earlier ones." + full
	case len(l.looked) == historyLooked:
		return "Only the latest " + mrkdwn.Plural(len(l.looked), "request", "requests") + " were checked." + full
	}
	return ""
}

const maxCellPast = 900 // of the decisions about a request: fifteen of them fit into a table

// historyRows is a table of requests.
func historyRows(shown []*change.Request, links []string) slack.Block {
	t := slack.NewDataTableBlock("Requests, the latest first").WithPageSize(tablePage).
		AddRow(mrkdwn.Heads("Request", "State", "When", "Requested by", "Decisions")...)
	for i, r := range shown {
		emoji, word := cards.RequestLabel(r)
		var decisions []string
		for _, d := range r.Decisions {
			decisions = append(decisions, cards.DecisionLine(d, d.Digest != r.Proposal.Digest, r.Proposal.RequiredInput))
		}
		t.AddRow(mrkdwn.Cell(mrkdwn.Named(r.Proposal.Title, 150)+" "+bot.Code(r.ID)), mrkdwn.Cell(emoji+" "+word), mrkdwn.Cell(mrkdwn.When(r.Created)+links[i]),
			mrkdwn.Cell(cards.Requester(r)+" · rule "+mrkdwn.Line(r.Rule, 60)), mrkdwn.Cell(mrkdwn.Within("\n", maxCellPast, decisions...)))
	}
	return t
}

// concerns reports whether a request is about what was typed: one name, which may have spaces in it, or several.
func concerns(r *change.Request, args []string) bool {
	return isAbout(r, strings.Join(args, " ")) ||
		!slices.ContainsFunc(namesIn(args), func(name string) bool { return !isAbout(r, name) })
}

// isAbout reports whether what was typed is the request's id, a deployment's name or id, or an alias, whole: also one
// that has spaces in it, in quotes or not.
func isAbout(r *change.Request, text string) bool {
	text = asTyped(strings.Trim(text, "\"'“”„‘’"))
	if text == "" || asTyped(r.ID) == text {
		return true
	}
	return slices.ContainsFunc(link.Mentions(r.Proposal), func(name string) bool { return asTyped(name) == text })
}

// asTyped is a name as people type it: small letters, single spaces.
func asTyped(name string) string { return strings.Join(strings.Fields(strings.ToLower(name)), " ") }

// past is a request with who decided what, and the link to its card.
func past(r *change.Request, link string) string {
	emoji, word := cards.RequestLabel(r)
	parts := []string{
		emoji + " " + mrkdwn.When(r.Created) + " *" + mrkdwn.Named(r.Proposal.Title, 200) + "*" + link,
		word + " · requested by " + cards.Requester(r) + " · request " + bot.Code(r.ID) + " · rule " + mrkdwn.Line(r.Rule, 60),
	}
	for _, d := range r.Decisions {
		parts = append(parts, cards.DecisionLine(d, d.Digest != r.Proposal.Digest, r.Proposal.RequiredInput))
	}
	return mrkdwn.Within("\n", mrkdwn.MaxText-10, parts...)
}
