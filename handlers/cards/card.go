// Package cards is what people read about a request, drawn from the request alone: the card, its history, the outcome,
// the progress, and what the buttons carry. It asks nobody anything.
package cards

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
)

// The buttons of a card.
const (
	ActionApprove           = "request.approve"
	ActionApproveNote       = "request.approve_note"
	ActionChanges           = "request.changes"
	ActionReject            = "request.reject"
	ActionWithdraw          = "request.withdraw"
	ActionPlan              = "request.plan"
	ActionTakeBack          = "request.take_back"
	ActionEdit              = "request.edit"
	ActionPaste             = "request.paste"
	ActionAuthorityUploaded = "request.in_place"
	ActionShowKey           = "request.show_key"
	ActionNewKey            = "request.new_key"
	ActionHandDone          = "request.hand_done"
	ActionRetry             = "request.retry"
	ActionResolve           = "request.resolve"
	ActionBreakGlass        = "request.break_glass"
	ActionReviewRight       = "request.review_right"
	ActionReviewWrong       = "request.review_wrong"
	ActionAsideRequeue      = "aside.requeue"
	ActionAsideResolve      = "aside.resolve"
)

const labelEdit = "Edit and request again…"

// How much of the fields a card shows.
const (
	MaxFields     = 20  // of a card
	maxValueShown = 900 // of a field on a card
)

// Card is the message of a request in the channel. It is drawn from the request, so that drawing it again changes
// nothing but whether what was handed in still counts now; standing is what the policy says of a pending request, nil
// if it could not be asked.
func Card(r *change.Request, standing *change.Evaluation, now time.Time) bot.Message {
	blocks := []slack.Block{
		slack.NewHeaderBlock(mrkdwn.Plain(r.Proposal.Title, mrkdwn.MaxHeader)),
		mrkdwn.Section(statusLine(r, standing, now)),
	}
	lead, rest, hidden := Fields(r.Proposal.Fields)
	blocks = append(blocks, FieldBlocks("", lead)...)
	blocks = append(blocks, mrkdwn.Section("*Why*\n"+cmp.Or(mrkdwn.Quote(r.Reason, mrkdwn.MaxTold), "–")))
	blocks = append(blocks, FieldBlocks("", rest)...)
	if n := len(hidden); n > 0 {
		blocks = append(blocks, mrkdwn.Section(fmt.Sprintf("_%s: press *Show plan*_", mrkdwn.Plural(n, "more line", "more lines"))))
	}
	if w := warningLines(r); w != "" {
		blocks = append(blocks, mrkdwn.Section(w))
	}
	if d := DriftLines(r); d != "" {
		blocks = append(blocks, mrkdwn.Section(d))
	}
	blocks = append(blocks, outcomeBlocks(r)...)
	if d := decisionLines(r); d != "" {
		blocks = append(blocks, mrkdwn.Small(d))
	}
	blocks = append(blocks, mrkdwn.Small(footer(r)))
	if b := Buttons(r, standing); len(b) > 0 {
		blocks = append(blocks, slack.NewActionBlock("", b...))
	}
	return bot.Message{Text: Summary(r, standing), Blocks: blocks}
}

// FieldBlocks are what people read of a change. What is cut says so: approvers must know that they don't see all.
func FieldBlocks(head string, fields []change.Field) []slack.Block {
	lines := make([]string, 0, len(fields)+1)
	if head != "" {
		lines = append(lines, head)
	}
	for _, f := range fields {
		value := mrkdwn.Verbatim(f.Value, maxValueShown)
		if f.Label == link.LabelReaders {
			value = mrkdwn.Words(f.Value, maxValueShown)
		}
		if IsCut(f) {
			value += " _(shortened; the plan shows all of it)_"
		}
		lines = append(lines, "*"+mrkdwn.Line(f.Label, 60)+":* "+value)
	}
	var blocks []slack.Block
	for _, part := range mrkdwn.Pages(lines) {
		blocks = append(blocks, mrkdwn.Section(part))
	}
	return blocks
}

// IsCut reports whether a field is too long to be shown whole on a card.
func IsCut(f change.Field) bool {
	return mrkdwn.Verbatim(f.Value, maxValueShown) != mrkdwn.Verbatim(f.Value, math.MaxInt)
}

// Fields are who connects to whom, what may be read and for how long, which an approver decides by: all of it leads.
// The rest follows the reason, as far as there is room; what is hidden stands in the plan.
func Fields(fields []change.Field) (lead, rest, hidden []change.Field) {
	for _, f := range fields {
		label, _, _ := strings.Cut(f.Label, " (") // of one alias out of several
		switch label {
		case "Local", "Remote", "May search", "May replicate", link.LabelReaders, "Key expires", "New key expires",
			"Keys may search", "Keys may replicate", "Keys expire", link.LabelLimits, link.LabelIdentity, link.LabelUntil:
			lead = append(lead, f)
		default:
			rest = append(rest, f)
		}
	}
	shown := min(len(rest), max(0, MaxFields-len(lead)))
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
	s := fmt.Sprintf("Requested by %s · %s · request %s", Requester(r), mrkdwn.When(r.Created), bot.Code(r.ID))
	if r.State == change.Pending || r.State == change.Approved {
		s += " · expires " + mrkdwn.When(r.Deadline)
	}
	if r.Rule != "" {
		s += " · rule " + mrkdwn.Line(r.Rule, 60)
	}
	if r.Parent != "" {
		s += " · replaces " + bot.Code(r.Parent)
	}
	if r.Child != "" {
		s += " · requested again as " + bot.Code(r.Child)
	}
	return s
}

// Buttons are what can be done with a request as it stands.
func Buttons(r *change.Request, standing *change.Evaluation) []slack.BlockElement {
	return append(reviewButtons(r), stateButtons(r, standing)...)
}

func stateButtons(r *change.Request, standing *change.Evaluation) []slack.BlockElement {
	now := RefOf(r).String()
	// The plan stays the same as long as the approvals that it was asked under.
	plan := mrkdwn.Button(ActionPlan, Ref{ID: r.ID, Version: max(1, r.ApprovalsSince)}.String(), "Show plan")
	title := mrkdwn.Clean(r.Proposal.Title)
	withdraw := mrkdwn.Button(ActionWithdraw, now, "Withdraw")
	withdraw.Confirm = mrkdwn.Confirm("Withdraw this request?", "The request is withdrawn, and others can request this alias. Only the requester can do this.", "Withdraw", slack.StyleDanger)
	reject := mrkdwn.Button(ActionReject, now, "Reject…").WithStyle(slack.StyleDanger)
	reject.AccessibilityLabel = bot.Cut("Reject: "+title, mrkdwn.MaxOption)
	takeBack := mrkdwn.Button(ActionTakeBack, now, "Withdraw my approval")
	switch r.State { //nolint:exhaustive // the other states have no buttons but the plan, or none
	case change.Pending:
		approve := mrkdwn.Button(ActionApprove, now, "Approve").WithStyle(slack.StylePrimary)
		approve.AccessibilityLabel = bot.Cut("Approve: "+title, mrkdwn.MaxOption)
		if standing == nil || standing.Confirm { // nil: nobody knows what the policy asks for
			approve.Confirm = mrkdwn.Confirm("Approve this change?", "The bot makes this change once it has enough approvals: "+title, "Approve", slack.StylePrimary)
		}
		buttons := []slack.BlockElement{approve, mrkdwn.Button(ActionApproveNote, now, "Approve with a note…"), reject, mrkdwn.Button(ActionChanges, now, "Request changes…"), plan}
		if standing != nil && standing.Alone {
			glass := mrkdwn.Button(ActionBreakGlass, now, "Break glass…")
			glass.AccessibilityLabel = bot.Cut("Break glass: "+title, mrkdwn.MaxOption)
			buttons = append(buttons, glass)
		}
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
		retry := mrkdwn.Button(ActionRetry, now, "Try to clean up again").WithStyle(slack.StylePrimary)
		retry.Confirm = mrkdwn.Confirm("Try again?", "The bot tries again to roll back what it left behind.", "Try again", slack.StylePrimary)
		return []slack.BlockElement{retry, mrkdwn.Button(ActionResolve, now, "Mark as cleaned up…"), plan}
	case change.RolledBack, change.Rejected, change.Withdrawn, change.Expired:
		return editButton(r)
	}
	return nil
}

// editButton is there as long as nobody has asked again.
func editButton(r *change.Request) []slack.BlockElement {
	if _, ok := Connection(r); !ok || r.Child != "" {
		return nil
	}
	return []slack.BlockElement{mrkdwn.Button(ActionEdit, RefOf(r).String(), labelEdit)}
}

// Summary is the card in one text, for notifications and for clients without blocks.
func Summary(r *change.Request, v *change.Evaluation) string {
	_, word := RequestLabel(r)
	parts := []string{
		mrkdwn.Named(r.Proposal.Title, 300) + ". " + word + ".",
		"Requested by " + Requester(r) + ": " + mrkdwn.Typed(r.Reason, 300),
	}
	if s := ReviewLine(r); s != "" {
		parts = append(parts, s)
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
