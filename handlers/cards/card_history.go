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

// decisionWords are what stands in a line for each kind of decision, and before it the person who made it, where it is one.
var decisionWords = map[change.DecisionKind]struct {
	emoji  string
	person bool
	say    string
}{
	change.DecisionApprove:        {":white_check_mark:", true, "approved"},
	change.DecisionRevoke:         {":leftwards_arrow_with_hook:", true, "withdrew the approval"},
	change.DecisionReject:         {":no_entry:", true, "rejected"},
	change.DecisionRequestChanges: {":pencil2:", true, "requested changes"},
	change.DecisionWithdraw:       {":wastebasket:", true, "withdrew"},
	change.DecisionExpire:         {":alarm_clock:", false, "expired"}, // what it waited for is the reason
	change.DecisionRetry:          {":repeat:", true, "asked the bot to clean up again"},
	change.DecisionResolve:        {":broom:", true, "marked it as cleaned up"},
	change.DecisionRemind:         {":bell:", false, "reminded {to}"},
	change.DecisionInputSubmitted: {":key:", true, "provided the key"},
	change.DecisionInputRequested: {":bell:", false, "asked {to} for {wants}"},
	change.DecisionKeyTaken:       {":key:", true, "asked to see the key"},
	change.DecisionKeyShown:       {":key:", true, "was shown the key"},
	change.DecisionRenew:          {":key:", false, "a new key was requested; the previous one is invalid"},
	change.DecisionHandDone:       {":raised_hand:", true, "marked it as done"},
	change.DecisionWaitEnded:      {":alarm_clock:", false, "nobody did it in time"},
	change.DecisionStands:         {":recycle:", false, "covered by the connection's approval"},
	change.DecisionStandsNot:      {":raised_hand:", false, "needs new approval"},
	change.DecisionBreakGlass:     {":rotating_light:", true, "approved alone, in an emergency"},
	change.DecisionReviewRight:    {":mag:", true, "reviewed it: approved"},
	change.DecisionReviewWrong:    {":mag:", true, "reviewed it: objected"},
	change.DecisionReviewOverdue:  {":alarm_clock:", false, "the review is overdue"},
	change.Unapproved:             {":arrows_counterclockwise:", false, "not started, approvals are missing"},
	change.DecisionDrift:          {":arrows_counterclockwise:", false, "the plan changed, approvals are void"},
}

// decided is a decision in words, without when and why.
func decided(d change.Decision, void bool, wants string) string {
	who := mrkdwn.User(d.By.User)
	switch w, known := decisionWords[d.Kind]; {
	case !known:
		return ":grey_question: " + mrkdwn.Line(string(d.Kind), 40)
	case d.Kind == change.DecisionApprove && void:
		return w.emoji + " ~" + who + " approved~ an earlier plan"
	case d.Kind == change.DecisionInputSubmitted && wants == steps.InputAuthority:
		return ":package: " + who + " confirmed that the certificate authority is uploaded"
	case w.person:
		return w.emoji + " " + who + " " + w.say
	default:
		return w.emoji + " " + strings.NewReplacer("{to}", mrkdwn.Users(d.To, "and"), "{wants}", mrkdwn.Line(wants, mrkdwn.MaxName)).Replace(w.say)
	}
}

// DecisionLine is what somebody decided, in one line.
func DecisionLine(d change.Decision, void bool, wants string) string {
	s := decided(d, void, wants)
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
