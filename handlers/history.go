package handlers

import (
	"context"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
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
		return private(h.say(ctx, err, pen{}))
	}
	say := "*The latest requests*"
	if about != "" {
		say = "*The latest requests about " + line(about, 80) + "*"
	}
	blocks, said := []slack.Block{section(say)}, []string{say}
	for _, r := range all {
		if slices.ContainsFunc(namesIn(args), func(word string) bool { return !isAbout(r, word) }) {
			continue
		}
		if len(blocks) > historyShown {
			blocks = append(blocks, small("… and earlier ones. The whole audit: "+bot.Code("remote-cluster-bot audit export")))
			break
		}
		text := past(r)
		blocks, said = append(blocks, section(text)), append(said, text)
	}
	if len(blocks) == 1 {
		none := "There is none in the last 90 days."
		blocks, said = append(blocks, section(none)), append(said, none)
	}
	return bot.Message{Text: within("\n", maxSummary, said...), Blocks: blocks}
}

// isAbout reports whether a word that was typed, in lower case, names the request, or what people read of it: a
// deployment, an alias.
func isAbout(r *change.Request, text string) bool {
	if strings.ToLower(r.ID) == text {
		return true
	}
	for part := range strings.SplitSeq(r.Proposal.Target, "/") {
		if strings.ToLower(part) == text {
			return true
		}
	}
	for _, f := range r.Proposal.Fields {
		for word := range strings.FieldsSeq(f.Value) {
			if strings.ToLower(strings.Trim(word, "(),")) == text {
				return true
			}
		}
	}
	return false
}

// past is a request with who decided what.
func past(r *change.Request) string {
	emoji, word := face(r.State)
	parts := []string{
		emoji + " " + when(r.Created) + " *" + line(r.Proposal.Title, 200) + "*",
		word + " · asked by " + user(r.Requester.User) + " · request " + bot.Code(r.ID) + " · rule " + line(r.Rule, 60),
	}
	for _, d := range r.Decisions {
		parts = append(parts, decisionLine(d, d.Digest != r.Proposal.Digest))
	}
	return within("\n", maxText-10, parts...)
}
