package handlers

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// The buttons of a card.
const (
	actionApprove           = "request.approve"
	actionApproveNote       = "request.approve_note"
	actionChanges           = "request.changes"
	actionReject            = "request.reject"
	actionWithdraw          = "request.withdraw"
	actionPlan              = "request.plan"
	actionTakeBack          = "request.take_back"
	actionEdit              = "request.edit"
	actionPaste             = "request.paste"
	actionAuthorityUploaded = "request.in_place"
	actionShowKey           = "request.show_key"
	actionNewKey            = "request.new_key"
	actionHandDone          = "request.hand_done"
	actionRetry             = "request.retry"
	actionResolve           = "request.resolve"
)

const labelEdit = "Edit and request again…"

const (
	maxFields     = 20  // of a card
	maxValueShown = 900 // of a field on a card
)

// card is the message of a request in the channel. It is drawn from the request, so that drawing it again changes
// nothing but whether what was handed in still counts now; standing is what the policy says of a pending request, nil
// if it could not be asked.
func card(r *change.Request, standing *change.Evaluation, now time.Time) bot.Message {
	blocks := []slack.Block{
		slack.NewHeaderBlock(mrkdwn.Plain(r.Proposal.Title, mrkdwn.MaxHeader)),
		mrkdwn.Section(statusLine(r, standing, now)),
	}
	lead, rest, hidden := cardFields(r.Proposal.Fields)
	blocks = append(blocks, fieldBlocks("", lead)...)
	blocks = append(blocks, mrkdwn.Section("*Why*\n"+cmp.Or(mrkdwn.Quote(r.Reason, mrkdwn.MaxTold), "–")))
	blocks = append(blocks, fieldBlocks("", rest)...)
	if n := len(hidden); n > 0 {
		blocks = append(blocks, mrkdwn.Section(fmt.Sprintf("_%s in the plan: press *Show plan*_", mrkdwn.Plural(n, "more line", "more lines"))))
	}
	if w := warningLines(r); w != "" {
		blocks = append(blocks, mrkdwn.Section(w))
	}
	if d := driftLines(r); d != "" {
		blocks = append(blocks, mrkdwn.Section(d))
	}
	blocks = append(blocks, outcomeBlocks(r)...)
	if d := decisionLines(r); d != "" {
		blocks = append(blocks, mrkdwn.Small(d))
	}
	blocks = append(blocks, mrkdwn.Small(footer(r)))
	if b := cardButtons(r, standing); len(b) > 0 {
		blocks = append(blocks, slack.NewActionBlock("", b...))
	}
	return bot.Message{Text: cardSummary(r, standing), Blocks: blocks}
}

// stateLabel is a state's emoji and word.
func stateLabel(s change.State) (emoji, word string) {
	switch s {
	case change.Pending:
		return ":hourglass_flowing_sand:", "Waiting for approval"
	case change.Approved:
		return ":ballot_box_with_check:", "Approved, about to start"
	case change.Applying:
		return ":gear:", "In progress"
	case change.Undoing:
		return ":leftwards_arrow_with_hook:", "Failed, rolling back"
	case change.WaitingForPerson:
		return ":raised_hand:", "Waiting for a person"
	case change.Stuck:
		return ":rotating_light:", "Stuck: needs a person"
	case change.Applied:
		return ":white_check_mark:", "Done"
	case change.RolledBack:
		return ":x:", "Failed and rolled back"
	case change.Rejected:
		return ":no_entry:", "Rejected"
	case change.Withdrawn:
		return ":wastebasket:", "Withdrawn"
	case change.Expired:
		return ":alarm_clock:", "Expired"
	}
	return ":grey_question:", "In a state that this version of the bot does not know"
}

func statusLine(r *change.Request, v *change.Evaluation, now time.Time) string {
	emoji, word := stateLabel(r.State)
	s := emoji + " *" + word + "*" + workLine(r)
	if r.State == change.Approved && !r.NotBefore.IsZero() {
		s += "\nThe work begins no earlier than " + mrkdwn.When(r.NotBefore) + ", and not at all after " + mrkdwn.When(r.Deadline) + "."
	}
	if r.State == change.WaitingForPerson {
		s += "\n" + waitText(r, v)
	}
	if r.State == change.Pending {
		if missing := missingLine(v); missing != "" {
			s += "\n" + missing
		}
	}
	if wanted := wantedLine(r, v, now); wanted != "" {
		s += "\n" + wanted
	}
	return s
}

// wantedLine says what has to be handed in, or that it was and still counts.
func wantedLine(r *change.Request, v *change.Evaluation, now time.Time) string {
	if r.Proposal.RequiredInput == "" || r.State != change.Pending && r.State != change.Approved {
		return ""
	}
	if r.Proposal.RequiredInput == steps.InputAuthority {
		return authorityLine(r, v, now)
	}
	if d := r.InputSubmitted(); d != nil && !r.NeedsInput(now) {
		return mrkdwn.Upper(mrkdwn.Line(r.Proposal.RequiredInput, mrkdwn.MaxName)) + " was handed in by " + mrkdwn.User(d.By.User) + " and is kept until " + mrkdwn.When(d.At.Add(change.InputTTL)) + "."
	}
	missing := "Missing: " + mrkdwn.Line(r.Proposal.RequiredInput, mrkdwn.MaxName) + ". " + inputExpiredText(r, "handed in")
	if later := inputFrom(v); later != "" {
		return missing + "The remote side's approver is asked for it shortly before the work may begin, " + later + "."
	}
	return missing + "The remote side's approver is asked for it on approval."
}

// inputFrom is from when on something may be handed in (change.Service.CanSubmitInput); empty where that is now.
func inputFrom(v *change.Evaluation) string {
	if v == nil || v.NotBefore.IsZero() {
		return ""
	}
	return "from " + mrkdwn.When(v.NotBefore.Add(-change.InputLeadTime)) + " on"
}

// inputExpiredText say that what was handed in for the present plan does not count any more; empty if nothing was.
func inputExpiredText(r *change.Request, did string) string {
	d := r.InputSubmitted()
	if d == nil {
		return ""
	}
	return "What " + mrkdwn.User(d.By.User) + " " + did + " " + mrkdwn.When(d.At) + " has lapsed: it counts for an hour at most. "
}

// missingLine says whose approvals are missing. It is the one place of a card that mentions the approvers.
func missingLine(v *change.Evaluation) string {
	if v == nil || len(v.Missing) == 0 {
		return ""
	}
	missing := 0
	for _, n := range v.Missing {
		missing += n.Count
	}
	given := v.Needed - missing
	var parts []string
	for _, n := range v.Missing {
		who := oneOf(n)
		if len(v.Missing) > 1 && len(n.Who) > 0 {
			who += " (" + mrkdwn.Line(n.Group, mrkdwn.MaxName) + ")"
		}
		if given <= 0 || n.Count > 1 && n.Count < len(n.Who) {
			who = mrkdwn.Plural(n.Count, "approval", "approvals") + " from " + who
		}
		parts = append(parts, who)
	}
	who := mrkdwn.Within(" and ", 2000, parts...)
	if given > 0 {
		return fmt.Sprintf("%d of %d approved. Still needs %s", given, v.Needed, who)
	}
	return "Needs " + who
}

// oneOf are those who could give an approval: one of them, or all where all have to.
func oneOf(n change.Need) string {
	switch {
	case len(n.Who) == 0:
		return mrkdwn.Line(n.Group, mrkdwn.MaxName)
	case n.Count >= len(n.Who):
		return mrkdwn.Users(n.Who, "and")
	}
	return mrkdwn.Users(n.Who, "or")
}

// fieldBlocks are what people read of a change. What is cut says so: approvers must know that they don't see all.
func fieldBlocks(head string, fields []change.Field) []slack.Block {
	lines := make([]string, 0, len(fields)+1)
	if head != "" {
		lines = append(lines, head)
	}
	for _, f := range fields {
		value := mrkdwn.Verbatim(f.Value, maxValueShown)
		if isCut(f) {
			value += " _(cut: the plan shows all)_"
		}
		lines = append(lines, "*"+mrkdwn.Line(f.Label, 60)+":* "+value)
	}
	var blocks []slack.Block
	for _, part := range mrkdwn.Pages(lines) {
		blocks = append(blocks, mrkdwn.Section(part))
	}
	return blocks
}

func isCut(f change.Field) bool {
	return mrkdwn.Verbatim(f.Value, maxValueShown) != mrkdwn.Verbatim(f.Value, math.MaxInt)
}

// cardFields are who connects to whom, what may be read and for how long, which an approver decides by: all of it leads.
// The rest follows the reason, as far as there is room; what is hidden stands in the plan.
func cardFields(fields []change.Field) (lead, rest, hidden []change.Field) {
	for _, f := range fields {
		label, _, _ := strings.Cut(f.Label, " (") // of one alias out of several
		switch label {
		case "Local", "Remote", "May search", "May replicate", link.LabelReaders, "Key expires", "New key expires",
			"Keys may search", "Keys may replicate", "Keys expire", link.LabelLimits, link.LabelIdentity:
			lead = append(lead, f)
		default:
			rest = append(rest, f)
		}
	}
	shown := min(len(rest), max(0, maxFields-len(lead)))
	return lead, rest[:shown], rest[shown:]
}

// cardWarnings is how many warnings a card shows: the gravest come first, and the plan lists all.
const cardWarnings = 3

func warningLines(r *change.Request) string {
	if r.State.Final() {
		return ""
	}
	all := r.Proposal.Warnings
	var out []string
	for _, w := range all[:min(len(all), cardWarnings)] {
		out = append(out, ":warning: "+mrkdwn.Line(w, mrkdwn.MaxTold))
	}
	if n := len(all) - cardWarnings; n > 0 {
		out = append(out, fmt.Sprintf("_%s in the plan_", mrkdwn.Plural(n, "more warning", "more warnings")))
	}
	return mrkdwn.Within("\n", mrkdwn.MaxText-10, out...)
}

func footer(r *change.Request) string {
	s := fmt.Sprintf("Requested by %s · %s · request %s", requester(r), mrkdwn.When(r.Created), bot.Code(r.ID))
	if r.State == change.Pending || r.State == change.Approved {
		s += " · expires " + mrkdwn.When(r.Deadline)
	}
	if r.Rule != "" {
		s += " · rule " + mrkdwn.Line(r.Rule, 60)
	}
	if r.Parent != "" {
		s += " · takes the place of " + bot.Code(r.Parent)
	}
	if r.Child != "" {
		s += " · asked again as " + bot.Code(r.Child)
	}
	return s
}

func cardButtons(r *change.Request, standing *change.Evaluation) []slack.BlockElement {
	now := refOf(r).String()
	// The plan stays the same as long as the approvals that it was asked under.
	plan := mrkdwn.Button(actionPlan, cardRef{ID: r.ID, Version: max(1, r.ApprovalsSince)}.String(), "Show plan")
	title := mrkdwn.Clean(r.Proposal.Title)
	withdraw := mrkdwn.Button(actionWithdraw, now, "Withdraw")
	withdraw.Confirm = mrkdwn.Confirm("Withdraw this request?", "The request is cancelled and others can request this alias. Only the requester can do this.", "Withdraw", slack.StyleDanger)
	reject := mrkdwn.Button(actionReject, now, "Reject…").WithStyle(slack.StyleDanger)
	reject.AccessibilityLabel = bot.Cut("Reject: "+title, mrkdwn.MaxOption)
	takeBack := mrkdwn.Button(actionTakeBack, now, "Withdraw my approval")
	switch r.State { //nolint:exhaustive // the other states have no buttons but the plan, or none
	case change.Pending:
		approve := mrkdwn.Button(actionApprove, now, "Approve").WithStyle(slack.StylePrimary)
		approve.AccessibilityLabel = bot.Cut("Approve: "+title, mrkdwn.MaxOption)
		if standing == nil || standing.Confirm { // nil: nobody knows what the policy asks for
			approve.Confirm = mrkdwn.Confirm("Approve this change?", "The bot carries it out once there are enough approvals: "+title, "Approve", slack.StylePrimary)
		}
		buttons := []slack.BlockElement{approve, mrkdwn.Button(actionApproveNote, now, "Approve with a note…"), reject, mrkdwn.Button(actionChanges, now, "Request changes…"), plan}
		if len(r.Approvals()) > 0 {
			buttons = append(buttons, takeBack)
		}
		return append(append(append(buttons, inputButton(r)...), withdraw), editButton(r)...)
	case change.Approved:
		buttons := []slack.BlockElement{reject, plan, takeBack, withdraw}
		return append(buttons, inputButton(r)...)
	case change.Applying, change.Undoing:
		return []slack.BlockElement{plan}
	case change.WaitingForPerson:
		return append(waitButtons(r), plan)
	case change.Stuck:
		retry := mrkdwn.Button(actionRetry, now, "Try to clean up again").WithStyle(slack.StylePrimary)
		retry.Confirm = mrkdwn.Confirm("Try again?", "The bot takes back once more what it left behind.", "Try again", slack.StylePrimary)
		return []slack.BlockElement{retry, mrkdwn.Button(actionResolve, now, "Mark as cleaned up…"), plan}
	case change.RolledBack, change.Rejected, change.Withdrawn, change.Expired:
		return editButton(r)
	}
	return nil
}

// editButton is there as long as nobody has asked again.
func editButton(r *change.Request) []slack.BlockElement {
	if _, ok := connection(r); !ok || r.Child != "" {
		return nil
	}
	return []slack.BlockElement{mrkdwn.Button(actionEdit, refOf(r).String(), labelEdit)}
}

func cardSummary(r *change.Request, v *change.Evaluation) string {
	_, word := stateLabel(r.State)
	parts := []string{
		mrkdwn.Named(r.Proposal.Title, 300) + ". " + word + ".",
		"Requested by " + requester(r) + ": " + mrkdwn.Typed(r.Reason, 300),
	}
	if r.State == change.Pending && v != nil {
		for _, n := range v.Missing {
			parts = append(parts, fmt.Sprintf("Needs %s from %s.", mrkdwn.Plural(n.Count, "approval", "approvals"), mrkdwn.Line(n.Group, 60)))
		}
	}
	for _, f := range r.Proposal.Fields {
		parts = append(parts, mrkdwn.Line(f.Label, 60)+": "+mrkdwn.Line(f.Value, 150)+".")
	}
	if r.State == change.RolledBack || r.State == change.Stuck {
		parts = append(parts, "Why: "+strings.TrimSuffix(mrkdwn.Line(r.Outcome.Why, 300), ".")+".")
	}
	if !r.State.Final() {
		for _, w := range r.Proposal.Warnings {
			parts = append(parts, "Warning: "+strings.TrimSuffix(mrkdwn.Line(w, 200), ".")+".")
		}
	}
	return mrkdwn.Within(" ", mrkdwn.MaxSummary, append(parts, "Request "+mrkdwn.Line(r.ID, 64)+".")...)
}
