package cards

import (
	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

const labelReaders = "Let others search…"

// FinalLine is the one line in the thread that tells the requester how it ended; ok is false where there is nothing
// to tell, because it is not over or the requester ended it. command is the slash command.
func FinalLine(r *change.Request, command string) (m bot.Message, ok bool) {
	to := mrkdwn.User(r.Requester.User)
	var s string
	switch r.State { //nolint:exhaustive // the others are not over, or the requester ended it
	case change.Applied:
		s = to + " :white_check_mark: *" + mrkdwn.Named(r.Proposal.Title, 300) + "*\n" + resultLine(r) + nextLine(r) + adviceLines(r)
	case change.RolledBack:
		s = to + " :x: " + failedLine(r) + "\n" + CleanLine(r) + "\n" + againLine(r, command)
	case change.Stuck:
		return stuckMessage(r), true
	case change.Rejected:
		s = to + " :no_entry: rejected"
		if d := r.Last(change.DecisionReject); d != nil {
			s += " by " + mrkdwn.User(d.By.User) + ": " + mrkdwn.Typed(d.Reason, mrkdwn.MaxTold)
		} else if d := r.Last(change.DecisionRequestChanges); d != nil {
			s = to + " :pencil2: " + mrkdwn.User(d.By.User) + " requested changes: " + mrkdwn.Typed(d.Reason, mrkdwn.MaxTold)
		}
		s += "\nNothing was changed. " + againLine(r, command) + pastedLine(r)
	case change.Expired:
		s = to + " :alarm_clock: this request expired before it could start. Nothing was changed. " + againLine(r, command) + pastedLine(r)
	default:
		return bot.Message{}, false
	}
	blocks := []slack.Block{mrkdwn.Section(s)}
	if c, ok := Connection(r); ok && r.State == change.Applied {
		blocks = append(blocks, slack.NewActionBlock("", connectedButtons(c)...))
	}
	if r.State != change.Applied {
		if again := editButton(r); len(again) > 0 {
			blocks = append(blocks, slack.NewActionBlock("", again...))
		}
	}
	return bot.Message{Text: s, Blocks: blocks}, true
}

// connectedButtons are what follows a new connection.
func connectedButtons(c link.ConnectParams) []slack.BlockElement {
	n := link.Name{Local: c.Local, Alias: c.Alias}
	buttons := []slack.BlockElement{mrkdwn.Button(ConnectionPrefix+"status", PressValue(n, ""), "Status")}
	if !c.ByCertificate() && c.Role == nil && len(c.Access.Search) > 0 {
		buttons = append(buttons, mrkdwn.Button(ConnectionPrefix+"update", PressValue(n, PrefillRole), labelReaders))
	}
	return buttons
}

func stuckMessage(r *change.Request) bot.Message {
	s := mrkdwn.User(r.Requester.User) + " :rotating_light: " + failedLine(r) + "\n" + leftLine(r)
	said := []string{s}
	for _, l := range r.Outcome.Leftovers {
		said = append(said, "Left behind: "+mrkdwn.Line(l.What, 300)+". "+mrkdwn.Line(l.Command, 500))
	}
	return bot.Message{
		Text:   mrkdwn.Within("\n", mrkdwn.MaxSummary, said...),
		Blocks: append([]slack.Block{mrkdwn.Section(s)}, Leftovers(r.Outcome.Leftovers)...),
	}
}

// againLine says how to request it again; command is the slash command.
func againLine(r *change.Request, command string) string {
	if _, ok := Connection(r); ok {
		return "To change something and try again, press *" + labelEdit + "*"
	}
	return "To try again, send " + bot.Code(command+" "+SubcommandOf(r.Proposal.Kind)) + "."
}

// NewPlanLine calls the approvers again when the plan that they approved is void.
func NewPlanLine(r *change.Request, v *change.Evaluation) (m bot.Message, ok bool) {
	if r.Previous == nil || r.State != change.Pending {
		return bot.Message{}, false
	}
	ask := "Nothing was changed. Please review the card again. " + MissingLine(v)
	return bot.Message{
		Text:   "The plan has changed since it was approved, so the approvals are void. " + ask,
		Blocks: []slack.Block{mrkdwn.Section(DriftLines(r)), mrkdwn.Section(ask)},
	}, true
}
