package monitor

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

func problemLabel(p openAlert) string {
	switch p.Trouble {
	case diagnose.ProblemDown:
		return "was down"
	case diagnose.ProblemDegraded:
		return "was degraded"
	case diagnose.ProblemExpiring:
		if p.Certs {
			return "had certificates that were about to expire"
		}
		return "had a key that was about to expire"
	case diagnose.ProblemDrifted:
		if p.Certs {
			return "did not trust a certificate authority"
		}
		return "differed from what was approved"
	case diagnose.ProblemOverdue:
		return "should have ended"
	case diagnose.ProblemEnding:
		return "was about to end"
	case diagnose.ProblemUnreviewed:
		return "was due for its access review"
	}
	return string(p.Trouble)
}

// alertMessage tells of the problem of a connection, with the button that fixes it, or of a cause.
func alertMessage(m *Monitor, a alert) bot.Message {
	if a.problem == nil {
		return causeMessage(a, m.o.Command)
	}
	return problemMessage(a.affected[0], *a.problem, a.Since)
}

func problemMessage(c troubled, p OpenProblem, since time.Time) bot.Message {
	icon, word := ":rotating_light:", "is down"
	switch p.Kind {
	case diagnose.ProblemDown:
	case diagnose.ProblemDegraded:
		icon, word = ":warning:", "is degraded"
	case diagnose.ProblemExpiring:
		icon, word = ":hourglass:", "has a key that expires soon"
		if p.Certs {
			word = "has certificates that expire soon"
		}
	case diagnose.ProblemDrifted:
		icon, word = ":twisted_rightwards_arrows:", "differs from what was approved"
		if p.Certs {
			word = "does not trust a certificate authority"
		}
	case diagnose.ProblemOverdue:
		icon, word = ":alarm_clock:", "should have ended"
	case diagnose.ProblemEnding:
		icon, word = ":alarm_clock:", "ends soon"
	case diagnose.ProblemUnreviewed:
		icon, word = ":clipboard:", "is due for its access review"
	}
	head := fmt.Sprintf("%s The connection %s of %s *%s*", icon, bot.Code(mrkdwn.Clean(c.name.Alias)), mrkdwn.Line(c.status.On, mrkdwn.MaxName), word)
	s := head + "\n" + mrkdwn.Line(p.Say, 1500)
	if p.Kind == diagnose.ProblemEnding && p.Fix != "" && len(c.status.Asked) > 0 {
		s += "\n" + mrkdwn.Users(c.status.Asked, "and") + ": do you need it longer?"
	}
	if p.Review != nil {
		s += "\n" + strings.TrimPrefix(mrkdwn.Users(c.status.Asked, "and")+": is it still needed?", ": ")
	}
	var buttons []slack.BlockElement
	if p.Review != nil {
		buttons = cards.AccessReviewButtons(c.name, c.status.On+"/"+c.name.Alias, p.Review.Since, p.Certs)
	}
	if verb := cards.SubcommandOf(p.Fix); verb != "" {
		fill := cards.PrefillFor(verb, p.Cause)
		if fill != "" && p.Kind == diagnose.ProblemDrifted {
			fill = cards.PrefillApproved
		}
		label := "Fix: " + verb + "…"
		if p.Kind.Notice() || p.Kind == diagnose.ProblemOverdue {
			label = mrkdwn.Upper(verb) + "…"
		}
		b := mrkdwn.Button(cards.ConnectionPrefix+verb, cards.PressValue(c.name, fill), label)
		b.Style = slack.StylePrimary
		buttons = append(buttons, b)
	}
	if p.Kind == diagnose.ProblemOverdue {
		buttons = append(buttons, mrkdwn.Button(cards.ConnectionPrefix+"extend", cards.PressValue(c.name, ""), "Extend…"))
	}
	if p.Kind == diagnose.ProblemDrifted { // what is there now may be what is wanted
		buttons = append(buttons, mrkdwn.Button(cards.ConnectionPrefix+"status", cards.PressValue(c.name, ""), "Status"))
	}
	look := "diagnose"
	if p.Kind.Notice() {
		look = "status"
	}
	buttons = append(buttons, mrkdwn.Button(cards.ConnectionPrefix+look, cards.PressValue(c.name, ""), mrkdwn.Upper(look)))
	asked := ""
	if p.Review != nil {
		since = p.Since
	}
	if p.Review != nil && p.Review.Asked > 1 {
		asked = fmt.Sprintf(" · asked %d times", p.Review.Asked)
	}
	if by := c.status.Maker; by != "" {
		asked += " · created by " + mrkdwn.User(by)
	}
	return bot.Message{
		Text: strings.ReplaceAll(s, "\n", " "),
		Blocks: []slack.Block{
			mrkdwn.Section(s), mrkdwn.Small("Since " + mrkdwn.When(since) + asked), slack.NewActionBlock("", buttons...),
		},
	}
}

const maxAffected = 10 // connections of a cause that its message lists

// causeMessage counts the connections that have problems and share a cause, and lists the worst.
func causeMessage(a alert, command string) bot.Message {
	head := fmt.Sprintf(":rotating_light: *%s* %s %s: %s", mrkdwn.Plural(len(a.affected), "connection", "connections"),
		causeWord(a.cause), "*"+mrkdwn.Line(a.cause.name, mrkdwn.MaxName)+"*", countProblems(a.affected))
	blocks := []slack.Block{mrkdwn.Section(head)}
	for _, c := range a.affected[:min(len(a.affected), maxAffected)] {
		p := c.status.Problems[0]
		row := slack.NewSectionBlock(mrkdwn.Markup(fmt.Sprintf("%s *%s* as %s\n%s", cards.StateFace(c.status.known().State()), mrkdwn.Line(c.status.On, mrkdwn.MaxName),
			bot.Code(bot.Cut(mrkdwn.Clean(c.name.Alias), mrkdwn.MaxName)), mrkdwn.Line(p.Say, mrkdwn.MaxTold))), nil, nil)
		if menu := cards.ConnectionMenu(c.name, ""); menu != nil {
			row.Accessory = slack.NewAccessory(menu)
		}
		blocks = append(blocks, row)
	}
	note := "Since " + mrkdwn.When(a.Since)
	if more := len(a.affected) - maxAffected; more > 0 {
		note = fmt.Sprintf("… and %d more: %s · ", more, bot.Code(bot.Cut(mrkdwn.Clean(command+" list "+a.cause.name), mrkdwn.MaxName))) + note
	}
	return bot.Message{Text: head, Blocks: append(blocks, mrkdwn.Small(note))}
}

func causeWord(c cause) string {
	switch c.kind {
	case causeLocal:
		return "of the local deployment"
	case causeRemote:
		return "to the remote deployment"
	}
	return "of the platform"
}

// countProblems counts connections by their worst problem, the worst first.
func countProblems(affected []troubled) string {
	words := map[diagnose.ProblemKind][2]string{
		diagnose.ProblemDown: {"is down", "are down"}, diagnose.ProblemDegraded: {"is degraded", "are degraded"},
		diagnose.ProblemOverdue: {"should have ended", "should have ended"}, diagnose.ProblemEnding: {"ends soon", "end soon"},
		diagnose.ProblemExpiring: {"expires soon", "expire soon"}, diagnose.ProblemDrifted: {"differs from what was approved", "differ from what was approved"},
		diagnose.ProblemUnreviewed: {"is due for its access review", "are due for their access review"},
	}
	var all []string
	for _, kind := range diagnose.ProblemKinds() {
		n := 0
		for _, c := range affected {
			if c.status.Problems[0].Kind == kind {
				n++
			}
		}
		if n > 0 {
			all = append(all, mrkdwn.Plural(n, words[kind][0], words[kind][1]))
		}
	}
	return strings.Join(all, ", ")
}

// resolvedMessage says, with markup that says why, that a problem is over, or that those of a cause are.
func resolvedMessage(a openAlert, why string, now time.Time) bot.Message {
	was := mrkdwn.Line(problemLabel(a), 60)
	if a.Trouble == "" {
		was = "had problems on up to " + mrkdwn.Plural(a.Most, "connection", "connections")
	}
	s := fmt.Sprintf(":white_check_mark: ~%s~ %s: %s", mrkdwn.Line(a.Called, 200), was, why)
	return mrkdwn.Message(s + "\n" + mrkdwn.When(a.Since) + " to " + mrkdwn.When(now))
}

// messageMark tells apart what messages show. Moments are in them as such: none changes with time alone.
func messageMark(msg bot.Message) string {
	raw, err := json.Marshal(struct {
		Text   string
		Blocks []slack.Block
	}{msg.Text, msg.Blocks})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}
