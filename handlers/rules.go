package handlers

import (
	"context"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

// policyCommand shows the rules in words, in their order.
func (h *Handlers) policyCommand(_ context.Context, c bot.Command, _ []string) bot.Answer {
	return h.answerLater(c, func(context.Context) bot.Message { return h.policy() })
}

func (h *Handlers) policy() bot.Message {
	const most = 45
	say := "*Who may make requests, and who has to approve.* The first matching rule decides. If no rule matches, the request is refused."
	blocks := []slack.Block{mrkdwn.Section(say)}
	said := []string{say}
	for i, w := range h.o.Rules.Describe(groupWords) {
		if i == most {
			blocks = append(blocks, mrkdwn.Small("… and more; see the configuration"))
			break
		}
		var lines []string
		for _, s := range w.Says {
			lines = append(lines, "• "+s)
		}
		text := mrkdwn.Within("\n", mrkdwn.MaxText-10, append([]string{"*" + mrkdwn.Line(w.Rule, 60) + "*: " + mrkdwn.Verbatim(w.When, 600)}, lines...)...)
		blocks = append(blocks, mrkdwn.Section(text))
		said = append(said, text)
	}
	return bot.Message{Text: mrkdwn.Within("\n", mrkdwn.MaxSummary, said...), Blocks: blocks}
}

// groupWords names a group and whom it holds. The answer is ephemeral, so nobody is called by it.
func groupWords(g policy.Group) string {
	var who []string
	if len(g.Users) > 0 {
		who = append(who, mrkdwn.Users(g.Users, "and"))
	}
	if mrkdwn.SlackID.MatchString(g.UserGroup) {
		who = append(who, "<!subteam^"+g.UserGroup+">")
	}
	if g.Channel != "" {
		who = append(who, "members of "+mrkdwn.Channel(g.Channel))
	}
	return mrkdwn.Line(g.Name, 60) + " (" + strings.Join(who, ", ") + ")"
}
