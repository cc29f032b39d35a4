package handlers

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// A modal takes 100 blocks and 250 kB; both are kept well below.
const (
	maxPlanBlocks = 90
	maxPlanBytes  = 180_000
)

// planView shows the plan of a request.
type planView struct {
	requests   Requests
	slack      SlackClient
	readers    *readers
	containers *bot.NewBlocks
	tell       *reply.Replier
	log        *slog.Logger
}

// plan shows the calls that would be made, in order. Anybody may look.
func (h *planView) plan(ctx context.Context, a bot.Action) (bot.Answer, error) {
	s, err := cards.ParseRef(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	r, err := h.requests.Get(ctx, s.ID)
	if err == nil && s.Version < r.ApprovalsSince {
		err = &change.StaleError{Now: r}
	}
	if err == nil {
		err = h.readers.maySee(ctx, r, cards.Actor(a.User, a.Channel))
	}
	if err == nil {
		err = h.containers.Send(ctx, h.log, func(folds bool) error {
			_, err := h.slack.OpenView(ctx, a.TriggerID, planModal(r, folds))
			return err
		})
	}
	if err != nil {
		return h.tell.Error(reply.To(a), err), nil
	}
	return bot.Answer{}, nil
}

// planModal says step by step what is done and what that changes, and below which calls are made. folds: the calls are
// folded away in containers, which not every workspace takes.
func planModal(r *change.Request, folds bool) slack.ModalViewRequest {
	p := r.Proposal
	blocks := []slack.Block{mrkdwn.Section(fmt.Sprintf("*%s*\n%s, in this order. `+` is added, `-` is removed, `=` is kept.",
		mrkdwn.Line(p.Title, 300), mrkdwn.Plural(len(p.Steps), "step", "steps")))}
	blocks = append(blocks, beyondCard(p.Fields)...)
	blocks = append(blocks, warningBlocks(p.Warnings)...)
	blocks = upTo(maxPlanBlocks/2, blocks)
	steps, size := stepBlocks(p.Steps, (maxPlanBlocks-len(blocks))/3)
	blocks = append(blocks, steps...)
	if len(p.Basis) > 0 {
		blocks = append(blocks, upTo(maxPlanBlocks/4, cards.FieldBlocks("The plan is based on this:", p.Basis))...)
	}
	if len(p.Calls()) > 0 {
		blocks = append(blocks, callBlocks(p, maxPlanBlocks-len(blocks), maxPlanBytes-size, folds)...)
	}
	blocks = append(blocks, mrkdwn.Small("An approval counts only for exactly this plan: "+bot.Code(bot.Cut(mrkdwn.Clean(p.Digest), 64))))
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: "plan", Title: mrkdwn.Plain("Plan", 24), Close: mrkdwn.Plain("Close", 24),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// upTo are at most so many blocks, and one that says that there are more.
func upTo(most int, blocks []slack.Block) []slack.Block {
	if len(blocks) <= most {
		return blocks
	}
	return append(blocks[:most:most], mrkdwn.Section("… and more that doesn't fit here. "+tooMuch))
}

const tooMuch = "Don't approve what you can't see. Ask for smaller requests."

// beyondCard shows whole what the card has no room for.
func beyondCard(fields []change.Field) []slack.Block {
	_, _, hidden := cards.Fields(fields)
	var parts []string
	for _, f := range fields {
		if cards.IsCut(f) || slices.Contains(hidden, f) {
			for _, part := range mrkdwn.Chunks(f.Value) {
				parts = append(parts, "*"+mrkdwn.Line(f.Label, 60)+":* "+mrkdwn.Verbatim(part, math.MaxInt))
			}
		}
	}
	if len(parts) == 0 {
		return nil
	}
	var blocks []slack.Block
	for _, part := range mrkdwn.Pages(append([]string{"Not shown on the card:"}, parts...)) {
		blocks = append(blocks, mrkdwn.Section(part))
	}
	return blocks
}

// warningBlocks show all warnings.
func warningBlocks(warnings []string) []slack.Block {
	lines := make([]string, 0, len(warnings))
	for _, w := range warnings {
		lines = append(lines, ":warning: "+mrkdwn.Line(w, mrkdwn.MaxTold))
	}
	var blocks []slack.Block
	for _, part := range mrkdwn.Pages(lines) {
		blocks = append(blocks, mrkdwn.Small(part))
	}
	return blocks
}

// stepParts are each step in words, and what it adds, keeps and removes.
func stepParts(steps []change.PlannedStep) [][]string {
	all := make([][]string, 0, len(steps))
	for i, s := range steps {
		head := fmt.Sprintf("*%d. %s*", i+1, mrkdwn.Line(s.Title, mrkdwn.MaxName))
		if len(s.Effects) == 0 && cards.ChangesNothing(s) {
			head += "\nChanges nothing."
		}
		var diff []string
		for _, e := range s.Effects {
			diff = append(diff, effectSigns[e.Kind]+mrkdwn.Clean(e.What))
		}
		parts := []string{head}
		if len(diff) > 0 {
			for _, part := range mrkdwn.Chunks(strings.ReplaceAll(strings.Join(diff, "\n"), "```", "'''")) {
				parts = append(parts, "```"+bot.Escape(part)+"```")
			}
		}
		all = append(all, parts)
	}
	return all
}

var effectSigns = map[change.EffectKind]string{change.Adds: "+ ", change.Keeps: "= ", change.Removes: "- "}

// callGroups are the calls of each step, their bodies as body makes them.
func callGroups(p change.Proposal, body func(string) string) [][]string {
	var all [][]string
	n := 0
	for i, step := range p.Steps {
		for j, c := range step.Calls {
			n++
			c.Body = body(c.Body)
			parts := callParts(n, c)
			if j == 0 {
				parts = append([]string{fmt.Sprintf("*Step %d*", i+1)}, parts...)
			}
			all = append(all, parts)
		}
	}
	return all
}

// fit puts groups of parts onto pages: at most so many, and so many bytes. left is how many groups have no room.
func fit(groups [][]string, room, bytes int) (shown []string, left int) {
	var parts []string
	for i, g := range groups {
		parts = append(parts, g...)
		for _, part := range g {
			bytes -= len(part)
		}
		next := mrkdwn.Pages(parts)
		if len(next) > room || bytes < 0 {
			return shown, len(groups) - i
		}
		shown = next
	}
	return shown, 0
}

// stepBlocks show what every step does; size is how many bytes they hold.
func stepBlocks(steps []change.PlannedStep, room int) (blocks []slack.Block, size int) {
	shown, left := fit(stepParts(steps), room, maxPlanBytes)
	for _, part := range shown {
		size += len(part)
		blocks = append(blocks, mrkdwn.Section(part))
	}
	if left > 0 {
		blocks = append(blocks, mrkdwn.Section(fmt.Sprintf("… and %s more. ", mrkdwn.Plural(left, "step", "steps"))+tooMuch))
	}
	return blocks, size
}

// callBlocks show the calls, at most so many blocks and one that says what is left out: well readable, or else without
// spaces.
func callBlocks(p change.Proposal, room, bytes int, folds bool) []slack.Block {
	room -= 1 + room/maxFolded // for the containers, and for what is left out
	shown, left := fit(callGroups(p, mrkdwn.Indent), room, bytes)
	if left > 0 {
		shown, left = fit(callGroups(p, func(s string) string { return s }), room, bytes)
	}
	blocks := make([]slack.Block, 0, len(shown))
	for _, part := range shown {
		blocks = append(blocks, mrkdwn.Section(part))
	}
	title := mrkdwn.Plural(len(p.Calls()), "call", "calls") + ", step by step (secrets are shown as dots)"
	if folds {
		blocks = folded(title, blocks)
	} else {
		blocks = append([]slack.Block{mrkdwn.Section("*" + title + "*")}, blocks...)
	}
	if left > 0 {
		blocks = append(blocks, mrkdwn.Section(fmt.Sprintf("… and %d more that don't fit here. ", left)+tooMuch))
	}
	return blocks
}

// maxFolded is how many blocks a container takes.
const maxFolded = 10

// folded puts blocks into containers that are closed at first.
func folded(title string, blocks []slack.Block) []slack.Block {
	var all []slack.Block
	for part := range slices.Chunk(blocks, maxFolded) {
		all = append(all, slack.NewContainerBlock(part...).WithTitle(mrkdwn.Plain(title, mrkdwn.MaxHeader)).WithCollapsible(true, true))
		title = "More calls"
	}
	return all
}

// callParts are one call whole, in as many parts as it takes.
func callParts(n int, c change.Call) []string {
	s := mrkdwn.Clean(c.Method) + " " + mrkdwn.Clean(c.Path)
	if c.Body != "" {
		s += "\n" + strings.ReplaceAll(c.Body, "```", "'''")
	}
	var parts []string
	for i, part := range mrkdwn.Chunks(s) {
		head := fmt.Sprintf("%d. on %s", n, mrkdwn.Line(c.System, mrkdwn.MaxName))
		if c.OnlyIf != "" {
			head += ", only if " + mrkdwn.Line(c.OnlyIf, mrkdwn.MaxName)
		}
		head += "\n"
		if i > 0 {
			head = fmt.Sprintf("%d., continued\n", n)
		}
		parts = append(parts, head+"```"+bot.Escape(part)+"```")
	}
	return parts
}
