package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// The slots of direct messages: each is a copy of the card for one person.
const (
	slotAsk    = "ask"    // followed by the user
	slotRemind = "remind" // followed by which reminder it is, and the user
	slotCall   = "call"   // followed by which call for what is to be handed in it is, and the user
	slotCopy   = "copy"   // followed by the user: the requester, while the channel can't be written to
)

// maxDirectRequests bounds how many people are asked for an approval by direct message, for the reason of RemindedAtOnce.
const maxDirectRequests = change.RemindedAtOnce

// direct are the copies of the card in direct messages: for those whom the rule asks, and those who were
// reminded; and, while the channel is away, for the requester and for all who could approve. A copy that was posted is
// drawn again as the card is; a new one for approvers is posted only while the request waits.
func direct(r *change.Request, standing *change.Evaluation, away bool, command string, now time.Time) []rendered {
	var out []rendered
	waits := r.State == change.Pending // else no more copies are posted
	add := func(slot, user, why string) {
		if _, posted := r.Messages[slot]; !posted && !waits {
			return
		}
		if slices.ContainsFunc(out, func(d rendered) bool { return d.slot == slot }) {
			return
		}
		msg := cards.Card(r, standing, now)
		msg.Text = why + " " + msg.Text
		msg.Blocks = append([]slack.Block{mrkdwn.Small(why)}, msg.Blocks...)
		out = append(out, rendered{slot: slot, msg: msg, to: user})
	}
	const ask, remind = ":wave: Your approval is requested.", ":bell: This request still needs your approval."
	for slot := range r.Messages {
		if u, ok := strings.CutPrefix(slot, slotAsk+"-"); ok {
			add(slot, u, ask)
		}
	}
	if r.State == change.Pending && standing != nil && (standing.Direct || away) {
		who := standing.Who()
		for _, u := range who[:min(len(who), maxDirectRequests)] {
			add(slotAsk+"-"+u, u, ask)
		}
	}
	byClock := func(verb change.DecisionKind, slot, why string) {
		n := 0
		for _, d := range r.Decisions {
			if d.Kind != verb {
				continue
			}
			n++
			for _, u := range d.To[:min(len(d.To), maxDirectRequests)] { // more of them: written down before there was a bound
				add(fmt.Sprintf("%s-%d-%s", slot, n, u), u, why)
			}
		}
	}
	byClock(change.DecisionRemind, slotRemind, remind)
	byClock(change.DecisionInputRequested, slotCall, ":bell: The change can start as soon as "+mrkdwn.Line(r.Proposal.RequiredInput, mrkdwn.MaxName)+" is provided: "+cards.InputText(r)+" It is valid for an hour.")
	waits = r.Review().Open()
	byClock(change.DecisionBreakGlass, slotGlass, ":rotating_light: This was approved by one person alone, in an emergency. Please review it.")
	byClock(change.DecisionReviewOverdue, slotOverdue, ":alarm_clock: The review of this is overdue.")
	out = append(out, elsewhere(r, standing, away, command, now)...)
	slices.SortFunc(out, func(a, b rendered) int { return strings.Compare(a.slot, b.slot) })
	return out
}

// elsewhere is what the card and its thread would have told people if the channel could be written to: the requester has
// a copy of the card and hears how it ended, approvers are called again when the plan that they approved is void.
func elsewhere(r *change.Request, standing *change.Evaluation, away bool, command string, now time.Time) []rendered {
	var out []rendered
	asker := r.Requester.User
	if _, posted := r.Messages[slotCopy+"-"+asker]; posted || away {
		const why = ":mailbox: The bot can't post in the requests channel, so here is your request."
		msg := cards.Card(r, standing, now)
		msg.Text = why + " " + msg.Text
		msg.Blocks = append([]slack.Block{mrkdwn.Small(why)}, msg.Blocks...)
		out = append(out, rendered{slot: slotCopy + "-" + asker, msg: msg, to: asker})
	}
	if !away {
		return out
	}
	if m, ok := cards.FinalLine(r, command); ok {
		slot := slotFinal
		if r.State == change.Stuck {
			slot = slotStuck
		}
		out = append(out, rendered{slot: slot + "-" + asker, msg: m, to: asker, postOnly: slot == slotFinal})
	}
	if m, ok := cards.NewPlanLine(r, standing); ok && standing != nil {
		who := standing.Who()
		for _, u := range who[:min(len(who), maxDirectRequests)] {
			out = append(out, rendered{slot: fmt.Sprintf("%s-%d-%s", slotNewPlan, r.ApprovalsSince, u), msg: m, to: u, postOnly: true})
		}
	}
	return out
}
