package cards

import (
	"cmp"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// The labels of the buttons that a review is made with.
const (
	labelRight = "Seen and right"
	labelWrong = "Not right…"
)

// ReviewLine says who approved alone, and who has to review it; empty where nothing is open.
func ReviewLine(r *change.Request) string {
	v := r.Review()
	if !v.Open() {
		return ""
	}
	s := ":rotating_light: *" + mrkdwn.User(v.Broken.By.User) + " approved this alone, in an emergency.* " +
		mrkdwn.Upper(Reviewers(r, v.Reviewers)) + " has to review it by " + mrkdwn.When(v.Due)
	if v.Told > 0 {
		s += ": *overdue*"
	}
	return s + "."
}

// Reviewers are those who can review what somebody approved alone, as far as they are known.
func Reviewers(r *change.Request, who []string) string {
	return cmp.Or(mrkdwn.Users(who, "or"), "somebody of the reviewers of rule "+mrkdwn.Line(r.Rule, 60))
}

// reviewButtons are there until somebody has reviewed what was approved alone.
func reviewButtons(r *change.Request) []slack.BlockElement {
	if !r.Review().Open() {
		return nil
	}
	right := mrkdwn.Button(ActionReviewRight, RefOf(r).String(), labelRight)
	title := mrkdwn.Clean(r.Proposal.Title)
	right.AccessibilityLabel = bot.Cut("Seen and right: "+title, mrkdwn.MaxOption)
	wrong := mrkdwn.Button(ActionReviewWrong, RefOf(r).String(), labelWrong)
	wrong.AccessibilityLabel = bot.Cut("Not right: "+title, mrkdwn.MaxOption)
	right.Confirm = mrkdwn.Confirm("Was it right?", "You have looked at what was changed and why, and it was right to approve it alone. Your name is recorded in the audit.",
		labelRight, slack.StylePrimary)
	return []slack.BlockElement{right, wrong}
}

// BrokenLine tells the channel and the reviewers that somebody approved alone.
func BrokenLine(r *change.Request, broken change.Decision) bot.Message {
	s := ":rotating_light: *Break glass: " + mrkdwn.User(broken.By.User) + " approved “" + mrkdwn.Named(r.Proposal.Title, 300) + "” alone, in an emergency.*\n" +
		"Why: " + mrkdwn.Typed(broken.Reason, mrkdwn.MaxTold) + "\nUntil: " + mrkdwn.Line(FieldOf(r, link.LabelUntil, "not known"), mrkdwn.MaxName) + "\n" +
		Reviewers(r, broken.To) + ": please review it by " + mrkdwn.When(broken.Due) + ". Press *" + labelRight + "* or *" + labelWrong + "* on the card."
	return loud(s)
}

// OverdueLine tells them that nobody has reviewed it in time; who are those whom it asks.
func OverdueLine(r *change.Request, who []string) bot.Message {
	v := r.Review()
	return loud(":alarm_clock: *Nobody has reviewed what " + mrkdwn.User(v.Broken.By.User) + " approved alone: “" + mrkdwn.Named(r.Proposal.Title, 300) + "”.*\n" +
		"It was due " + mrkdwn.When(v.Due) + ". " + Reviewers(r, who) + ": press *" + labelRight + "* or *" + labelWrong + "* on the card.")
}

// WrongLine tells those whom it concerns that it was not right, and what can be done; ok is false where nobody said so.
func WrongLine(r *change.Request) (m bot.Message, ok bool) {
	v := r.Review()
	if v == nil || v.Open() || v.Verdict.Kind != change.DecisionReviewWrong {
		return bot.Message{}, false
	}
	to := []string{v.Broken.By.User}
	if r.Requester.User != v.Broken.By.User {
		to = append(to, r.Requester.User)
	}
	m = loud(":no_entry: " + mrkdwn.Users(to, "and") + ": " + mrkdwn.User(v.Verdict.By.User) + " has reviewed “" + mrkdwn.Named(r.Proposal.Title, 300) +
		"”, and it was *not right* to approve it alone: " + mrkdwn.Typed(v.Verdict.Reason, mrkdwn.MaxTold))
	if c, ok := Connection(r); ok && r.State == change.Applied {
		const still = "\nThe review changes nothing by itself. If the connection is still there, it can be removed before its end."
		n := link.Name{Local: c.Local, Alias: c.Alias}
		m.Text += still
		m.Blocks = []slack.Block{mrkdwn.Section(m.Text), slack.NewActionBlock("", mrkdwn.Button(ConnectionPrefix+"disconnect", PressValue(n, ""), "Disconnect…"))}
	}
	return m, true
}

// loud is a message that shows in the channel although it belongs into a thread.
func loud(s string) bot.Message {
	return bot.Message{Text: s, Blocks: []slack.Block{mrkdwn.Section(s)}, Broadcast: true}
}
