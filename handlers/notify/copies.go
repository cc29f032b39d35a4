package notify

import (
	"context"
	"errors"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// carriedOut is within what time after a post without an answer Slack may still carry it out.
const carriedOut = time.Minute

// errCopies says that a message may be there twice soon: a post without an answer was not found and posted again, and
// Slack may carry out the first one yet. The request is told again once that is certain.
var errCopies = errors.New("a post without a response may still appear in Slack")

// mayHaveCopies reports whether a message of r's was posted again after a post without an answer.
func mayHaveCopies(r *change.Request) bool {
	for _, m := range r.Messages {
		if !m.Doubt.IsZero() {
			return true
		}
	}
	return false
}

// removeCopies deletes copies of a message that turned up after it had been posted again, once no more can.
func removeCopies(ctx context.Context, n *Notifier, r *change.Request, thread, slot string) error {
	m := r.Messages[slot]
	if m.ID == "" || m.Doubt.IsZero() || n.o.Now().Before(m.Doubt.Add(carriedOut)) {
		return nil
	}
	kept, err := bot.MessageTime(m.ID)
	if err != nil {
		return err
	}
	// Around the one that is kept: a search answers with one message.
	for _, span := range [][2]time.Time{{m.Doubt.Add(-MaxClockSkew), kept.Add(-time.Microsecond)}, {kept.Add(time.Microsecond), m.Doubt.Add(carriedOut + MaxClockSkew)}} {
		copied, ok, err := findCopies(ctx, n, r, m.Channel, thread, slot, span[0], span[1])
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		n.o.Log.InfoContext(ctx, "deleting a message that was posted twice", "request", r.ID, "slot", slot)
		if err := n.o.Poster.Delete(ctx, copied); err != nil && !IsDeleted(err) {
			return err
		}
	}
	m.Doubt = time.Time{}
	return noteMessage(ctx, n, r, slot, m)
}

// noteMessage writes down what was posted, or is about to be.
func noteMessage(ctx context.Context, n *Notifier, r *change.Request, slot string, m change.Message) error {
	if err := n.o.Outbox.NoteMessage(ctx, r.ID, n.o.Owner, slot, m); err != nil {
		return err
	}
	if r.Messages == nil {
		r.Messages = map[string]change.Message{}
	}
	r.Messages[slot] = m
	return nil
}

// findCopies looks for a message of r's; not found where the bot may not read the channel's history, or it is too long.
func findCopies(ctx context.Context, n *Notifier, r *change.Request, channel, thread, slot string, since, until time.Time) (bot.Posted, bool, error) {
	p, ok, err := n.o.Poster.FindPosted(ctx, channel, thread, since, until, func(m bot.Metadata) bool {
		return m.Type == MetadataType && m.Payload["request"] == r.ID && m.Payload["slot"] == slot
	})
	if e, is := errors.AsType[*bot.Error](err); is && (e.Kind == bot.Scope || errors.Is(err, bot.ErrTooMany)) {
		n.o.Log.WarnContext(ctx, "a message may be posted twice: its channel's history can't be read", "request", r.ID, "slot", slot, "error", err)
		return bot.Posted{}, false, nil
	}
	return p, ok, giveUp(err)
}
