package handlers

import (
	"context"
	"errors"
	"fmt"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// replyTarget is where somebody can be told something that only concerns them.
type replyTarget struct {
	user, channel, thread string
	responseURL           string // of a command or a press; empty in a modal
}

func replyTo(a bot.Action) replyTarget {
	return replyTarget{user: a.User.ID, channel: a.Channel, thread: a.Thread, responseURL: a.ResponseURL}
}

// notifyUser says something to one person: by the response URL, which works wherever they are; else in the channel; else in
// a direct message, because the bot need not be in the channel.
func (h *Handlers) notifyUser(ctx context.Context, to replyTarget, msg bot.Message) error {
	if to.responseURL != "" {
		if err := h.o.Slack.Respond(ctx, to.responseURL, msg, false); err == nil || bot.IsBadBlocks(err) {
			return err // what Slack does not take here it takes nowhere
		}
	}
	if to.channel != "" {
		msg.Thread = to.thread
		if h.o.Slack.Ephemeral(ctx, to.channel, to.user, msg) == nil {
			return nil
		}
	}
	msg.Thread = ""
	dm, err := h.o.Slack.OpenDM(ctx, to.user)
	if err != nil {
		return fmt.Errorf("sending a user a message: %w", err)
	}
	if _, err := h.o.Slack.Post(ctx, dm, msg); err != nil {
		return fmt.Errorf("sending a user a message: %w", err)
	}
	return nil
}

// answerLater answers a command by its response URL, which takes more than an answer may hold over Socket Mode.
func (h *Handlers) answerLater(c bot.Command, msg func(context.Context) bot.Message) bot.Answer {
	to := replyTarget{user: c.User.ID, channel: c.Channel, responseURL: c.ResponseURL}
	return bot.Answer{Then: func(ctx context.Context) error { return h.notifyUser(ctx, to, msg(ctx)) }}
}

// replyError is an answer that tells a person privately what went wrong.
func (h *Handlers) replyError(to replyTarget, err error) bot.Answer {
	return bot.Answer{Then: func(ctx context.Context) error {
		return h.notifyUser(ctx, to, mrkdwn.Message(h.say(ctx, err, textFormat{})))
	}}
}

// say explains an error, and logs what we did not expect.
func (h *Handlers) say(ctx context.Context, err error, p textFormat) string {
	say, known := explain(ctx, err, p)
	if !known {
		h.o.Log.ErrorContext(ctx, "an unexpected error", "request_id", bot.RequestID(ctx), "error", err)
	}
	if e, ok := errors.AsType[*change.LockedError](err); ok && !p.plain {
		return h.held(ctx, e, say)
	}
	return say
}

// held adds who holds the target, and where to find the card, as far as that can be read.
func (h *Handlers) held(ctx context.Context, e *change.LockedError, say string) string {
	r, err := h.o.Requests.Get(ctx, e.RequestID)
	if err != nil {
		return say
	}
	_, word := cards.StateLabel(r.State)
	s := fmt.Sprintf("Request %s by %s already covers this (%s): *%s*. Nothing was stored. Wait until it is done, or ask for it to be withdrawn.",
		bot.Code(r.ID), mrkdwn.User(r.Requester.User), word, mrkdwn.Named(r.Proposal.Title, 200))
	if e.OwnRequest {
		s = fmt.Sprintf("%s It is *%s* (%s).", say, mrkdwn.Named(r.Proposal.Title, 200), word)
	}
	if m := r.Messages[notify.SlotCard]; m.ID != "" {
		if url, err := h.o.Slack.Permalink(ctx, bot.Posted{Channel: m.Channel, TS: m.ID}); err == nil {
			s += " <" + bot.Escape(url) + "|Its card>"
		}
	}
	return s
}

// Failed tells a user what the router could not: it fits bot.Options.OnError.
func (h *Handlers) Failed(ctx context.Context, f bot.Failure) {
	say, known := explain(ctx, f.Err, textFormat{})
	if !known {
		h.o.Log.ErrorContext(ctx, "an unexpected error", "request_id", f.RequestID, "what", f.What, "error", f.Err)
	}
	to := replyTarget{user: f.User.ID, channel: f.Channel, responseURL: f.ResponseURL}
	if err := h.notifyUser(ctx, to, mrkdwn.Message(say)); err != nil {
		h.o.Log.WarnContext(ctx, "a user could not be notified", "request_id", f.RequestID, "error", err)
	}
}

// hint is one line with the way to all words.
func (h *Handlers) hint(s string) bot.Answer {
	return reply(s + " " + bot.Code(h.o.Command+" help") + " lists them.")
}

// ephemeral is the answer to a slash command, seen by who typed it.
type ephemeral struct {
	Type   string        `json:"response_type"`
	Text   string        `json:"text"`
	Blocks []slack.Block `json:"blocks"`
}

func reply(say string) bot.Answer {
	return bot.Answer{Body: ephemeral{Type: "ephemeral", Text: say, Blocks: []slack.Block{mrkdwn.Section(say)}}}
}
