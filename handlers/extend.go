package handlers

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

const (
	maxUntil  = 60
	untilHint = "Such as 2 weeks, 8 hours, 2026-12-24, or 2026-12-24 18:00 (UTC). Then the bot removes the connection. Empty: no end."
)

func extendForm() changeForm {
	return changeForm{
		title: "Extend", submit: "Request approval",
		intro: "The connection gets another end, or none. No cluster is changed.",
		form: func(ctx context.Context, h *Handlers, e link.ConnectionState, m formMetadata) []slack.Block {
			until := textInput(m, link.FieldUntil, "How long?", untilHint, maxUntil, m.Fill).WithOptional(true)
			return []slack.Block{h.aboutBlock(ctx, e), mrkdwn.Section(usedBy(e)), until}
		},
		ask: func(n link.Name, m formMetadata, f answers) (change.Kind, any, *change.InvalidError) {
			wrong := &change.InvalidError{}
			return link.KindExtend, link.ExtendParams{Local: n.Local, Alias: n.Alias, Until: until(wrong, f.text(link.FieldUntil), m.Drawn)}, wrong
		},
	}
}

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
