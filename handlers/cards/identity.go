package cards

import (
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// inputButton is how what the proposal needs is handed in; none where it needs nothing.
func inputButton(r *change.Request) []slack.BlockElement {
	now := RefOf(r).String()
	switch r.Proposal.RequiredInput {
	case "":
		return nil
	case steps.InputAuthority:
		done := mrkdwn.Button(ActionAuthorityUploaded, now, "Done, it is uploaded")
		done.Confirm = mrkdwn.Confirm("Is the certificate authority uploaded?",
			"The bot then makes the remote cluster trust it. If the file is missing, the change fails and is rolled back.", "Yes, uploaded", slack.StylePrimary)
		return []slack.BlockElement{done}
	}
	return []slack.BlockElement{mrkdwn.Button(ActionPaste, now, "Paste the key…")}
}

// authorityLine says that the authority has to be uploaded, or who says that it was.
func authorityLine(r *change.Request, v *change.Evaluation, now time.Time) string {
	if d := r.InputSubmitted(); d != nil && !r.NeedsInput(now) {
		return mrkdwn.Upper(steps.InputAuthority) + " was uploaded, confirmed by " + mrkdwn.User(d.By.User) + "; valid until " + mrkdwn.When(d.At.Add(change.InputTTL)) + "."
	}
	missing := "Missing: " + steps.InputAuthority + ". " + inputExpiredText(r, "confirmed")
	if later := inputFrom(v); later != "" {
		return missing + "The remote side's approver uploads it as described below and presses *Done* shortly before the start, " + later + "."
	}
	return missing + "The remote side's approver uploads it as described below and presses *Done*."
}

// uploadedLine says that what a person has uploaded is still there; empty if nothing was.
func uploadedLine(r *change.Request) string {
	if r.Proposal.RequiredInput != steps.InputAuthority || r.Last(change.DecisionInputSubmitted) == nil {
		return ""
	}
	return " If the certificate authority was uploaded, it is still on the nodes of the remote side. " +
		"This request no longer uses it, so you can remove it."
}

// InputText tell which button that is.
func InputText(r *change.Request) string {
	if r.Proposal.RequiredInput == steps.InputAuthority {
		return "upload it as described and press *Done, it is uploaded*."
	}
	return "press *Paste the key…* now."
}
