package cards

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// DriftLines tells what moved between the plan that was approved and the one that waits now.
func DriftLines(r *change.Request) string {
	if r.Previous == nil || r.State != change.Pending {
		return ""
	}
	out := []string{":arrows_counterclockwise: *The plan has changed since it was approved*, so the approvals are void. What changed:"}
	moved := 0
	for _, f := range r.Proposal.Basis {
		was := "nothing"
		if i := slices.IndexFunc(r.Previous.Basis, func(p change.Field) bool { return p.Label == f.Label }); i >= 0 {
			was = r.Previous.Basis[i].Value
		}
		if was != f.Value {
			moved++
			out = append(out, fmt.Sprintf("• %s: was %s, is %s", mrkdwn.Line(f.Label, 60), mrkdwn.Line(was, 200), mrkdwn.Line(f.Value, 200)))
		}
	}
	rest := movedCalls(r.Previous.Calls(), r.Proposal.Calls())
	if len(rest) == 0 {
		rest = movedSteps(*r.Previous, r.Proposal)
	}
	if moved == 0 && len(rest) == 0 {
		rest = []string{"• what the policy decides by"}
	}
	out = append(out, rest...)
	return mrkdwn.Within("\n", mrkdwn.MaxText-10, out...)
}

// movedSteps are the steps that go by something else now, although their calls look the same.
func movedSteps(was, is change.Proposal) []string {
	var out []string
	for _, s := range is.Steps {
		if before := was.Step(s.Name); before == nil || !bytes.Equal(before.Args, s.Args) {
			out = append(out, "• step: "+mrkdwn.Line(s.Title, 160))
		}
	}
	return out
}

// movedCalls are the calls that are no longer made, and those that are new.
func movedCalls(was, is []change.Call) []string {
	var out []string
	for _, side := range []struct {
		word         string
		these, those []change.Call
	}{{"no longer", was, is}, {"now", is, was}} {
		for _, c := range side.these {
			if !slices.Contains(side.those, c) {
				say := "• " + side.word + ": " + mrkdwn.Line(c.Method+" "+c.Path, 160)
				if c.Body != "" {
					say += " " + mrkdwn.Verbatim(c.Body, 200)
				}
				out = append(out, say)
			}
		}
	}
	return out
}

func decisionLines(r *change.Request) string {
	var out []string
	for _, d := range r.Decisions {
		out = append(out, DecisionLine(d, d.Digest != r.Proposal.Digest, r.Proposal.RequiredInput))
	}
	if len(out) > 8 {
		out = append([]string{fmt.Sprintf("… and %d earlier", len(out)-8)}, out[len(out)-8:]...)
	}
	return mrkdwn.Within("\n", mrkdwn.MaxText-10, out...)
}

// DecisionLine is what somebody decided, in one line.
func DecisionLine(d change.Decision, void bool, wants string) string {
	var s string
	switch d.Kind {
	case change.DecisionApprove:
		s = ":white_check_mark: " + mrkdwn.User(d.By.User) + " approved"
		if void {
			s = ":white_check_mark: ~" + mrkdwn.User(d.By.User) + " approved~ an earlier plan"
		}
	case change.DecisionRevoke:
		s = ":leftwards_arrow_with_hook: " + mrkdwn.User(d.By.User) + " withdrew the approval"
	case change.DecisionReject:
		s = ":no_entry: " + mrkdwn.User(d.By.User) + " rejected"
	case change.DecisionRequestChanges:
		s = ":pencil2: " + mrkdwn.User(d.By.User) + " requested changes"
	case change.DecisionWithdraw:
		s = ":wastebasket: " + mrkdwn.User(d.By.User) + " withdrew"
	case change.DecisionExpire:
		s = ":alarm_clock: expired" // what it waited for is the reason
	case change.DecisionRetry:
		s = ":repeat: " + mrkdwn.User(d.By.User) + " asked the bot to clean up again"
	case change.DecisionResolve:
		s = ":broom: " + mrkdwn.User(d.By.User) + " marked it as cleaned up"
	case change.DecisionRemind:
		s = ":bell: reminded " + mrkdwn.Users(d.To, "and")
	case change.DecisionInputSubmitted:
		s = ":key: " + mrkdwn.User(d.By.User) + " provided the key"
		if wants == steps.InputAuthority {
			s = ":package: " + mrkdwn.User(d.By.User) + " confirmed that the certificate authority is uploaded"
		}
	case change.DecisionInputRequested:
		s = ":bell: asked " + mrkdwn.Users(d.To, "and") + " for " + mrkdwn.Line(wants, mrkdwn.MaxName)
	case change.DecisionKeyTaken:
		s = ":key: " + mrkdwn.User(d.By.User) + " asked to see the key"
	case change.DecisionKeyShown:
		s = ":key: " + mrkdwn.User(d.By.User) + " was shown the key"
	case change.DecisionRenew:
		s = ":key: a new key was requested; the previous one is invalid"
	case change.DecisionHandDone:
		s = ":raised_hand: " + mrkdwn.User(d.By.User) + " marked it as done"
	case change.DecisionWaitEnded:
		s = ":alarm_clock: nobody did it in time"
	case change.DecisionStands:
		s = ":recycle: covered by the connection's approval"
	case change.DecisionStandsNot:
		s = ":raised_hand: needs new approval"
	case change.DecisionBreakGlass:
		s = ":rotating_light: " + mrkdwn.User(d.By.User) + " approved alone, in an emergency"
	case change.DecisionReviewRight:
		s = ":mag: " + mrkdwn.User(d.By.User) + " reviewed it: approved"
	case change.DecisionReviewWrong:
		s = ":mag: " + mrkdwn.User(d.By.User) + " reviewed it: objected"
	case change.DecisionReviewOverdue:
		s = ":alarm_clock: the review is overdue"
	case change.Unapproved:
		s = ":arrows_counterclockwise: not started, approvals are missing"
	case change.DecisionDrift:
		s = ":arrows_counterclockwise: the plan changed, approvals are void"
	default:
		s = ":grey_question: " + mrkdwn.Line(string(d.Kind), 40)
	}
	s += " · " + mrkdwn.When(d.At)
	switch {
	case strings.TrimSpace(d.Reason) == "":
	case d.By.User != "":
		s += ": " + mrkdwn.Typed(d.Reason, 300)
	default: // the bot's own
		s += ": _" + strings.ReplaceAll(mrkdwn.Line(d.Reason, 300), "_", " ") + "_"
	}
	return s
}
