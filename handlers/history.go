package handlers

import (
	"context"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

const (
	historyLooked = 300 // of the latest requests
	historyShown  = 15
)

// historyCommand lists the latest requests, or those about a deployment or alias. What is older than 90 days stands in
// the audit alone.
func (h *Handlers) historyCommand(_ context.Context, c bot.Command, args []string) bot.Answer {
	return h.answerLater(c, func(ctx context.Context) bot.Message { return h.history(ctx, args) })
}

func (h *Handlers) history(ctx context.Context, args []string) bot.Message {
	about := strings.Join(args, " ")
	all, err := h.o.Lists.Recent(ctx, historyLooked)
	if err != nil {
		return mrkdwn.Message(h.say(ctx, err, textFormat{}))
	}
	say := "*The latest requests*"
	if about != "" {
		say = "*The latest requests about " + mrkdwn.Line(about, 80) + "*"
	}
	blocks, said := []slack.Block{mrkdwn.Section(say)}, []string{say}
	more := false
	for _, r := range all {
		if !concerns(r, args) {
			continue
		}
		if len(blocks) > historyShown {
			more = true
			blocks = append(blocks, mrkdwn.Small("… and earlier ones. Full audit: "+bot.Code("remote-cluster-bot audit export")))
			break
		}
		text := past(r)
		blocks, said = append(blocks, mrkdwn.Section(text)), append(said, text)
	}
	looked := "the last 90 days"
	if len(all) == historyLooked {
		looked = mrkdwn.Plural(len(all), "request", "requests") + " checked, back to " + mrkdwn.When(all[len(all)-1].Created)
	}
	if len(blocks) == 1 {
		none := "There is none in " + looked + "."
		blocks, said = append(blocks, mrkdwn.Section(none)), append(said, none)
	}
	if len(all) == historyLooked && !more {
		blocks = append(blocks, mrkdwn.Small("Only the latest "+mrkdwn.Plural(len(all), "request", "requests")+" were checked. Full audit: "+bot.Code("remote-cluster-bot audit export")))
	}
	return bot.Message{Text: mrkdwn.Within("\n", mrkdwn.MaxSummary, said...), Blocks: blocks}
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

// past is a request with who decided what.
func past(r *change.Request) string {
	emoji, word := cards.StateLabel(r.State)
	parts := []string{
		emoji + " " + mrkdwn.When(r.Created) + " *" + mrkdwn.Named(r.Proposal.Title, 200) + "*",
		word + " · requested by " + cards.Requester(r) + " · request " + bot.Code(r.ID) + " · rule " + mrkdwn.Line(r.Rule, 60),
	}
	for _, d := range r.Decisions {
		parts = append(parts, cards.DecisionLine(d, d.Digest != r.Proposal.Digest, r.Proposal.RequiredInput))
	}
	return mrkdwn.Within("\n", mrkdwn.MaxText-10, parts...)
}
