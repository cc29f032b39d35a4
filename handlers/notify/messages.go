package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// The slots of a request's messages: each is posted once and drawn again in place.
const (
	SlotCard     = "card"
	slotProgress = "progress"
	slotStuck    = "stuck"
	slotFinal    = "final"
	slotWait     = "wait"    // followed by which question of the work it asks
	slotNewPlan  = "plan"    // followed by the version since which the new plan waits
	slotGlass    = "glass"   // followed by which time it is that somebody approved alone
	slotOverdue  = "overdue" // followed by which time it is that nobody has reviewed that
	slotWrong    = "wrong"   // a review says that it was not right
	SlotThread   = "thread"  // somebody else's message: of what goes well by itself, one line stands below it
)

// MetadataType marks our messages, so that one whose answer was lost can be found. Everybody in the workspace can read
// a message's metadata: it holds ids only, and the state that the message shows, for anyone who compares after a restore.
const MetadataType = "remote_cluster_request"

// CardOf reads which request a message is the card of, and the state that it shows; false: it is no card.
func CardOf(m bot.Metadata) (request, state string, ok bool) {
	if m.Type != MetadataType || m.Payload["slot"] != SlotCard {
		return "", "", false
	}
	request, ok = m.Payload["request"].(string)
	state, _ = m.Payload["state"].(string)
	return request, state, ok
}

// MaxClockSkew is by how much Slack's clock may be behind ours.
const MaxClockSkew = 2 * time.Minute

var (
	// errChannelUnwritable says that a message can't be shown where it belongs: its channel was archived or deleted, or the bot may
	// not write there. It may come back.
	errChannelUnwritable = errors.New("the channel or thread for this message can't be written to")
	// errNotEditable says that a message can't be drawn again, and never will be.
	errNotEditable = errors.New("this message can't be changed")
)

// rendered is one message of a request as it should be shown.
type rendered struct {
	slot     string
	msg      bot.Message
	to       string // a user: it goes into a direct message; empty: into the channel
	postOnly bool   // it calls somebody: it is posted and never drawn again
}

// draw brings every message of a request up to date. Where the channel can't be written to, people are told by direct
// message, and the error is errChannelUnwritable: the card is still to be shown.
func (n *Notifier) draw(ctx context.Context, r *change.Request) error {
	if quiet(r) {
		return drawQuiet(ctx, n, r)
	}
	standing := n.evaluation(ctx, r)
	away := n.drawChannel(ctx, r, standing)
	if away != nil && !errors.Is(away, errChannelUnwritable) {
		return away
	}
	if err := n.drawDirect(ctx, r, standing, away != nil); err != nil {
		return err
	}
	return away
}

// drawChannel brings the card and what hangs on it up to date.
func (n *Notifier) drawChannel(ctx context.Context, r *change.Request, standing *change.Evaluation) error {
	root, err := n.ensure(ctx, r, bot.Posted{}, rendered{slot: SlotCard, msg: cards.Card(r, standing, n.o.Now())})
	switch {
	case errors.Is(err, errNotEditable):
		n.o.Log.WarnContext(ctx, "the card can't be updated", "request", r.ID, "error", err)
	case err != nil:
		return fmt.Errorf("the card: %w", err)
	}
	for _, d := range n.inThread(r, standing) {
		switch _, err := n.ensure(ctx, r, root, d); {
		case errors.Is(err, errNotEditable):
			n.o.Log.WarnContext(ctx, "a message can't be shown", "request", r.ID, "slot", d.slot, "error", err)
		case err != nil:
			return fmt.Errorf("the message %s: %w", d.slot, err)
		}
	}
	return nil
}

// drawDirect brings the copies in direct messages up to date. Anyone who can't be reached there has the card: only what
// passes by itself is tried again.
func (n *Notifier) drawDirect(ctx context.Context, r *change.Request, standing *change.Evaluation, away bool) error {
	for _, d := range direct(r, standing, away, n.o.Command, n.o.Now()) {
		_, err := n.ensure(ctx, r, bot.Posted{}, d)
		if err == nil {
			continue
		}
		if e, ok := errors.AsType[*bot.Error](err); !ok || e.Kind == bot.Limited || e.Kind == bot.Unavailable {
			return fmt.Errorf("the message %s: %w", d.slot, err)
		}
		n.o.Log.WarnContext(ctx, "a direct message can't be shown", "request", r.ID, "slot", d.slot, "error", err)
	}
	return nil
}

func (n *Notifier) inThread(r *change.Request, standing *change.Evaluation) []rendered {
	var out []rendered
	if m, ok := cards.NewPlanLine(r, standing); ok {
		out = append(out, rendered{slot: fmt.Sprintf("%s-%d", slotNewPlan, r.ApprovalsSince), msg: m, postOnly: true})
	}
	if m, ok := cards.Progress(r, n.sectionsOnly.Load()); ok {
		out = append(out, rendered{slot: slotProgress, msg: m})
	}
	if r.State == change.WaitingForPerson {
		out = append(out, rendered{slot: fmt.Sprintf("%s-%d", slotWait, cards.Questions(r)), msg: cards.WaitLine(r, standing), postOnly: true})
	}
	out = append(out, aboutReviews(r)...)
	if m, ok := cards.FinalLine(r, n.o.Command); ok {
		slot := slotFinal
		if r.State == change.Stuck {
			slot = slotStuck
		}
		out = append(out, rendered{slot: slot, msg: m, postOnly: slot == slotFinal})
	}
	return out
}

func (n *Notifier) evaluation(ctx context.Context, r *change.Request) *change.Evaluation {
	if r.State != change.Pending && r.State != change.WaitingForPerson {
		return nil
	}
	v, err := n.o.Policy.Evaluate(ctx, r)
	if err != nil {
		n.o.Log.WarnContext(ctx, "evaluating the policy for a request", "request", r.ID, "error", err)
		return nil
	}
	return &v
}

// ensure shows a drawing: in place if it was posted, else it looks for a post whose answer was lost, and only then
// posts it. root is the message whose thread it belongs to; without one it stands alone. errChannelUnwritable: its place can't be
// written to. errNotEditable: it can't be drawn again.
func (n *Notifier) ensure(ctx context.Context, r *change.Request, root bot.Posted, d rendered) (bot.Posted, error) {
	place := cmp.Or(root.Channel, n.o.Channel)
	d.msg.Thread = root.TS
	d.msg.Metadata = &bot.Metadata{Type: MetadataType, Payload: map[string]any{"request": r.ID, "slot": d.slot, "state": string(r.State)}}
	m, begun := r.Messages[d.slot]
	// Cards go to another channel by now: what is in one that can't be written to any more is posted there.
	moved := func(err error) bool { return d.to == "" && m.Channel != place && errors.Is(err, errChannelUnwritable) }
	if begun && m.ID == "" && (root.TS == "" || m.Channel == place) {
		found, ok, err := n.find(ctx, r, m, root.TS, d.slot)
		if err != nil && !moved(err) {
			return bot.Posted{}, err
		}
		if ok {
			m.ID = found.TS
			if err := noteMessage(ctx, n, r, d.slot, m); err != nil {
				return bot.Posted{}, err
			}
		}
	}
	if m.ID != "" {
		at := bot.Posted{Channel: m.Channel, TS: m.ID}
		if err := removeCopies(ctx, n, r, root.TS, d.slot); err != nil {
			return bot.Posted{}, err
		}
		if d.postOnly {
			return at, nil
		}
		err := n.update(ctx, r, at, d)
		if gone := giveUp(err); !IsDeleted(err) && !moved(gone) {
			return at, gone
		}
		// somebody deleted it: what is left of the request has to be seen somewhere, so it is posted again
	}
	return n.post(ctx, r, place, d)
}

// find looks for a post whose answer was lost, around the time when it was noted that it would be posted: a channel may
// have seen any number of messages since. Where that can't be found out, because the bot may not read the channel's
// history or there are too many messages, a second card is the lesser evil: buttons carry the request and its version.
func (n *Notifier) find(ctx context.Context, r *change.Request, m change.Message, thread, slot string) (bot.Posted, bool, error) {
	since, until := r.Created.Add(-MaxClockSkew), time.Time{}
	if !m.At.IsZero() {
		since, until = m.At.Add(-MaxClockSkew), m.At.Add(n.o.Lease+MaxClockSkew)
	}
	return findCopies(ctx, n, r, m.Channel, thread, slot, since, until)
}

func (n *Notifier) post(ctx context.Context, r *change.Request, channel string, d rendered) (bot.Posted, error) {
	if d.to != "" {
		var err error
		if channel, err = n.o.Poster.OpenDM(ctx, d.to); err != nil {
			return bot.Posted{}, err
		}
	}
	note := change.Message{Channel: channel, At: n.o.Now()}
	if before, begun := r.Messages[d.slot]; begun && before.ID == "" && d.to == "" {
		note.Doubt = before.At
	}
	if err := noteMessage(ctx, n, r, d.slot, note); err != nil {
		return bot.Posted{}, err
	}
	var at bot.Posted
	err := showRendered(ctx, n, r, d, func(msg bot.Message) (err error) {
		at, err = n.o.Poster.Post(ctx, channel, msg)
		return err
	})
	if err != nil {
		return bot.Posted{}, giveUp(err)
	}
	return at, noteMessage(ctx, n, r, d.slot, change.Message{Channel: at.Channel, ID: at.TS, Doubt: note.Doubt})
}

func (n *Notifier) update(ctx context.Context, r *change.Request, at bot.Posted, d rendered) error {
	if unchanged(n, r.ID, d) {
		return nil
	}
	return showRendered(ctx, n, r, d, func(msg bot.Message) error { return n.o.Poster.Update(ctx, at, msg) })
}

// IsDeleted reports whether an error says that the message is gone, and its channel is not.
func IsDeleted(err error) bool {
	e, ok := errors.AsType[*bot.Error](err)
	return ok && e.Code == "message_not_found"
}

// giveUp tells whether another try can mend an error, and when: errNotEditable never, errChannelUnwritable once somebody unarchives the
// channel, invites the bot or lets it post.
func giveUp(err error) error {
	e, ok := errors.AsType[*bot.Error](err)
	if !ok || e.Kind != bot.Gone {
		return err
	}
	switch e.Code {
	case "cant_update_message", "edit_window_closed", "message_not_found", "thread_not_found", "cannot_reply_to_message":
		return fmt.Errorf("%w: %w", errNotEditable, err)
	}
	return fmt.Errorf("%w: %w", errChannelUnwritable, err)
}
