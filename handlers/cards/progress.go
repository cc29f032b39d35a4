package cards

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Progress is the picture of the work, drawn from the journal. As a rule it is Slack's plan block with a task card a
// step; a workspace that does not take those yet gets the same in sections. ok is false before any work has begun.
func Progress(r *change.Request, simple bool) (m bot.Message, ok bool) {
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
			rows = append(rows, progressRow(r, unplanned(rec.Step), rec))
		}
	}
	return rows
}

// unplanned is a step that is not in the plan: nobody knows what it calls, so it may have changed something.
func unplanned(name string) change.PlannedStep {
	return change.PlannedStep{Name: name, Title: name, Calls: make([]change.Call, 1)}
}

func progressRow(r *change.Request, s change.PlannedStep, rec *change.StepRecord) stepRow {
	w := stepRow{name: s.Name, title: s.Title, status: slack.TaskCardStatusPending, icon: ":white_circle:", word: "waiting"}
	if rec == nil {
		if r.State != change.Applying && (r.State != change.WaitingForPerson || r.Wait.Undo) {
			w.word = "not started"
		}
		return w
	}
	failed := r.Outcome.Failed == s.Name
	w.status, w.icon, w.word = stepFace(rec, failed, ChangesNothing(s))
	if r.State == change.WaitingForPerson && r.Wait.Step == s.Name {
		w.word = "waiting for a person"
	}
	if rec.Attempts > 1 {
		w.word += fmt.Sprintf(", try %d", rec.Attempts)
	}
	finding, trouble := rec.Finding, rec.Trouble
	if rec.State == change.StepUndone && !ChangesNothing(s) && strings.TrimSpace(finding) != "" {
		finding = "undone: " + finding
	}
	if trouble == "" && failed {
		trouble = r.Outcome.Why
	}
	if retry := retryLine(rec); retry != "" {
		trouble = strings.TrimSuffix(trouble, ".") + ". " + retry
	}
	for _, said := range []string{finding, trouble} {
		if strings.TrimSpace(said) != "" {
			w.said = append(w.said, mrkdwn.Clean(said))
		}
	}
	w.left = rec.Leftover
	return w
}

// ChangesNothing reports whether a step only looks, or helps along what other steps did: then there is nothing to undo.
func ChangesNothing(s change.PlannedStep) bool {
	return !slices.ContainsFunc(s.Calls, func(c change.Call) bool { return c.Method != http.MethodGet && c.OnlyIf == "" })
}

// retryLine says which try comes next, and when.
func retryLine(rec *change.StepRecord) string {
	if rec.Next.IsZero() || rec.Trouble == "" {
		return ""
	}
	return fmt.Sprintf("Next try (%d) at %s.", rec.Attempts+1, rec.Next.UTC().Format("15:04:05 UTC"))
}

// workLine says on the card which step is under way, and why it takes longer than usual; empty while nothing is.
func workLine(r *change.Request) string {
	if r.State != change.Applying && r.State != change.Undoing {
		return ""
	}
	at, resumed, total := 0, false, len(r.Proposal.Steps)
	var now *change.StepRecord
	for i := range r.Journal {
		rec := &r.Journal[i]
		resumed = resumed || rec.Resumed || rec.Epoch != r.Journal[0].Epoch && r.Wait.Step == "" // a wait ends a claim, too
		switch rec.State {
		case change.StepDone:
			at = max(at, i+1)
		case change.StepBegun, change.StepUndoing:
			at, now = i, rec
		case change.StepFailed, change.StepUndone, change.StepUndoFailed:
		}
	}
	var s string
	switch {
	case r.State == change.Applying && at < total:
		s = fmt.Sprintf("\nStep %d of %d: %s…", at+1, total, mrkdwn.Line(r.Proposal.Steps[at].Title, mrkdwn.MaxName))
	case r.State == change.Undoing && now != nil:
		s = "\nUndoing: " + mrkdwn.Line(stepTitle(r, now.Step), mrkdwn.MaxName) + "…"
	}
	if resumed && r.State == change.Applying {
		s += "\nResumed after a restart."
	}
	if now != nil && now.Trouble != "" {
		s += "\n:warning: " + strings.TrimSuffix(mrkdwn.Line(now.Trouble, mrkdwn.MaxTold), ".") + ". " + retryLine(now)
	}
	return strings.TrimRight(s, " ")
}

// stepFace is a step's status in a task card, and its icon and word. Slack knows four statuses only: what was undone is
// as if it had not begun, unless it is the step that failed.
func stepFace(rec *change.StepRecord, failed, looks bool) (status slack.TaskCardStatus, icon, word string) {
	did, undid := timed("done", rec.Applied), "undone"
	if failed {
		did = timed("failed", rec.Applied)
	}
	if !rec.Ended.IsZero() && !rec.Begun.IsZero() {
		undid = timed("undone", rec.Ended.Sub(rec.Begun))
	}
	switch rec.State {
	case change.StepBegun:
		return slack.TaskCardStatusInProgress, ":hourglass_flowing_sand:", "in progress"
	case change.StepDone:
		return slack.TaskCardStatusComplete, ":white_check_mark:", timed("done", rec.Ended.Sub(rec.Begun))
	case change.StepFailed:
		return slack.TaskCardStatusError, ":x:", timed("failed", rec.Ended.Sub(rec.Begun))
	case change.StepUndoing:
		return slack.TaskCardStatusInProgress, ":leftwards_arrow_with_hook:", "being undone"
	case change.StepUndone:
		switch {
		case looks && failed:
			return slack.TaskCardStatusError, ":x:", did
		case looks:
			return slack.TaskCardStatusComplete, ":white_check_mark:", did
		case failed:
			return slack.TaskCardStatusError, ":x:", did + ", " + undid
		}
		return slack.TaskCardStatusPending, ":leftwards_arrow_with_hook:", did + ", " + undid
	case change.StepUndoFailed:
		return slack.TaskCardStatusError, ":rotating_light:", "not fully undone"
	}
	return slack.TaskCardStatusPending, ":grey_question:", string(rec.State)
}

// timed is a word with the time that it took; without one, the word.
func timed(word string, d time.Duration) string {
	if d <= 0 {
		return word
	}
	return word + " in " + mrkdwn.Took(d)
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
		return fmt.Sprintf("In progress: %d of %s done", done, mrkdwn.Plural(len(rows), "step", "steps"))
	case change.Applied:
		return "Done: " + mrkdwn.Plural(len(rows), "step", "steps")
	}
	_, word := RequestLabel(r)
	return word
}

func progressSummary(r *change.Request, rows []stepRow) string {
	parts := []string{mrkdwn.Line(progressTitle(r, rows), 200) + "."}
	for _, w := range rows {
		said := []string{mrkdwn.Line(w.title, mrkdwn.MaxName) + ": " + mrkdwn.Line(w.word, 80)}
		for _, s := range w.said {
			said = append(said, mrkdwn.Line(s, 200))
		}
		parts = append(parts, strings.TrimSuffix(strings.Join(said, "; "), ".")+".")
	}
	return mrkdwn.Within(" ", mrkdwn.MaxSummary, parts...)
}

func progressPlan(r *change.Request, rows []stepRow) slack.Block {
	// An updated plan needs block ids that were not there before.
	version := strconv.FormatInt(r.Version, 10)
	p := slack.NewPlanBlock(bot.Cut(mrkdwn.Clean(progressTitle(r, rows)), mrkdwn.MaxHeader), slack.PlanBlockOptionBlockID("progress-"+version))
	tasks := make([]*slack.TaskCardBlock, 0, len(rows))
	for i, w := range rows {
		id := fmt.Sprintf("%d-%s", i, bot.Cut(w.name, 100))
		t := slack.NewTaskCardBlock(id, bot.Cut(mrkdwn.Clean(w.title), mrkdwn.MaxName)).WithStatus(w.status).
			WithDetails(richText(bot.Cut(mrkdwn.Upper(w.word), mrkdwn.MaxName)))
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
		parts = append(parts, bot.Cut(s, mrkdwn.MaxTold))
	}
	if w.left != nil {
		parts = append(parts, "Left behind: "+bot.Cut(mrkdwn.Clean(w.left.What), mrkdwn.MaxTold))
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
	blocks := []slack.Block{mrkdwn.Section("*" + mrkdwn.Line(progressTitle(r, rows), 300) + "*")}
	for _, w := range rows {
		said := []string{w.icon + " *" + mrkdwn.Line(w.title, mrkdwn.MaxName) + "* · " + mrkdwn.Line(w.word, 100)}
		for _, s := range w.said {
			said = append(said, mrkdwn.Line(s, mrkdwn.MaxTold))
		}
		if w.left != nil {
			said = append(said, "Left behind: "+mrkdwn.Line(w.left.What, mrkdwn.MaxTold))
			if w.left.Command != "" {
				said = append(said, mrkdwn.CodeBlock(w.left.Command, 1000))
			}
		}
		blocks = append(blocks, mrkdwn.Small(strings.Join(said, "\n")))
	}
	return blocks
}
