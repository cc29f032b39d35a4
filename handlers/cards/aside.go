package cards

import (
	"cmp"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// PutAside tells the channel that a request was put aside. who are those who may requeue or resolve it; none: that is not known
// now, or only the bot's operators may.
func PutAside(a change.Aside, who []string) bot.Message {
	ask := "The approvers"
	if len(who) > 0 {
		ask = mrkdwn.Users(who, "or")
	}
	s := ":rotating_light: Request " + bot.Code(a.ID) + " can't be read any more, so it was put aside. All others continue; what this one changes stays locked.\n" +
		AsideFacts(a) + "\n" + ask + ": look on the platforms for what it left. *Requeue* lets it continue after the bot's operators have repaired its record, *Resolve…* ends it " +
		"when nothing of it is left. The bot's operators can do both with " + bot.Code("remote-cluster-bot aside") + "."
	m := bot.Message{Text: s, Blocks: []slack.Block{mrkdwn.Section(s)}}
	if a.Since.IsZero() { // the database did not answer when this was told
		return m
	}
	value := Ref{ID: a.ID, Version: a.Since.UnixMilli()}.String()
	requeue, resolve := mrkdwn.Button(ActionAsideRequeue, value, "Requeue"), mrkdwn.Button(ActionAsideResolve, value, "Resolve…")
	requeue.AccessibilityLabel, resolve.AccessibilityLabel = "Requeue request "+a.ID, "Resolve request "+a.ID
	m.Blocks = append(m.Blocks, slack.NewActionBlock("", requeue, resolve))
	return m
}

// AsideFacts is what can be told of a request that was put aside.
func AsideFacts(a change.Aside) string {
	state, target := "not known", "not known"
	if a.State.Valid() {
		_, state = StateLabel(a.State)
	}
	if a.Target != "" {
		target = bot.Code(mrkdwn.Clean(a.Target))
	}
	return "*Request:* " + bot.Code(a.ID) + "\n*Requested by:* " + cmp.Or(mrkdwn.Users(a.Requesters, "or"), "not known") + "\n*Last state:* " + state + "\n*Locks:* " + target
}

// AsideTakenUp is the message once somebody has requeued or resolved the request.
func AsideTakenUp(a change.Aside) bot.Message {
	who := "the bot's operators"
	if a.End.By.User != change.Operator {
		who = mrkdwn.User(a.End.By.User)
	}
	s := ":white_check_mark: Request " + bot.Code(a.ID) + " was put aside because it could not be read.\n"
	if a.End.Resolved {
		s += "*Resolved by " + who + "* " + mrkdwn.When(a.End.At) + ": it has ended, and what it locked is released.\nWhat was left, and what was done: " + mrkdwn.Typed(a.End.Reason, mrkdwn.MaxTold)
	} else {
		s += "*Requeued by " + who + "* " + mrkdwn.When(a.End.At) + ": it continues where it stopped."
	}
	return bot.Message{Text: s, Blocks: []slack.Block{mrkdwn.Section(s)}}
}
