package handlers

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

const labelReaders = "Let others search…"

const day = 24 * time.Hour

// outcomeBlocks say on the card how the work ended, and what is left behind.
func outcomeBlocks(r *change.Request) []slack.Block {
	switch r.State { //nolint:exhaustive // only these three have an outcome to tell
	case change.Applied:
		return []slack.Block{mrkdwn.Section(resultLine(r) + keyLine(r) + seeLine(r))}
	case change.RolledBack:
		return []slack.Block{mrkdwn.Section(failedLine(r) + "\n" + cleanLine(r))}
	case change.Stuck:
		return append([]slack.Block{mrkdwn.Section(failedLine(r) + "\n" + leftLine(r))}, leftovers(r.Outcome.Leftovers)...)
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

func cleanLine(r *change.Request) string {
	if d := r.Last(change.DecisionResolve); d != nil {
		return mrkdwn.User(d.By.User) + " says that nothing is left behind: " + mrkdwn.Typed(d.Reason, mrkdwn.MaxTold)
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
	return " The key of `" + mrkdwn.Line(alias, maxAlias) + "` was perhaps shown at `" + mrkdwn.Line(address, maxAddress) +
		"`, which the platform does not know: rotate it."
}

// pastedLine says what is to be done about a key that was pasted and is not used; empty if there is none.
func pastedLine(r *change.Request) string {
	command, ok := steps.PastedLeft(r)
	if !ok || r.Last(change.DecisionInputSubmitted) == nil {
		return ""
	}
	return " The key that was pasted still works on the remote cluster, where the bot can do nothing: whoever made it " +
		"should invalidate it.\n" + fence(command, 600)
}

func leftLine(r *change.Request) string {
	n := len(r.Outcome.Leftovers)
	if n == 0 {
		return "Not everything could be rolled back. The thread shows which step." + shownLine(r)
	}
	return fmt.Sprintf("%s could not be rolled back. Press *Try to clean up again*, or run the commands and press *Mark as cleaned up…*", mrkdwn.Plural(n, "thing", "things")) + shownLine(r)
}

func leftovers(left []change.Leftover) []slack.Block {
	const shown = 8
	var out []slack.Block
	for i, l := range left {
		if i == shown {
			out = append(out, mrkdwn.Small(fmt.Sprintf("… and %d more; the request's audit names them all", len(left)-i)))
			break
		}
		s := fmt.Sprintf("*%d.* %s", i+1, mrkdwn.Line(l.What, mrkdwn.MaxTold))
		if l.Cause != "" {
			s += "\n_Why:_ " + mrkdwn.Line(l.Cause, mrkdwn.MaxTold)
		}
		if l.Command != "" {
			s += "\n" + fence(l.Command, 1200)
		}
		out = append(out, mrkdwn.Section(s))
	}
	return out
}

// resultLine says on the card what an applied change has come to; the line in the thread adds what to do next.
func resultLine(r *change.Request) string {
	if c, ok := connection(r); ok {
		return "Connected and verified." + roleLine(c.Role, c.Alias)
	}
	return doneLine(r, "It is in place and was checked.")
}

// readersLine says who can search now, and what to do so that others can.
func readersLine(r *change.Request, c link.ConnectParams) string {
	now := fieldOf(r, link.LabelReaders, "")
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
	c, ok := connection(r)
	if !ok {
		return ""
	}
	s := readersLine(r, c)
	if next := tryIt(c); next != "" {
		s += "\nTo search through it:\n" + next
	}
	return s
}

func keyLine(r *change.Request) string {
	c, ok := connection(r)
	if !ok || c.ExpiryDays <= 0 || r.Outcome.Ended.IsZero() {
		return ""
	}
	return "\nThe key expires " + mrkdwn.When(r.Outcome.Ended.Add(time.Duration(c.ExpiryDays)*day)) + "."
}

// doneLine is what an applied change of a connection that exists has come to.
func doneLine(r *change.Request, otherwise string) string {
	switch r.Proposal.Kind {
	case link.KindRotate:
		s := "The new key is in place and was proven; "
		if invalidates(r) {
			return s + "the old one is invalid."
		}
		return s + "no old key was invalidated, because none was known to be valid."
	case link.KindUpdate:
		var u link.UpdateParams
		_ = json.Unmarshal(r.Proposal.Params, &u) // what can't be read names no role
		return "Changed and verified." + roleLine(u.Role, u.Alias)
	case link.KindDisconnect:
		if !invalidates(r) {
			return "Disconnected." // by certificates, or by a key that only people know
		}
		return "Disconnected. The key is gone, so this can't be undone: connecting again makes a new one."
	case link.KindAdopt:
		return "Adopted: the bot watches it from now on."
	case link.KindMigrate:
		return "Moved to API keys, and each connection was checked."
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
	if _, ok := connection(r); !ok {
		return ""
	}
	var links []string
	for _, l := range r.Proposal.Links[:min(len(r.Proposal.Links), 4)] {
		links = append(links, webLink(l.Value, l.Label))
	}
	if len(links) == 0 {
		return ""
	}
	return "\nSee it in " + strings.Join(links, " · ")
}

// webLink is a link in markup; what is no address of the web stays text.
func webLink(address, label string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || strings.ContainsAny(address, "<>| \n") {
		return mrkdwn.Line(label, 150)
	}
	return "<" + bot.Escape(u.String()) + "|" + strings.ReplaceAll(mrkdwn.Line(label, 150), "|", "/") + ">"
}

// tryIt is what to type next, to copy.
func tryIt(c link.ConnectParams) string {
	patterns := c.Access.Search
	if len(patterns) == 0 {
		return ""
	}
	return fence(nextSearch(c.Alias, patterns), 600)
}

// nextSearch is what to type in the local cluster's Dev Tools to see the connection work.
func nextSearch(alias string, patterns []string) string {
	through := make([]string, len(patterns))
	for i, p := range patterns {
		through[i] = alias + ":" + p
	}
	return "GET " + strings.Join(through, ",") + "/_search"
}

// connection reads a request's parameters if it asks for a connection.
func connection(r *change.Request) (link.ConnectParams, bool) {
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

// fence sets outside text as code of several lines.
func fence(s string, limit int) string {
	s = strings.ReplaceAll(strings.TrimSpace(s), "```", "'''")
	return "```" + mrkdwn.Escape(s, limit-6) + "```"
}

// finalLine is the one line in the thread that tells the requester how it ended; ok is false where there is nothing
// to tell, because it is not over or the requester ended it. command is the slash command.
func finalLine(r *change.Request, command string) (m bot.Message, ok bool) {
	to := mrkdwn.User(r.Requester.User)
	var s string
	switch r.State { //nolint:exhaustive // the others are not over, or the requester ended it
	case change.Applied:
		s = to + " :white_check_mark: *" + mrkdwn.Named(r.Proposal.Title, 300) + "*\n" + resultLine(r) + nextLine(r)
	case change.RolledBack:
		s = to + " :x: " + failedLine(r) + "\n" + cleanLine(r) + "\n" + againLine(r, command)
	case change.Stuck:
		return stuckMessage(r), true
	case change.Rejected:
		s = to + " :no_entry: rejected"
		if d := r.Last(change.DecisionReject); d != nil {
			s += " by " + mrkdwn.User(d.By.User) + ": " + mrkdwn.Typed(d.Reason, mrkdwn.MaxTold)
		} else if d := r.Last(change.DecisionRequestChanges); d != nil {
			s = to + " :pencil2: " + mrkdwn.User(d.By.User) + " asks for changes: " + mrkdwn.Typed(d.Reason, mrkdwn.MaxTold)
		}
		s += "\nNothing was changed. " + againLine(r, command) + pastedLine(r)
	case change.Expired:
		s = to + " :alarm_clock: this ran out before it could start. Nothing was changed. " + againLine(r, command) + pastedLine(r)
	default:
		return bot.Message{}, false
	}
	blocks := []slack.Block{mrkdwn.Section(s)}
	if c, ok := connection(r); ok && r.State == change.Applied {
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
	buttons := []slack.BlockElement{mrkdwn.Button(connectionPrefix+"status", pressValue(n, ""), "Status")}
	if !c.ByCertificate() && c.Role == nil && len(c.Access.Search) > 0 {
		buttons = append(buttons, mrkdwn.Button(connectionPrefix+"update", pressValue(n, prefillRole), labelReaders))
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
		Blocks: append([]slack.Block{mrkdwn.Section(s)}, leftovers(r.Outcome.Leftovers)...),
	}
}

// againLine says how to request it again; command is the slash command.
func againLine(r *change.Request, command string) string {
	if _, ok := connection(r); ok {
		return "To change something and try again, press *" + labelEdit + "*"
	}
	return "To try again, send " + bot.Code(command+" "+subcommandOf(r.Proposal.Kind)) + "."
}

// newPlanLine calls the approvers again when the plan that they approved is void.
func newPlanLine(r *change.Request, v *change.Evaluation) (m bot.Message, ok bool) {
	if r.Previous == nil || r.State != change.Pending {
		return bot.Message{}, false
	}
	ask := "Nothing was changed. Please look at the card again. " + missingLine(v)
	return bot.Message{
		Text:   "The plan is no longer the one that was approved, so its approvals are void. " + ask,
		Blocks: []slack.Block{mrkdwn.Section(driftLines(r)), mrkdwn.Section(ask)},
	}, true
}
