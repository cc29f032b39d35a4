// Package reply tells one person what came of what they typed or pressed: errors in words, and the way to them.
package reply

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Target is where somebody can be told something that only concerns them.
type Target struct {
	User, Channel, Thread string
	ResponseURL           string // of a command or a press; empty in a modal
}

// To is who pressed something, where they pressed it.
func To(a bot.Action) Target {
	return Target{User: a.User.ID, Channel: a.Channel, Thread: a.Thread, ResponseURL: a.ResponseURL}
}

// Slack is what a Replier needs of Slack; *bot.Messenger is one.
type Slack interface {
	Ephemeral(ctx context.Context, channel, user string, msg bot.Message) error
	Respond(ctx context.Context, responseURL string, msg bot.Message, replaceOriginal bool) error
	OpenDM(ctx context.Context, user string) (string, error)
	Post(ctx context.Context, channel string, msg bot.Message) (bot.Posted, error)
	Permalink(ctx context.Context, p bot.Posted) (string, error)
}

// Requests are the requests, by their ids.
type Requests interface {
	Get(ctx context.Context, id string) (*change.Request, error)
}

// Replier tells people privately.
type Replier struct {
	slack    Slack
	requests Requests
	command  string // the slash command
	log      *slog.Logger
}

// New returns a Replier.
func New(slack Slack, requests Requests, command string, log *slog.Logger) *Replier {
	return &Replier{slack: slack, requests: requests, command: command, log: log}
}

// Notify says something to one person: by the response URL, which works wherever they are; else in the channel; else in
// a direct message, because the bot need not be in the channel.
func (h *Replier) Notify(ctx context.Context, to Target, msg bot.Message) error {
	if to.ResponseURL != "" {
		if err := h.slack.Respond(ctx, to.ResponseURL, msg, false); err == nil || bot.IsBadBlocks(err) {
			return err // what Slack does not take here it takes nowhere
		}
	}
	if to.Channel != "" {
		msg.Thread = to.Thread
		if h.slack.Ephemeral(ctx, to.Channel, to.User, msg) == nil {
			return nil
		}
	}
	msg.Thread = ""
	dm, err := h.slack.OpenDM(ctx, to.User)
	if err != nil {
		return fmt.Errorf("sending a user a message: %w", err)
	}
	if _, err := h.slack.Post(ctx, dm, msg); err != nil {
		return fmt.Errorf("sending a user a message: %w", err)
	}
	return nil
}

// Later answers a command by its response URL, which takes more than an answer may hold over Socket Mode.
func (h *Replier) Later(c bot.Command, msg func(context.Context) bot.Message) bot.Answer {
	to := Target{User: c.User.ID, Channel: c.Channel, ResponseURL: c.ResponseURL}
	return bot.Answer{Then: func(ctx context.Context) error { return h.Notify(ctx, to, msg(ctx)) }}
}

// Error is an answer that tells a person privately what went wrong.
func (h *Replier) Error(to Target, err error) bot.Answer {
	return bot.Answer{Then: func(ctx context.Context) error {
		return h.Notify(ctx, to, mrkdwn.Message(h.Say(ctx, err, Format{})))
	}}
}

// Say explains an error, and logs what we did not expect.
func (h *Replier) Say(ctx context.Context, err error, p Format) string {
	say, known := Explain(ctx, err, p)
	if !known {
		h.log.ErrorContext(ctx, "an unexpected error", "request_id", bot.RequestID(ctx), "error", err)
	}
	if e, ok := errors.AsType[*change.LockedError](err); ok && !p.Plain {
		return h.held(ctx, e, say)
	}
	return say
}

// held adds who holds the target, and where to find the card, as far as that can be read.
func (h *Replier) held(ctx context.Context, e *change.LockedError, say string) string {
	r, err := h.requests.Get(ctx, e.RequestID)
	if err != nil {
		return say
	}
	_, word := cards.RequestLabel(r)
	s := fmt.Sprintf("Request %s by %s already covers this (%s): *%s*. Nothing was stored. Wait until it is done, or ask for it to be withdrawn.",
		bot.Code(r.ID), mrkdwn.User(r.Requester.User), word, mrkdwn.Named(r.Proposal.Title, 200))
	if e.OwnRequest {
		s = fmt.Sprintf("%s It is *%s* (%s).", say, mrkdwn.Named(r.Proposal.Title, 200), word)
	}
	if m := r.Messages[notify.SlotCard]; m.ID != "" {
		if url, err := h.slack.Permalink(ctx, bot.Posted{Channel: m.Channel, TS: m.ID}); err == nil {
			s += " <" + bot.Escape(url) + "|Its card>"
		}
	}
	return s
}

// Failed tells a user what the router could not: it fits bot.Options.OnError.
func (h *Replier) Failed(ctx context.Context, f bot.Failure) {
	say, known := Explain(ctx, f.Err, Format{})
	if !known {
		h.log.ErrorContext(ctx, "an unexpected error", "request_id", f.RequestID, "what", f.What, "error", f.Err)
	}
	to := Target{User: f.User.ID, Channel: f.Channel, ResponseURL: f.ResponseURL}
	if err := h.Notify(ctx, to, mrkdwn.Message(say)); err != nil {
		h.log.WarnContext(ctx, "a user could not be notified", "request_id", f.RequestID, "error", err)
	}
}

// Hint is one line with the way to all commands.
func (h *Replier) Hint(s string) bot.Answer {
	return Text(s + " " + bot.Code(h.command+" help") + " lists the commands.")
}

// Ephemeral is the answer to a slash command, seen by who typed it.
type Ephemeral struct {
	Type   string        `json:"response_type"`
	Text   string        `json:"text"`
	Blocks []slack.Block `json:"blocks"`
}

// Text is the answer to a slash command.
func Text(say string) bot.Answer {
	return bot.Answer{Body: Ephemeral{Type: "ephemeral", Text: say, Blocks: []slack.Block{mrkdwn.Section(say)}}}
}
