package handlers

import (
	"context"
	"errors"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// showKey shows the key to the one who presses, once. If Slack does not say that it was shown, another one is made.
func (h *Handlers) showKey(ctx context.Context, a bot.Action) (bot.Answer, error) {
	s, err := cards.ParseRef(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	p := s.DecisionInput(a.User, a.Channel, "")
	r, err := h.o.Requests.Get(ctx, s.ID)
	if err == nil && r.State == change.WaitingForPerson && r.Wait.Lost(h.o.Now()) {
		return h.newKey(ctx, a)
	}
	if err == nil {
		r, err = h.o.Requests.TakeKey(ctx, p)
	}
	if err != nil {
		return h.replyError(replyTo(a), err), nil
	}
	if err := h.openKey(ctx, a.TriggerID, r); err != nil {
		h.o.Log.WarnContext(ctx, "it is unknown whether the key was shown, so a new one is created", "request", r.ID, "error", err)
		if _, err := h.o.Requests.RenewKey(ctx, cards.RefOf(r).DecisionInput(a.User, a.Channel, "it is unknown whether the key was shown")); err != nil {
			return h.replyError(replyTo(a), err), nil
		}
		return bot.Answer{}, nil
	}
	if _, err := h.o.Requests.KeyShown(ctx, r.ID, cards.Actor(a.User, a.Channel)); err != nil {
		h.o.Log.WarnContext(ctx, "the key was shown, but this could not be recorded", "request", r.ID, "error", err)
	}
	if err := h.o.Secrets.Drop(ctx, r.ID); err != nil {
		h.o.Log.WarnContext(ctx, "a shown key stays encrypted until it expires", "request", r.ID, "error", err)
	}
	return h.withHomeRefresh(a, bot.Answer{}), nil
}

func (h *Handlers) openKey(ctx context.Context, trigger string, r *change.Request) error {
	if h.o.Secrets == nil {
		return errors.New("this bot keeps no keys")
	}
	key, err := h.o.Secrets.Peek(ctx, r.ID)
	if err != nil {
		return err
	}
	_, err = h.o.Slack.OpenView(ctx, trigger, keyModal(r, key.Reveal()))
	return err
}

// keyModal is the one place where a key is shown.
func keyModal(r *change.Request, key string) slack.ModalViewRequest {
	blocks := []slack.Block{
		mrkdwn.Section("*" + mrkdwn.Named(r.Proposal.Title, 300) + "*\nThis key is shown once, only to you. " + mrkdwn.Line(r.Wait.Say, mrkdwn.MaxTold) + " The command asks for it:"),
	}
	blocks = append(blocks, fences(r.Wait.Command)...)
	blocks = append(blocks, mrkdwn.Section("*The key*"))
	blocks = append(blocks, fences(key)...)
	blocks = append(blocks, mrkdwn.Section("Then press *Done* on the card. Don't write the key down anywhere else. If you lose it, press *Create a new key* there."))
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callbackKey, Title: mrkdwn.Plain("The key", 24), Close: mrkdwn.Plain("Close", 24), Blocks: slack.Blocks{BlockSet: blocks},
	}
}

const callbackKey = "key"

func (h *Handlers) newKey(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.decide(ctx, a, h.o.Requests.RenewKey)
}

func (h *Handlers) handDone(ctx context.Context, a bot.Action) (bot.Answer, error) {
	return h.decide(ctx, a, h.o.Requests.HandDone)
}
