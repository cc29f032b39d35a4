package cards

import (
	"fmt"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// StateLabel is a state's emoji and word.
func StateLabel(s change.State) (emoji, word string) {
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
	return ":grey_question:", "In a state that this version of the bot doesn't know"
}

// RequestLabel is the emoji and word of a request's state. One that was sent back with a wish is not called rejected.
func RequestLabel(r *change.Request) (emoji, word string) {
	if r.State == change.Rejected && r.Last(change.DecisionReject) == nil && r.Last(change.DecisionRequestChanges) != nil {
		return ":pencil2:", "Changes requested"
	}
	return StateLabel(r.State)
}

func statusLine(r *change.Request, v *change.Evaluation, now time.Time) string {
	emoji, word := RequestLabel(r)
	s := emoji + " *" + word + "*" + workLine(r)
	if r.State == change.Approved && !r.NotBefore.IsZero() {
		s += "\nStarts no earlier than " + mrkdwn.When(r.NotBefore) + ", no later than " + mrkdwn.When(r.Deadline) + "."
	}
	if r.State == change.WaitingForPerson {
		s += "\n" + waitText(r, v)
	}
	if r.State == change.Pending {
		if missing := MissingLine(v); missing != "" {
			s += "\n" + missing
		}
	}
	if wanted := wantedLine(r, v, now); wanted != "" {
		s += "\n" + wanted
	}
	if review := ReviewLine(r); review != "" {
		s += "\n" + review
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
		return mrkdwn.Upper(mrkdwn.Line(r.Proposal.RequiredInput, mrkdwn.MaxName)) + " was provided by " + mrkdwn.User(d.By.User) + " and is kept until " + mrkdwn.When(d.At.Add(change.InputTTL)) + "."
	}
	missing := "Missing: " + mrkdwn.Line(r.Proposal.RequiredInput, mrkdwn.MaxName) + ". " + inputExpiredText(r, "provided")
	if later := inputFrom(v); later != "" {
		return missing + "The remote side's approver is asked for it shortly before the start, " + later + "."
	}
	return missing + "The remote side's approver is asked for it when they approve."
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
	return "What " + mrkdwn.User(d.By.User) + " " + did + " " + mrkdwn.When(d.At) + " has expired: it is valid for an hour. "
}

// MissingLine says whose approvals are missing. It is the one place of a card that mentions the approvers.
func MissingLine(v *change.Evaluation) string {
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
