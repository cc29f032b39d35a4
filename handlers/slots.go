package handlers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// The slots of a request's messages: each is posted once and drawn again in place.
const (
	slotCard     = "card"
	slotProgress = "progress"
	slotStuck    = "stuck"
	slotFinal    = "final"
	slotNewPlan  = "plan" // followed by the version since which the new plan waits
)

// metadataType marks our messages, so that one whose answer was lost can be found. Everybody in the workspace can read
// a message's metadata: it holds ids only.
const metadataType = "remote_cluster_request"

// clocks is by how much Slack's clock may be behind ours.
const clocks = 2 * time.Minute

var (
	// errGone says that a message can't be shown where it belongs: its channel was archived or deleted, or the bot may
	// not write there. It may come back.
	errGone = errors.New("the place for this message can't be written to")
	// errFixed says that a message can't be drawn again, and never will be.
	errFixed = errors.New("this message can't be changed")
)

// drawing is one message of a request as it should be shown.
type drawing struct {
	slot string
	msg  bot.Message
	to   string // a user: it goes into a direct message; empty: into the channel
	once bool   // it calls somebody: it is posted and never drawn again
}

// draw brings every message of a request up to date. Where the channel can't be written to, people are told by direct
// message, and the error is errGone: the card is still to be shown.
func (t *Teller) draw(ctx context.Context, r *change.Request) error {
	standing := t.standing(ctx, r)
	away := t.drawChannel(ctx, r, standing)
	if away != nil && !errors.Is(away, errGone) {
		return away
	}
	if err := t.drawDirect(ctx, r, standing, away != nil); err != nil {
		return err
	}
	return away
}

// drawChannel brings the card and what hangs on it up to date.
func (t *Teller) drawChannel(ctx context.Context, r *change.Request, standing *change.Verdict) error {
	root, err := t.ensure(ctx, r, bot.Posted{}, drawing{slot: slotCard, msg: card(r, standing, t.o.Now())})
	switch {
	case errors.Is(err, errFixed):
		t.o.Log.WarnContext(ctx, "the card can't be drawn again", "request", r.ID, "error", err)
	case err != nil:
		return fmt.Errorf("the card: %w", err)
	}
	for _, d := range t.inThread(r, standing) {
		switch _, err := t.ensure(ctx, r, root, d); {
		case errors.Is(err, errFixed):
			t.o.Log.WarnContext(ctx, "a message can't be shown", "request", r.ID, "slot", d.slot, "error", err)
		case err != nil:
			return fmt.Errorf("the message %s: %w", d.slot, err)
		}
	}
	return nil
}

// drawDirect brings the copies in direct messages up to date. Whoever can't be reached there has the card: only what
// passes by itself is tried again.
func (t *Teller) drawDirect(ctx context.Context, r *change.Request, standing *change.Verdict, away bool) error {
	for _, d := range direct(r, standing, away, t.o.Command, t.o.Now()) {
		_, err := t.ensure(ctx, r, bot.Posted{}, d)
		if err == nil {
			continue
		}
		if e, ok := errors.AsType[*bot.Error](err); !ok || e.Kind == bot.Limited || e.Kind == bot.Unavailable {
			return fmt.Errorf("the message %s: %w", d.slot, err)
		}
		t.o.Log.WarnContext(ctx, "a direct message can't be shown", "request", r.ID, "slot", d.slot, "error", err)
	}
	return nil
}

func (t *Teller) inThread(r *change.Request, standing *change.Verdict) []drawing {
	var out []drawing
	if m, ok := newPlanLine(r, standing); ok {
		out = append(out, drawing{slot: fmt.Sprintf("%s-%d", slotNewPlan, r.Asked), msg: m, once: true})
	}
	if m, ok := progress(r, t.simple.Load()); ok {
		out = append(out, drawing{slot: slotProgress, msg: m})
	}
	if m, ok := finalLine(r, t.o.Command); ok {
		slot := slotFinal
		if r.State == change.Stuck {
			slot = slotStuck
		}
		out = append(out, drawing{slot: slot, msg: m, once: slot == slotFinal})
	}
	return out
}

func (t *Teller) standing(ctx context.Context, r *change.Request) *change.Verdict {
	if r.State != change.Pending {
		return nil
	}
	v, err := t.o.Policy.Weigh(ctx, r)
	if err != nil {
		t.o.Log.WarnContext(ctx, "asking the policy how a request stands", "request", r.ID, "error", err)
		return nil
	}
	return &v
}

// ensure shows a drawing: in place if it was posted, else it looks for a post whose answer was lost, and only then
// posts it. root is the message whose thread it belongs to; without one it stands alone. errGone: its place can't be
// written to. errFixed: it can't be drawn again.
func (t *Teller) ensure(ctx context.Context, r *change.Request, root bot.Posted, d drawing) (bot.Posted, error) {
	place := cmp.Or(root.Channel, t.o.Channel)
	d.msg.Thread = root.TS
	d.msg.Metadata = &bot.Metadata{Type: metadataType, Payload: map[string]any{"request": r.ID, "slot": d.slot}}
	m, begun := r.Messages[d.slot]
	// Cards go to another channel by now: what is in one that can't be written to any more is posted there.
	moved := func(err error) bool { return d.to == "" && m.Channel != place && errors.Is(err, errGone) }
	if begun && m.ID == "" && (root.TS == "" || m.Channel == place) {
		found, ok, err := t.find(ctx, r, m, root.TS, d.slot)
		if err != nil && !moved(err) {
			return bot.Posted{}, err
		}
		if ok {
			m.ID = found.TS
			if err := t.note(ctx, r, d.slot, m); err != nil {
				return bot.Posted{}, err
			}
		}
	}
	if m.ID != "" {
		at := bot.Posted{Channel: m.Channel, TS: m.ID}
		if err := t.removeCopies(ctx, r, root.TS, d.slot); err != nil {
			return bot.Posted{}, err
		}
		if d.once {
			return at, nil
		}
		err := t.update(ctx, r, at, d)
		if gone := giveUp(err); !isDeleted(err) && !moved(gone) {
			return at, gone
		}
		// somebody deleted it: what is left of the request has to be seen somewhere, so it is posted again
	}
	return t.post(ctx, r, place, d)
}

// find looks for a post whose answer was lost, around the time when it was noted that it would be posted: a channel may
// have seen any number of messages since. Where that can't be found out, because the bot may not read the channel's
// history or there are too many messages, a second card is the lesser evil: buttons carry the request and its version.
func (t *Teller) find(ctx context.Context, r *change.Request, m change.Message, thread, slot string) (bot.Posted, bool, error) {
	since, until := r.Created.Add(-clocks), time.Time{}
	if !m.At.IsZero() {
		since, until = m.At.Add(-clocks), m.At.Add(t.o.Lease+clocks)
	}
	return t.search(ctx, r, m.Channel, thread, slot, since, until)
}

func (t *Teller) post(ctx context.Context, r *change.Request, channel string, d drawing) (bot.Posted, error) {
	if d.to != "" {
		var err error
		if channel, err = t.o.Poster.OpenDM(ctx, d.to); err != nil {
			return bot.Posted{}, err
		}
	}
	note := change.Message{Channel: channel, At: t.o.Now()}
	if before, begun := r.Messages[d.slot]; begun && before.ID == "" && d.to == "" {
		note.Doubt = before.At
	}
	if err := t.note(ctx, r, d.slot, note); err != nil {
		return bot.Posted{}, err
	}
	var at bot.Posted
	err := t.show(ctx, r, d, func(msg bot.Message) (err error) {
		at, err = t.o.Poster.Post(ctx, channel, msg)
		return err
	})
	if err != nil {
		return bot.Posted{}, giveUp(err)
	}
	return at, t.note(ctx, r, d.slot, change.Message{Channel: at.Channel, ID: at.TS, Doubt: note.Doubt})
}

func (t *Teller) update(ctx context.Context, r *change.Request, at bot.Posted, d drawing) error {
	if t.unchanged(r.ID, d) {
		return nil
	}
	return t.show(ctx, r, d, func(msg bot.Message) error { return t.o.Poster.Update(ctx, at, msg) })
}

// isDeleted: the message is gone, its channel is not.
func isDeleted(err error) bool {
	e, ok := errors.AsType[*bot.Error](err)
	return ok && e.Code == "message_not_found"
}

// giveUp tells whether another try can mend an error, and when: errFixed never, errGone once somebody unarchives the
// channel, invites the bot or lets it post.
func giveUp(err error) error {
	e, ok := errors.AsType[*bot.Error](err)
	if !ok || e.Kind != bot.Gone {
		return err
	}
	switch e.Code {
	case "cant_update_message", "edit_window_closed", "message_not_found", "thread_not_found", "cannot_reply_to_message":
		return fmt.Errorf("%w: %w", errFixed, err)
	}
	return fmt.Errorf("%w: %w", errGone, err)
}
