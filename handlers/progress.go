package handlers

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// progress is the picture of the work, drawn from the journal. As a rule it is Slack's plan block with a task card a
// step; a workspace that does not take those yet gets the same in sections. ok is false before any work has begun.
func progress(r *change.Request, simple bool) (m bot.Message, ok bool) {
	if !r.State.Working() && len(r.Journal) == 0 {
		return bot.Message{}, false
	}
	rows := progressRows(r)
	m = bot.Message{Text: progressSummary(r, rows)}
	if simple {
		m.Blocks = progressSections(r, rows)
	} else {
		m.Blocks = []slack.Block{progressPlan(r, rows)}
	}
	return m, true
}

// stepRow is a step in the picture of the progress, in plain text.
type stepRow struct {
	name, title string
	status      slack.TaskCardStatus
	icon, word  string
	said        []string // what it found, or what troubles it
	left        *change.Leftover
}

// progressRows has a row for every planned step, and for every step in the journal that is not in the plan.
func progressRows(r *change.Request) []stepRow {
	var rows []stepRow
	planned := map[string]bool{}
	for _, s := range r.Proposal.Steps {
		planned[s.Name] = true
		rows = append(rows, progressRow(r, s, r.Record(s.Name)))
	}
	for i := range r.Journal {
		if rec := &r.Journal[i]; !planned[rec.Step] {
			rows = append(rows, progressRow(r, change.PlannedStep{Name: rec.Step, Title: rec.Step}, rec))
		}
	}
	return rows
}

func progressRow(r *change.Request, s change.PlannedStep, rec *change.StepRecord) stepRow {
	w := stepRow{name: s.Name, title: s.Title, status: slack.TaskCardStatusPending, icon: ":white_circle:", word: "waits"}
	if rec == nil {
		if r.State != change.Applying {
			w.word = "not begun"
		}
		return w
	}
	w.status, w.icon, w.word = stepFace(rec, r.Outcome.Failed == s.Name)
	if d := stepTook(rec); d != "" {
		w.word += ", " + d
	}
	if rec.Attempts > 1 {
		w.word += fmt.Sprintf(", try %d", rec.Attempts)
	}
	for _, said := range []string{rec.Finding, rec.Trouble} {
		if strings.TrimSpace(said) != "" {
			w.said = append(w.said, clean(said))
		}
	}
	w.left = rec.Leftover
	return w
}

// stepFace is a step's status in a task card, and its icon and word. Slack knows four statuses only: what was taken
// back is complete, unless it is the step that failed.
func stepFace(rec *change.StepRecord, failed bool) (status slack.TaskCardStatus, icon, word string) {
	switch rec.State {
	case change.StepBegun:
		return slack.TaskCardStatusInProgress, ":hourglass_flowing_sand:", "under way"
	case change.StepDone:
		return slack.TaskCardStatusComplete, ":white_check_mark:", "done"
	case change.StepFailed:
		return slack.TaskCardStatusError, ":x:", "failed"
	case change.StepUndoing:
		return slack.TaskCardStatusInProgress, ":leftwards_arrow_with_hook:", "being taken back"
	case change.StepUndone:
		if failed {
			return slack.TaskCardStatusError, ":x:", "failed and taken back"
		}
		return slack.TaskCardStatusComplete, ":leftwards_arrow_with_hook:", "taken back"
	case change.StepUndoFailed:
		return slack.TaskCardStatusError, ":rotating_light:", "not wholly taken back"
	}
	return slack.TaskCardStatusPending, ":grey_question:", string(rec.State)
}

func stepTook(rec *change.StepRecord) string {
	if rec.Ended.IsZero() || rec.Begun.IsZero() {
		return ""
	}
	return took(rec.Ended.Sub(rec.Begun))
}

// progressTitle says where the work stands, in plain text.
func progressTitle(r *change.Request, rows []stepRow) string {
	done := 0
	for _, w := range rows {
		if w.status == slack.TaskCardStatusComplete {
			done++
		}
	}
	switch r.State { //nolint:exhaustive // the other states say it in one word
	case change.Applying:
		return fmt.Sprintf("Being applied: %d of %s done", done, plural(len(rows), "step", "steps"))
	case change.Applied:
		return "Done: " + plural(len(rows), "step", "steps")
	}
	_, word := stateLabel(r.State)
	return word
}

func progressSummary(r *change.Request, rows []stepRow) string {
	parts := []string{line(progressTitle(r, rows), 200) + "."}
	for _, w := range rows {
		said := []string{line(w.title, maxName) + ": " + line(w.word, 80)}
		for _, s := range w.said {
			said = append(said, line(s, 200))
		}
		parts = append(parts, strings.Join(said, "; ")+".")
	}
	return within(" ", maxSummary, parts...)
}

func progressPlan(r *change.Request, rows []stepRow) slack.Block {
	// An updated plan wants block ids that were not there before.
	version := strconv.FormatInt(r.Version, 10)
	p := slack.NewPlanBlock(bot.Cut(clean(progressTitle(r, rows)), maxHeader), slack.PlanBlockOptionBlockID("progress-"+version))
	tasks := make([]*slack.TaskCardBlock, 0, len(rows))
	for i, w := range rows {
		id := fmt.Sprintf("%d-%s", i, bot.Cut(w.name, 100))
		t := slack.NewTaskCardBlock(id, bot.Cut(clean(w.title), maxName)).WithStatus(w.status).
			WithDetails(richText(bot.Cut(upper(w.word), maxName)))
		t.BlockID = fmt.Sprintf("task-%d-%s", i, version)
		if out := w.output(); out != "" {
			t.WithOutput(richText(out))
		}
		tasks = append(tasks, t)
	}
	return p.WithTasks(tasks...)
}

// output is what a step has to say, in plain text.
func (w stepRow) output() string {
	parts := make([]string, 0, len(w.said)+2)
	for _, s := range w.said {
		parts = append(parts, bot.Cut(s, maxTold))
	}
	if w.left != nil {
		parts = append(parts, "Left behind: "+bot.Cut(clean(w.left.What), maxTold))
		if w.left.Command != "" {
			parts = append(parts, bot.Cut(w.left.Command, 1000))
		}
	}
	return strings.Join(parts, "\n")
}

func richText(s string) *slack.RichTextBlock {
	return slack.NewRichTextBlock("", slack.NewRichTextSection(slack.NewRichTextSectionTextElement(s, nil)))
}

func progressSections(r *change.Request, rows []stepRow) []slack.Block {
	blocks := []slack.Block{section("*" + line(progressTitle(r, rows), 300) + "*")}
	for _, w := range rows {
		said := []string{w.icon + " *" + line(w.title, maxName) + "* · " + line(w.word, 100)}
		for _, s := range w.said {
			said = append(said, line(s, maxTold))
		}
		if w.left != nil {
			said = append(said, "Left behind: "+line(w.left.What, maxTold))
			if w.left.Command != "" {
				said = append(said, fence(w.left.Command, 1000))
			}
		}
		blocks = append(blocks, small(strings.Join(said, "\n")))
	}
	return blocks
}
