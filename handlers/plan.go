package handlers

import (
	"context"
	"fmt"
	"math"
	"slices"
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
		err = h.maySee(ctx, r, actor(a.User, a.Channel))
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
	blocks = append(blocks, beyondCard(r.Proposal.Fields)...)
	if len(r.Proposal.Basis) > 0 {
		blocks = append(blocks, fieldBlocks("It rests on what the bot found:", r.Proposal.Basis)...)
	}
	blocks = append(blocks, warningBlocks(r.Proposal.Warnings)...)
	if most := maxPlanBlocks / 2; len(blocks) > most {
		blocks = append(blocks[:most], section("… and more that does not fit here. "+tooMuch))
	}
	blocks = append(blocks, stepBlocks(r.Proposal, maxPlanBlocks-len(blocks))...)
	blocks = append(blocks, small("An approval is bound to exactly this: "+bot.Code(bot.Cut(clean(r.Proposal.Digest), 64))))
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: "plan", Title: plain("Plan", 24), Close: plain("Close", 24),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

const tooMuch = "Do not approve what you can't see: let it be asked for in smaller parts."

// beyondCard shows whole what the card has no room for.
func beyondCard(fields []change.Field) []slack.Block {
	_, _, hidden := cardFields(fields)
	var parts []string
	for _, f := range fields {
		if isCut(f) || slices.Contains(hidden, f) {
			for _, part := range chunks(f.Value, maxPart) {
				parts = append(parts, "*"+line(f.Label, 60)+":* "+verbatim(part, math.MaxInt))
			}
		}
	}
	if len(parts) == 0 {
		return nil
	}
	var blocks []slack.Block
	for _, part := range pages(append([]string{"What the card has no room for:"}, parts...)) {
		blocks = append(blocks, section(part))
	}
	return blocks
}

// warningBlocks show all warnings.
func warningBlocks(warnings []string) []slack.Block {
	lines := make([]string, 0, len(warnings))
	for _, w := range warnings {
		lines = append(lines, ":warning: "+line(w, maxTold))
	}
	var blocks []slack.Block
	for _, part := range pages(lines) {
		blocks = append(blocks, small(part))
	}
	return blocks
}

// stepBlocks show the calls of each step, at most so many blocks and one that says what is left out.
func stepBlocks(p change.Proposal, room int) []slack.Block {
	var blocks []slack.Block
	n, size := 0, 0
	for _, step := range p.Steps {
		var parts []string
		for i, c := range step.Calls {
			parts = append(parts, callParts(n+i+1, c)...)
			size += len(c.Path) + len(c.Body)
		}
		if len(parts) == 0 {
			continue
		}
		shown := pages(append([]string{"*" + line(step.Title, maxName) + "*"}, parts...))
		if len(blocks)+len(shown) > room || size > maxPlanBytes {
			return append(blocks, section(fmt.Sprintf("… and %d more that do not fit here. ", len(p.Calls())-n)+tooMuch))
		}
		for _, part := range shown {
			blocks = append(blocks, section(part))
		}
		n += len(step.Calls)
	}
	return blocks
}

// callParts are one call whole, in as many parts as it takes.
func callParts(n int, c change.Call) []string {
	s := clean(c.Method) + " " + clean(c.Path)
	if c.Body != "" {
		s += "\n" + strings.ReplaceAll(c.Body, "```", "'''")
	}
	var parts []string
	for i, part := range chunks(s, maxPart) {
		head := fmt.Sprintf("%d. on %s", n, line(c.System, maxName))
		if c.OnlyIf != "" {
			head += ", only if " + line(c.OnlyIf, maxName)
		}
		head += "\n"
		if i > 0 {
			head = fmt.Sprintf("%d., continued\n", n)
		}
		parts = append(parts, head+"```"+bot.Escape(part)+"```")
	}
	return parts
}
