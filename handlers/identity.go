package handlers

import (
	"context"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// authorityUploaded records that a person has uploaded what the plan waits for. There is nothing to type: whether it is there, the
// remote cluster says when the bot sets it.
func (h *Handlers) authorityUploaded(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.decide(ctx, a, h.o.Requests.SubmitInput)
}

// inputButton is how what the proposal wants is handed in; none where it wants nothing.
func inputButton(r *change.Request) []slack.BlockElement {
	now := refOf(r).String()
	switch r.Proposal.RequiredInput {
	case "":
		return nil
	case steps.InputAuthority:
		done := mrkdwn.Button(actionAuthorityUploaded, now, "Done, it is uploaded")
		done.Confirm = mrkdwn.Confirm("Is the certificate authority in place?",
			"The bot then makes the remote cluster believe what it signs. If the file is not there, the change fails and is taken back.", "It is", slack.StylePrimary)
		return []slack.BlockElement{done}
	}
	return []slack.BlockElement{mrkdwn.Button(actionPaste, now, "Paste the key…")}
}

// inputText tell which button that is.
func inputText(r *change.Request) string {
	if r.Proposal.RequiredInput == steps.InputAuthority {
		return "upload it as described, and press *Done, it is uploaded*."
	}
	return "press *Paste the key…* now."
}

// authorityLine says that the authority has to be uploaded, or who says that it was.
func authorityLine(r *change.Request, v *change.Evaluation, now time.Time) string {
	if d := r.InputSubmitted(); d != nil && !r.NeedsInput(now) {
		return mrkdwn.Upper(steps.InputAuthority) + " is in place, says " + mrkdwn.User(d.By.User) + "; that counts until " + mrkdwn.When(d.At.Add(change.InputTTL)) + "."
	}
	missing := "Missing: " + steps.InputAuthority + ". " + inputExpiredText(r, "confirmed")
	if later := inputFrom(v); later != "" {
		return missing + "The remote side's approver uploads it as described below, and then presses *Done* shortly before the work may begin, " + later + "."
	}
	return missing + "The remote side's approver uploads it as described below, and then presses *Done*."
}

// signingBlocks say what else is to be done on a remote cluster where the bot can do nothing, so that it believes the
// local one's signatures.
func signingBlocks(p change.Proposal) []slack.Block {
	call, todo := steps.SigningByHand(p)
	if call.Path == "" {
		return nil
	}
	var blocks []slack.Block
	if todo != "" {
		blocks = append(blocks, mrkdwn.Section("*First* the certificate authority has to get there:\n"+mrkdwn.Line(todo, mrkdwn.MaxText-100)))
	}
	blocks = append(blocks, mrkdwn.Section("*Then make it count* there. Elasticsearch shows nobody which authorities are set already, and this replaces them: name them too."))
	return append(blocks, fences(call.Method+" "+call.Path+"\n"+indent(call.Body))...)
}

// uploadedLine says that what a person has uploaded is still there; empty if nothing was.
func uploadedLine(r *change.Request) string {
	if r.Proposal.RequiredInput != steps.InputAuthority || r.Last(change.DecisionInputSubmitted) == nil {
		return ""
	}
	return " The bundle with the certificate authority stays enabled on the remote deployment, where nothing refers to it " +
		"because of this request any more; whoever uploaded it may remove it."
}
