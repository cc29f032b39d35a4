package handlers

import (
	"context"
	"errors"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

const callbackAside = "aside.resolve"

// asideDecisions are what is pressed on the message of a request that was put aside.
type asideDecisions struct {
	asides    Asides
	slack     SlackClient
	decisions *decisions
	tell      *reply.Replier
}

// requeueAside lets a request continue that was put aside.
func (h *asideDecisions) requeueAside(ctx context.Context, a bot.Action) (bot.Answer, error) {
	d, err := asideDecision(a)
	if err != nil {
		return bot.Answer{}, err
	}
	now, err := h.asides.TakeUp(ctx, d)
	return h.asideAnswer(a, now, err), nil
}

// askAsideReason asks what was left of a request that can't be read, and what was done about it.
func (h *asideDecisions) askAsideReason(ctx context.Context, a bot.Action) (bot.Answer, error) {
	d, err := asideDecision(a)
	if err != nil {
		return bot.Answer{}, err
	}
	now, err := h.asides.CanTakeUp(ctx, d)
	if err != nil {
		return h.asideAnswer(a, now, err), nil
	}
	v := reasonModalOf(cards.AsideFacts(now), reasonMetadata{Press: a.Value.Text, Channel: a.Channel, Message: a.Message}, callbackAside, "Resolve request", "Resolve",
		"What was left, and what was done?", "Look at the platforms first: the bot can't tell what the request changed. It ends, and what it locks is released. Others read this.")
	if _, err := h.slack.OpenView(ctx, a.TriggerID, v); err != nil {
		return h.tell.Error(reply.To(a), err), nil
	}
	return bot.Answer{}, nil
}

func (h *asideDecisions) resolvedAside(ctx context.Context, s bot.Submission) (bot.Answer, error) {
	_, from, err := parseReason(s.View.Metadata)
	if err != nil {
		return bot.Answer{}, err
	}
	redraw := func(context.Context) error { return nil }
	answer, err := h.decisions.reasoned(ctx, s, func(ctx context.Context, p change.DecisionInput) (*change.Request, error) {
		now, err := h.asides.TakeUp(ctx, change.AsideDecision{ID: p.ID, Since: time.UnixMilli(p.CardVersion), Resolve: true, By: p.By, Reason: p.Reason})
		if err == nil || errors.As(err, new(*change.AsideOverError)) {
			redraw = func(ctx context.Context) error {
				return h.redrawAside(ctx, bot.Posted{Channel: from.Channel, TS: from.Message}, now)
			}
		}
		return now.Request, err
	})
	answer.Then = redraw
	return answer, err
}

func asideDecision(a bot.Action) (change.AsideDecision, error) {
	s, err := cards.ParseRef(a.Value.Text)
	return change.AsideDecision{ID: s.ID, Since: time.UnixMilli(s.Version), By: cards.Actor(a.User, a.Channel)}, err
}

// asideAnswer draws the message anew if the request is not put aside any more, and tells what stood in the way of a press.
func (h *asideDecisions) asideAnswer(a bot.Action, now change.Aside, err error) bot.Answer {
	over := errors.As(err, new(*change.AsideOverError))
	return bot.Answer{Then: func(ctx context.Context) error {
		var failed error
		if err == nil || over {
			failed = h.redrawAside(ctx, bot.Posted{Channel: a.Channel, TS: a.Message}, now)
		}
		if err == nil {
			return failed
		}
		return errors.Join(failed, h.tell.Error(reply.To(a), err).Then(ctx))
	}}
}

// redrawAside shows on the message that was pressed who did what, and takes its buttons away: it may be an older one than that
// which notify.Asides draws. A message that could not be redrawn is so by the next press on it.
func (h *asideDecisions) redrawAside(ctx context.Context, at bot.Posted, now change.Aside) error {
	if now.End == nil || at.TS == "" {
		return nil
	}
	return h.slack.Update(ctx, at, cards.AsideTakenUp(now))
}
