package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/slack-go/slack"

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

// errGone says that a message can't be shown where it belongs, and never will be.
var errGone = errors.New("the place for this message is gone")

// drawing is one message of a request as it should be shown.
type drawing struct {
	slot string
	msg  bot.Message
	to   string // a user: it goes into a direct message; empty: into the channel
	once bool   // it calls somebody: it is posted and never drawn again
}

// draw brings every message of a request up to date. A channel that is gone is given up: nothing can be shown there.
func (t *Teller) draw(ctx context.Context, r *change.Request) error {
	standing := t.standing(ctx, r)
	root, err := t.ensure(ctx, r, "", drawing{slot: slotCard, msg: card(r, standing)})
	if errors.Is(err, errGone) {
		t.o.Log.ErrorContext(ctx, "a card can't be shown: its channel is gone or archived", "request", r.ID, "channel", t.o.Channel)
		return nil
	}
	if err != nil {
		return fmt.Errorf("the card: %w", err)
	}
	for _, d := range t.inThread(r, standing) {
		switch _, err := t.ensure(ctx, r, root.TS, d); {
		case errors.Is(err, errGone):
			t.o.Log.WarnContext(ctx, "a message can't be shown", "request", r.ID, "slot", d.slot)
		case err != nil:
			return fmt.Errorf("the message %s: %w", d.slot, err)
		}
	}
	return t.drawDirect(ctx, r, standing)
}

// drawDirect brings the copies in direct messages up to date. Whoever can't be reached there has the card: only what
// passes by itself is tried again.
func (t *Teller) drawDirect(ctx context.Context, r *change.Request, standing *change.Verdict) error {
	for _, d := range direct(r, standing) {
		_, err := t.ensure(ctx, r, "", d)
		if e, ok := errors.AsType[*bot.Error](err); err == nil || !ok || e.Kind == bot.Limited || e.Kind == bot.Unavailable {
			if err != nil && !errors.Is(err, errGone) {
				return fmt.Errorf("the message %s: %w", d.slot, err)
			}
			continue
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
// posts it. errGone: it can't be shown.
func (t *Teller) ensure(ctx context.Context, r *change.Request, thread string, d drawing) (bot.Posted, error) {
	d.msg.Thread = thread
	d.msg.Metadata = &bot.Metadata{Type: metadataType, Payload: map[string]any{"request": r.ID, "slot": d.slot}}
	m, begun := r.Messages[d.slot]
	if begun && m.ID == "" {
		found, ok, err := t.find(ctx, r, m.Channel, thread, d.slot)
		if err != nil {
			return bot.Posted{}, err
		}
		if ok {
			m.ID = found.TS
			if err := t.o.Outbox.NoteMessage(ctx, r.ID, t.o.Owner, d.slot, m); err != nil {
				return bot.Posted{}, err
			}
		}
	}
	if m.ID != "" {
		at := bot.Posted{Channel: m.Channel, TS: m.ID}
		if d.once {
			return at, nil
		}
		switch err := t.update(ctx, r, at, d); {
		case err == nil:
			return at, nil
		case !isDeleted(err):
			return at, giveUp(err)
		}
		// somebody deleted it: what is left of the request has to be seen somewhere, so it is posted again
	}
	return t.post(ctx, r, d)
}

// find looks for a post whose answer was lost. Without the right to read the channel's history it can't; then a second
// card is the lesser evil, since buttons carry the request and its version.
func (t *Teller) find(ctx context.Context, r *change.Request, channel, thread, slot string) (bot.Posted, bool, error) {
	p, ok, err := t.o.Poster.FindPosted(ctx, channel, thread, r.Created.Add(-clocks), func(m bot.Metadata) bool {
		return m.Type == metadataType && m.Payload["request"] == r.ID && m.Payload["slot"] == slot
	})
	if e, is := errors.AsType[*bot.Error](err); is && e.Kind == bot.Scope {
		t.o.Log.WarnContext(ctx, "a message may be posted twice: the bot may not read its channel's history", "request", r.ID, "slot", slot)
		return bot.Posted{}, false, nil
	}
	return p, ok, giveUp(err)
}

func (t *Teller) post(ctx context.Context, r *change.Request, d drawing) (bot.Posted, error) {
	channel := t.o.Channel
	if d.to != "" {
		var err error
		if channel, err = t.o.Poster.OpenDM(ctx, d.to); err != nil {
			return bot.Posted{}, err
		}
	}
	if err := t.o.Outbox.NoteMessage(ctx, r.ID, t.o.Owner, d.slot, change.Message{Channel: channel}); err != nil {
		return bot.Posted{}, err
	}
	at, err := t.o.Poster.Post(ctx, channel, d.msg)
	if isBadBlocks(err) {
		at, err = t.o.Poster.Post(ctx, channel, t.simpler(ctx, r, d))
	}
	if err != nil {
		return bot.Posted{}, giveUp(err)
	}
	t.remember(r.ID, d)
	return at, t.o.Outbox.NoteMessage(ctx, r.ID, t.o.Owner, d.slot, change.Message{Channel: at.Channel, ID: at.TS})
}

func (t *Teller) update(ctx context.Context, r *change.Request, at bot.Posted, d drawing) error {
	if t.unchanged(r.ID, d) {
		return nil
	}
	err := t.o.Poster.Update(ctx, at, d.msg)
	if isBadBlocks(err) {
		err = t.o.Poster.Update(ctx, at, t.simpler(ctx, r, d))
	}
	if err == nil {
		t.remember(r.ID, d)
	}
	return err
}

// simpler is a message that Slack takes where it refused d: progress without the plan block, which is young and not
// everywhere, and anything else as its bare text, which is a fault of ours but better than silence.
func (t *Teller) simpler(ctx context.Context, r *change.Request, d drawing) bot.Message {
	msg := d.msg
	if len(msg.Blocks) > 0 && msg.Blocks[0].BlockType() == slack.MBTPlan {
		if m, ok := progress(r, true); ok {
			if !t.simple.Swap(true) {
				t.o.Log.InfoContext(ctx, "the workspace takes no plan blocks: progress is shown in sections from now on")
			}
			msg.Blocks = m.Blocks
			return msg
		}
	}
	t.o.Log.ErrorContext(ctx, "a message was refused by Slack and is shown as bare text", "request", r.ID, "slot", d.slot)
	msg.Blocks = nil
	return msg
}

func (t *Teller) unchanged(id string, d drawing) bool {
	sum, ok := fingerprint(d.msg)
	t.mu.Lock()
	defer t.mu.Unlock()
	last, shown := t.shown[id][d.slot]
	return ok && shown && last == sum
}

func (t *Teller) remember(id string, d drawing) {
	sum, ok := fingerprint(d.msg)
	if !ok {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.shown) > 10_000 { // another process told the ends of these: forgetting costs one redrawing each
		clear(t.shown)
	}
	if t.shown[id] == nil {
		t.shown[id] = map[string][32]byte{}
	}
	t.shown[id][d.slot] = sum
}

func fingerprint(m bot.Message) (sum [32]byte, ok bool) {
	raw, err := json.Marshal(struct {
		Text   string
		Blocks []slack.Block
	}{m.Text, m.Blocks})
	return sha256.Sum256(raw), err == nil
}

func isBadBlocks(err error) bool {
	e, ok := errors.AsType[*bot.Error](err)
	return ok && e.Kind == bot.BadBlocks
}

// isDeleted: the message is gone, its channel is not.
func isDeleted(err error) bool {
	e, ok := errors.AsType[*bot.Error](err)
	return ok && e.Code == "message_not_found"
}

// giveUp turns what another try can't mend into errGone. What an administrator can mend at any time, such as inviting
// the bot into the channel, is tried again.
func giveUp(err error) error {
	e, ok := errors.AsType[*bot.Error](err)
	if !ok || e.Kind != bot.Gone {
		return err
	}
	switch e.Code {
	case "not_in_channel", "restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel":
		return err
	}
	return fmt.Errorf("%w: %w", errGone, err)
}
