package handlers

import (
	"context"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// readers knows who may look at connections and requests.
type readers struct {
	readers Readers // nil: everybody
	policy  Eligibility
	tell    *reply.Replier
}

func (h *readers) mayRead(ctx context.Context, user string) error {
	if h.readers == nil {
		return nil
	}
	return h.readers.MayRead(ctx, user)
}

// maySee is mayRead for one request: who asked for it, and who may decide about it, sees it in any case.
func (h *readers) maySee(ctx context.Context, r *change.Request, by change.Actor) error {
	if r.Requester.User == by.User {
		return nil
	}
	err := h.mayRead(ctx, by.User)
	if err != nil && h.policy.Eligible(ctx, r, by) == nil {
		return nil
	}
	return err
}

// readersOnly registers what only those may use who may read.
type readersOnly struct {
	Router
	*readers
}

func (r readersOnly) OnAction(id string, next bot.ActionHandler) {
	r.Router.OnAction(id, func(ctx context.Context, a bot.Action) (bot.Answer, error) {
		if err := r.mayRead(ctx, a.User.ID); err != nil {
			return r.tell.Error(reply.To(a), err), nil
		}
		return next(ctx, a)
	})
}

func (r readersOnly) OnSubmit(callback string, next bot.SubmissionHandler, late func(bot.Submission) bot.Answer) {
	r.Router.OnSubmit(callback, func(ctx context.Context, s bot.Submission) (bot.Answer, error) {
		if err := r.mayRead(ctx, s.User.ID); err != nil {
			return r.tell.Error(reply.Target{User: s.User.ID}, err), nil
		}
		return next(ctx, s)
	}, late)
}

func (r readersOnly) OnSuggest(id string, next bot.SuggestionHandler) {
	r.Router.OnSuggest(id, func(ctx context.Context, s bot.Suggestion) (bot.Answer, error) {
		if err := r.mayRead(ctx, s.User.ID); err != nil {
			return bot.Answer{}, err
		}
		return next(ctx, s)
	})
}

func (r readersOnly) OnShortcut(id string, next bot.ShortcutHandler) {
	r.Router.OnShortcut(id, func(ctx context.Context, s bot.Shortcut) (bot.Answer, error) {
		if err := r.mayRead(ctx, s.User.ID); err != nil {
			return r.tell.Error(reply.Target{User: s.User.ID, Channel: s.Channel, Thread: s.Thread}, err), nil
		}
		return next(ctx, s)
	})
}
