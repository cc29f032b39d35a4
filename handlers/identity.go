package handlers

import (
	"context"

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

// signingBlocks say what else is to be done on a remote cluster where the bot can do nothing, so that it believes the
// local one's signatures.
func signingBlocks(p change.Proposal) []slack.Block {
	call, todo := steps.SigningByHand(p)
	if call.Path == "" {
		return nil
	}
	var blocks []slack.Block
	if todo != "" {
		blocks = append(blocks, mrkdwn.Section("*First*, upload the certificate authority:\n"+mrkdwn.Line(todo, mrkdwn.MaxText-100)))
	}
	blocks = append(blocks, mrkdwn.Section("*Then set it.* This replaces the authorities that are set, and Elasticsearch doesn't show them: include them in the list."))
	return append(blocks, fences(call.Method+" "+call.Path+"\n"+indent(call.Body))...)
}
