package handlers

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

func troubleWord(p openProblem) string {
	switch p.Trouble {
	case link.TroubleLost:
		return "was lost"
	case link.TroubleDegraded:
		return "was degraded"
	case link.TroubleExpiring:
		if p.Certs {
			return "had certificates that were about to expire"
		}
		return "had a key that was about to expire"
	case link.TroubleDrift:
		if p.Certs {
			return "lacked trust in an authority"
		}
		return "was not as approved"
	}
	return string(p.Trouble)
}

// problemMessage tells of a problem, with the button that mends it.
func problemMessage(m link.Managed, p link.Problem, o openProblem) bot.Message {
	icon, word := ":rotating_light:", "is lost"
	switch p.Trouble {
	case link.TroubleLost:
	case link.TroubleDegraded:
		icon, word = ":warning:", "is degraded"
	case link.TroubleExpiring:
		icon, word = ":hourglass:", "has a key that expires soon"
		if p.Certificates {
			word = "has certificates that expire soon"
		}
	case link.TroubleDrift:
		icon, word = ":twisted_rightwards_arrows:", "is not as it was approved"
		if p.Certificates {
			word = "lacks trust in an authority"
		}
	}
	head := fmt.Sprintf("%s The connection %s of %s *%s*", icon, bot.Code(clean(m.Alias)), line(m.On(), maxName), word)
	s := head + "\n" + line(p.Say, 1500)
	var buttons []slack.BlockElement
	if verb := verbOf(p.Fix); verb != "" {
		fill := fillFor(verb, p.Cause)
		if fill != "" && p.Trouble == link.TroubleDrift {
			fill = fillApproved
		}
		b := button(connectionPrefix+verb, pressValue(m.Name(), fill), "Mend it: "+verb+"…")
		b.Style = slack.StylePrimary
		buttons = append(buttons, b)
	}
	if p.Trouble == link.TroubleDrift { // what is there now may be what is wanted
		buttons = append(buttons, button(connectionPrefix+"status", pressValue(m.Name(), ""), "Status"))
	}
	buttons = append(buttons, button(connectionPrefix+"diagnose", pressValue(m.Name(), ""), "Diagnose"))
	asked := ""
	if by := m.Maker(); by != "" {
		asked = " · made by " + user(by)
	}
	return bot.Message{
		Text: strings.ReplaceAll(s, "\n", " "),
		Blocks: []slack.Block{
			section(s), small("Since " + when(o.Since) + asked), slack.NewActionBlock("", buttons...),
		},
	}
}
