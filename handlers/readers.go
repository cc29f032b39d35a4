package handlers

import (
	"context"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

func (h *Handlers) mayRead(ctx context.Context, user string) error {
	if h.o.Readers == nil {
		return nil
	}
	return h.o.Readers.MayRead(ctx, user)
}

// maySee is mayRead for one request: who asked for it, and who may decide about it, sees it in any case.
func (h *Handlers) maySee(ctx context.Context, r *change.Request, by change.Actor) error {
	if r.Requester.User == by.User {
		return nil
	}
	err := h.mayRead(ctx, by.User)
	if err != nil && h.o.Policy.Eligible(ctx, r, by) == nil {
		return nil
	}
	return err
}

// readersOnly registers what only those may use who may read.
type readersOnly struct {
	Router
	h *Handlers
}

func (r readersOnly) OnAction(id string, next bot.ActionHandler) {
	r.Router.OnAction(id, func(ctx context.Context, a bot.Action) (bot.Answer, error) {
		if err := r.h.mayRead(ctx, a.User.ID); err != nil {
			return r.h.replyError(replyTo(a), err), nil
		}
		return next(ctx, a)
	})
}

func (r readersOnly) OnSubmit(callback string, next bot.SubmissionHandler, late func(bot.Submission) bot.Answer) {
	r.Router.OnSubmit(callback, func(ctx context.Context, s bot.Submission) (bot.Answer, error) {
		if err := r.h.mayRead(ctx, s.User.ID); err != nil {
			return r.h.replyError(replyTarget{user: s.User.ID}, err), nil
		}
		return next(ctx, s)
	}, late)
}

func (r readersOnly) OnSuggest(id string, next bot.SuggestionHandler) {
	r.Router.OnSuggest(id, func(ctx context.Context, s bot.Suggestion) (bot.Answer, error) {
		if err := r.h.mayRead(ctx, s.User.ID); err != nil {
			return bot.Answer{}, err
		}
		return next(ctx, s)
	})
}

func (r readersOnly) OnShortcut(id string, next bot.ShortcutHandler) {
	r.Router.OnShortcut(id, func(ctx context.Context, s bot.Shortcut) (bot.Answer, error) {
		if err := r.h.mayRead(ctx, s.User.ID); err != nil {
			return r.h.replyError(replyTarget{user: s.User.ID, channel: s.Channel, thread: s.Thread}, err), nil
		}
		return next(ctx, s)
	})
}
