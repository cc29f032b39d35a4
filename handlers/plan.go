package handlers

import (
	"context"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// A modal takes 100 blocks and 250 kB; both are kept well below.
const (
	maxPlanBlocks = 90
	maxPlanBytes  = 180_000
	maxPart       = 2600 // characters of a call in one block
)

// plan shows the calls that would be made, in order. Anybody may look.
func (h *Handlers) plan(ctx context.Context, a bot.Action) (bot.Answer, error) {
	s, err := parseCardRef(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	r, err := h.o.Requests.Get(ctx, s.ID)
	if err == nil && s.Version < r.ApprovalsSince {
		err = &change.StaleError{Now: r}
	}
	if err == nil {
		_, err = h.o.Slack.OpenView(ctx, a.TriggerID, planModal(r))
	}
	if err != nil {
		return h.replyError(replyTo(a), err), nil
	}
	return bot.Answer{}, nil
}

func planModal(r *change.Request) slack.ModalViewRequest {
	blocks := []slack.Block{section(fmt.Sprintf("*%s*\n%s, in this order. Secrets are shown as dots.",
		line(r.Proposal.Title, 300), plural(len(r.Proposal.Calls()), "call", "calls")))}
	if len(r.Proposal.Basis) > 0 {
		blocks = append(blocks, fieldBlocks("It rests on what the bot found:", r.Proposal.Basis[:min(len(r.Proposal.Basis), maxFields)])...)
	}
	for _, w := range r.Proposal.Warnings[:min(len(r.Proposal.Warnings), maxFields)] {
		blocks = append(blocks, small(":warning: "+line(w, maxTold)))
	}
	blocks = append(blocks, stepBlocks(r.Proposal, maxPlanBlocks-len(blocks))...)
	blocks = append(blocks, small("An approval is bound to exactly this: "+bot.Code(bot.Cut(clean(r.Proposal.Digest), 64))))
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: "plan", Title: plain("Plan", 24), Close: plain("Close", 24),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// stepBlocks show the calls of each step, at most so many blocks and one that says what is left out.
func stepBlocks(p change.Proposal, room int) []slack.Block {
	var blocks []slack.Block
	n, size := 0, 0
	for _, step := range p.Steps {
		for i, c := range step.Calls {
			call := callBlocks(n+1, c)
			if i == 0 {
				call = append([]slack.Block{section("*" + line(step.Title, maxName) + "*")}, call...)
			}
			size += len(c.Path) + len(c.Body)
			if len(blocks)+len(call) > room || size > maxPlanBytes {
				return append(blocks, section(fmt.Sprintf("… and %d more that do not fit here. Do not approve what you can't see: "+
					"let it be asked for in smaller parts.", len(p.Calls())-n)))
			}
			blocks = append(blocks, call...)
			n++
		}
	}
	return blocks
}

// callBlocks show one call whole, in as many blocks as it takes.
func callBlocks(n int, c change.Call) []slack.Block {
	s := clean(c.Method) + " " + clean(c.Path)
	if c.Body != "" {
		s += "\n" + strings.ReplaceAll(c.Body, "```", "'''")
	}
	var blocks []slack.Block
	for i, part := range chunks(s, maxPart) {
		head := fmt.Sprintf("%d. on %s", n, line(c.System, maxName))
		if c.OnlyIf != "" {
			head += ", only if " + line(c.OnlyIf, maxName)
		}
		head += "\n"
		if i > 0 {
			head = fmt.Sprintf("%d., continued\n", n)
		}
		blocks = append(blocks, section(head+"```"+bot.Escape(part)+"```"))
	}
	return blocks
}
