package forms

import (
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

// optionsOf are what is asked for in these fields; nil: nothing.
func optionsOf(role, sources string, cluster, first bool) (*link.FilterOptions, *link.RoleOptions) {
	var filter *link.FilterOptions
	var r *link.RoleOptions
	if all := link.ParsePatterns(sources); len(all) > 0 || cluster {
		filter = &link.FilterOptions{Sources: all, Cluster: cluster, First: first}
	}
	if name := strings.TrimSpace(role); name != "" {
		r = &link.RoleOptions{Name: name}
	}
	return filter, r
}

// Answers is what is filled in, by field.
type Answers map[string]bot.Value

// ReadAnswers reads what Slack says is filled in.
func ReadAnswers(s bot.State) Answers {
	out := Answers{}
	for block, actions := range s {
		field, _, _ := strings.Cut(block, ":")
		for _, v := range actions {
			out[field] = v
		}
	}
	return out
}

// Text is what was typed into a field.
func (a Answers) Text(field string) string { return strings.TrimSpace(a[field].Text) }

func (a Answers) access() elastic.Access {
	return elastic.Access{Search: a.patterns(link.FieldSearch), Replication: a.patterns(link.FieldReplication)}
}

// InputBlocks are the block ids of a modal's inputs.
func InputBlocks(v slack.ModalViewRequest) []string {
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

// FieldErrors shows errors beside inputs, and keeps the modal open with all that was filled in.
func FieldErrors(errs map[string]string) bot.Answer {
	return bot.Answer{Body: slack.NewErrorsViewSubmissionResponse(errs)}
}

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

func (a Answers) patterns(field string) []string { return link.ParsePatterns(a[field].Text) }

func (a Answers) days(wrong *change.InvalidError) int {
	return number(wrong, link.FieldExpiry, a[link.FieldExpiry].Option.Value)
}

// until reads an end as it was typed into a form that was drawn then: submitted once more, it is the same moment.
func until(wrong *change.InvalidError, text string, drawn int64) time.Time {
	end, err := link.ParseUntil(text, time.Unix(drawn, 0))
	if err != nil {
		wrong.Add(link.FieldUntil, "%s", err)
	}
	return end
}

// TakeUntil takes how long something lasts out of what was typed: "for 2 weeks", "until 2026-12-24 18:00". What follows these
// words and can't be read is taken, too, up to the next word of ours: it is shown where it can be mended.
func TakeUntil(args []string, now time.Time) (rest []string, until string) {
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
