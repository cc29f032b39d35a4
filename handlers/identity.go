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
		blocks = append(blocks, mrkdwn.Section("*First* the certificate authority has to get there:\n"+mrkdwn.Line(todo, mrkdwn.MaxText-100)))
	}
	blocks = append(blocks, mrkdwn.Section("*Then make it count* there. Elasticsearch shows nobody which authorities are set already, and this replaces them: name them too."))
	return append(blocks, fences(call.Method+" "+call.Path+"\n"+indent(call.Body))...)
}
