package handlers

import (
	"context"
	"log/slog"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

type decision func(context.Context, change.DecisionInput) (*change.Request, error)

// decisions are what is pressed on the card of a request.
type decisions struct {
	requests Requests
	policy   Eligibility
	slack    SlackClient
	home     *homeTab
	tell     *reply.Replier
	now      func() time.Time
	log      *slog.Logger
}

// decide records what was pressed on a card, before Slack is answered: a press that was acknowledged must not be lost.
// The card follows by itself; only who presses in vain is told something, and told alone.
func (h *decisions) decide(ctx context.Context, a bot.Action, do decision) (bot.Answer, error) {
	_, answer, err := h.decided(ctx, a, do)
	return answer, err
}

// decided is decide, with the request as it stands after it; nil where the press did not count.
func (h *decisions) decided(ctx context.Context, a bot.Action, do decision) (*change.Request, bot.Answer, error) {
	s, err := cards.ParseRef(a.Value.Text)
	if err != nil {
		return nil, bot.Answer{}, err
	}
	r, err := do(ctx, s.DecisionInput(a.User, a.Channel, ""))
	if err != nil {
		return nil, h.home.withHomeRefresh(a, h.tell.Error(reply.To(a), err)), nil
	}
	return r, h.home.withHomeRefresh(a, bot.Answer{}), nil
}

// approve records an approval. Where a key has to be pasted, anyone who may do so is asked for it at once.
func (h *decisions) approve(ctx context.Context, a bot.Action) (bot.Answer, error) {
	r, answer, err := h.decided(ctx, a, h.requests.Approve)
	if r == nil || r.Proposal.RequiredInput != link.InputKey || !r.NeedsInput(h.now()) || h.requests.CanSubmitInput(ctx, r, cards.Actor(a.User, a.Channel)) != nil {
		return answer, err
	}
	if _, err := h.slack.OpenView(ctx, a.TriggerID, pasteModal(r, reasonMetadata{Press: cards.RefOf(r).String(), Channel: a.Channel})); err != nil {
		h.log.WarnContext(ctx, "the form for the key did not open; its button is on the card", "request", r.ID, "error", err)
	}
	return answer, nil
}

func (h *decisions) takeBack(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.decide(ctx, a, h.requests.Revoke)
}

// authorityUploaded records that a person has uploaded what the plan waits for. There is nothing to type: whether it is there, the
// remote cluster says when the bot sets it.
func (h *decisions) authorityUploaded(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.decide(ctx, a, h.requests.SubmitInput)
}

// retry asks for another try to take back what a stuck request left.
func (h *decisions) retry(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.decide(ctx, a, h.requests.Retry)
}

func (h *decisions) withdraw(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.decide(ctx, a, h.requests.Withdraw)
}
