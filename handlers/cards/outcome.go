package cards

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// Day is 24 hours.
const Day = 24 * time.Hour

// outcomeBlocks say on the card how the work ended, and what is left behind.
func outcomeBlocks(r *change.Request) []slack.Block {
	switch r.State { //nolint:exhaustive // only these three have an outcome to tell
	case change.Applied:
		return []slack.Block{mrkdwn.Section(resultLine(r) + keyLine(r) + seeLine(r))}
	case change.RolledBack:
		return []slack.Block{mrkdwn.Section(failedLine(r) + "\n" + CleanLine(r))}
	case change.Stuck:
		return append([]slack.Block{mrkdwn.Section(failedLine(r) + "\n" + leftLine(r))}, Leftovers(r.Outcome.Leftovers)...)
	}
	return nil
}

// failedLine says which step failed and why, in plain words.
func failedLine(r *change.Request) string {
	s := "It failed"
	if r.Outcome.Failed != "" {
		s += " at *" + mrkdwn.Line(stepTitle(r, r.Outcome.Failed), mrkdwn.MaxName) + "*"
	}
	if r.Outcome.Why == "" {
		return s + "."
	}
	return s + ": " + mrkdwn.Line(r.Outcome.Why, mrkdwn.MaxWhy)
}

// CleanLine says that nothing of a failed change is left, and what a person has uploaded for it.
func CleanLine(r *change.Request) string {
	if d := r.Last(change.DecisionResolve); d != nil {
		return mrkdwn.User(d.By.User) + " confirmed that nothing is left behind: " + mrkdwn.Typed(d.Reason, mrkdwn.MaxTold)
	}
	if left := pastedLine(r); left != "" {
		return "All changes of the bot were rolled back." + left
	}
	if left := uploadedLine(r); left != "" {
		return "All changes of the bot were rolled back." + left
	}
	if shown := shownLine(r); shown != "" {
		return "All changes were rolled back." + shown
	}
	return "All changes were rolled back; nothing is left behind."
}

// shownLine says that the key in use may have been shown to strangers; empty if it was not.
func shownLine(r *change.Request) string {
	alias, address, ok := steps.ShownElsewhere(r)
	if !ok {
		return ""
	}
	return " The key of `" + mrkdwn.Line(alias, MaxAlias) + "` may have been exposed at `" + mrkdwn.Line(address, MaxAddress) +
		"`, an address that the platform does not know. Rotate it."
}

// pastedLine says what is to be done about a key that was pasted and is not used; empty if there is none.
func pastedLine(r *change.Request) string {
	command, ok := steps.PastedLeft(r)
	if !ok || r.Last(change.DecisionInputSubmitted) == nil {
		return ""
	}
	return " The pasted key still works on the remote cluster, and the bot can't invalidate it. Run this there:\n" +
		mrkdwn.CodeBlock(command, 600)
}

func leftLine(r *change.Request) string {
	n := len(r.Outcome.Leftovers)
	if n == 0 {
		return "Not everything could be rolled back. The thread shows which step failed." + shownLine(r)
	}
	return fmt.Sprintf("%s could not be rolled back. Press *Try to clean up again*, or run the commands and press *Mark as cleaned up…*", mrkdwn.Plural(n, "thing", "things")) + shownLine(r)
}

// Leftovers are what a change has left behind, each with the command that removes it.
func Leftovers(left []change.Leftover) []slack.Block {
	const shown = 8
	var out []slack.Block
	for i, l := range left {
		if i == shown {
			out = append(out, mrkdwn.Small(fmt.Sprintf("… and %d more; the audit log lists them all", len(left)-i)))
			break
		}
		s := fmt.Sprintf("*%d.* %s", i+1, mrkdwn.Line(l.What, mrkdwn.MaxTold))
		if l.Cause != "" {
			s += "\n_Why:_ " + mrkdwn.Line(l.Cause, mrkdwn.MaxTold)
		}
		if l.Command != "" {
			s += "\n" + mrkdwn.CodeBlock(l.Command, 1200)
		}
		out = append(out, mrkdwn.Section(s))
	}
	return out
}

// resultLine says on the card what an applied change has come to; the line in the thread adds what to do next.
func resultLine(r *change.Request) string {
	if c, ok := Connection(r); ok {
		return "Connected and verified." + roleLine(c.Role, c.Alias)
	}
	return doneLine(r, "Done and verified.")
}

// readersLine says who can search now, and what to do so that others can.
func readersLine(r *change.Request, c link.ConnectParams) string {
	now := FieldOf(r, link.LabelReaders, "")
	if now == "" {
		return ""
	}
	s := "\n*Can search:* " + mrkdwn.Line(now, mrkdwn.MaxTold) + "."
	if c.Role == nil {
		s += " Press *" + labelReaders + "* to add a role for others."
	}
	return s
}

// nextLine is what to type next.
func nextLine(r *change.Request) string {
	c, ok := Connection(r)
	if !ok {
		return ""
	}
	s := readersLine(r, c)
	if next := tryIt(c); next != "" {
		s += "\nTo search through it:\n" + next
	}
	return s
}

// adviceLines are what to know of an applied change, one in a line; the notifier leaves in what was not told before.
func adviceLines(r *change.Request) string {
	var s strings.Builder
	for _, a := range r.Proposal.Advice {
		s.WriteString("\n:bulb: " + mrkdwn.Line(a.Say, mrkdwn.MaxTold))
	}
	return s.String()
}

func keyLine(r *change.Request) string {
	c, ok := Connection(r)
	if !ok || c.ExpiryDays <= 0 || r.Outcome.Ended.IsZero() {
		return ""
	}
	return "\nThe key expires " + mrkdwn.When(r.Outcome.Ended.Add(time.Duration(c.ExpiryDays)*Day)) + "."
}

// doneLine is what an applied change of a connection that exists has come to.
func doneLine(r *change.Request, otherwise string) string {
	switch r.Proposal.Kind {
	case link.KindRotate:
		s := "The new key works and is in use; "
		if invalidates(r) {
			return s + "the old one is invalidated."
		}
		return s + "no old key was invalidated, because the bot knew of none."
	case link.KindUpdate:
		var u link.UpdateParams
		_ = json.Unmarshal(r.Proposal.Params, &u) // what can't be read names no role
		return "Changed and verified." + roleLine(u.Role, u.Alias)
	case link.KindDisconnect:
		if !invalidates(r) {
			return "Disconnected." // by certificates, or by a key that only people know
		}
		return "Disconnected. The key is invalidated, so this can't be undone. Connecting again creates a new key."
	case link.KindAdopt:
		return "Adopted. The bot now monitors it."
	case link.KindExtend:
		var x link.ExtendParams
		if json.Unmarshal(r.Proposal.Params, &x) != nil || x.Until.IsZero() {
			return "It no longer ends."
		}
		return "Extended. It now ends " + mrkdwn.When(x.Until) + "."
	case link.KindMigrate:
		return "Migrated to API keys. Each connection was verified."
	}
	return otherwise
}

// invalidates reports whether a key was to be invalidated: where none was known, the step is there and calls nobody.
func invalidates(r *change.Request) bool {
	step := r.Proposal.Step(steps.StepInvalidateOldKey)
	return step != nil && len(step.Calls) > 0
}

// seeLine links to where the result of a connect can be seen.
func seeLine(r *change.Request) string {
	if _, ok := Connection(r); !ok {
		return ""
	}
	var links []string
	for _, l := range r.Proposal.Links[:min(len(r.Proposal.Links), 4)] {
		links = append(links, mrkdwn.Link(l.Value, l.Label))
	}
	if len(links) == 0 {
		return ""
	}
	return "\nSee it in " + strings.Join(links, " · ")
}

// tryIt is what to type next, to copy.
func tryIt(c link.ConnectParams) string {
	patterns := c.Access.Search
	if len(patterns) == 0 {
		return ""
	}
	return mrkdwn.CodeBlock(nextSearch(c.Alias, patterns), 600)
}

// nextSearch is what to type in the local cluster's Dev Tools to see the connection work.
func nextSearch(alias string, patterns []string) string {
	through := make([]string, len(patterns))
	for i, p := range patterns {
		through[i] = alias + ":" + p
	}
	return "GET " + strings.Join(through, ",") + "/_search"
}

// Connection reads a request's parameters if it asks for a connection.
func Connection(r *change.Request) (link.ConnectParams, bool) {
	var c link.ConnectParams
	if r.Proposal.Kind != link.KindConnect || json.Unmarshal(r.Proposal.Params, &c) != nil {
		return link.ConnectParams{}, false
	}
	return c, true
}

// stepTitle is a step's title for people, or its name if it is not in the plan.
func stepTitle(r *change.Request, name string) string {
	if s := r.Proposal.Step(name); s != nil {
		return s.Title
	}
	return name
}
