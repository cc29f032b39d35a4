package notify

import (
	"context"
	"errors"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// quiet reports whether a request has no card: it runs under an approval from before, and goes well. The first failure has
// one, and what is stuck; the later tries are silent, as the watch warns by then.
func quiet(r *change.Request) bool {
	if !r.UnderStanding() || len(r.Messages[SlotCard].Channel) > 0 {
		return false // a card that is there is kept up to date
	}
	switch r.State {
	case change.Pending, change.Approved, change.Applying, change.Applied:
		return true
	case change.Undoing, change.RolledBack, change.Expired, change.Rejected, change.Withdrawn:
		return r.StandingApproval.Attempt > 0
	case change.WaitingForPerson, change.Stuck:
	}
	return false
}

// errThreadPending says that the card, below which a line belongs, is yet to be posted, or to be found after a post without a
// response.
var errThreadPending = errors.New("the card that this belongs below is not posted yet")

// drawQuiet says below the connection's card what was done, once it was.
func drawQuiet(ctx context.Context, n *Notifier, r *change.Request) error {
	if r.State != change.Applied {
		return nil
	}
	root, ok, err := threadOf(ctx, n, r)
	if err != nil || !ok {
		return err
	}
	d := rendered{slot: slotFinal, postOnly: true, msg: bot.Message{Text: doneLine(r)}}
	_, err = n.ensure(ctx, r, bot.Posted{Channel: root.Channel, TS: root.ID}, d)
	if errors.Is(err, errNotEditable) || errors.Is(err, errChannelUnwritable) { // the card no longer exists: what went well need not be told
		return nil
	}
	if err != nil {
		return fmt.Errorf("the line in the thread: %w", err)
	}
	return nil
}

// threadOf is the message that r belongs below; false: there is none any more. What was approved alone, for a short time, may end
// before its card is noted: then it is looked up, and errThreadPending asks to wait for it.
func threadOf(ctx context.Context, n *Notifier, r *change.Request) (change.Message, bool, error) {
	if m, ok := r.Messages[SlotThread]; ok {
		return m, true, nil
	}
	approved, err := n.o.Outbox.Get(ctx, r.StandingApproval.Request)
	if errors.Is(err, change.ErrNotFound) || errors.Is(err, change.ErrNewer) {
		return change.Message{}, false, nil
	}
	if err != nil {
		return change.Message{}, false, fmt.Errorf("looking for the card that was approved: %w", err)
	}
	m, ok := ThreadOf(approved.Messages)
	if !ok && approved.Announced < approved.Version {
		return change.Message{}, false, errThreadPending
	}
	return m, ok, nil
}

// doneLine says what was done without people.
func doneLine(r *change.Request) string {
	if end := r.Proposal.Ending; end != nil {
		return endedLine(r, *end)
	}
	return ":recycle: The bot rotated the key. The new one works, and the old one is invalidated. No approval was needed: request " +
		bot.Code(r.StandingApproval.Request) + ", approved by " + mrkdwn.Users(r.StandingApproval.Approvers, "and") + ", still applies (request " + bot.Code(r.ID) + ")."
}

// endedLine says that a connection was removed at its end, and what of it was not.
func endedLine(r *change.Request, end change.Ending) string {
	s := mrkdwn.User(r.Requester.User) + " :wastebasket: The connection ended " + mrkdwn.When(end.Until) + ", and the bot removed it. No approval was needed: request " +
		bot.Code(r.StandingApproval.Request) + ", approved by " + mrkdwn.Users(r.StandingApproval.Approvers, "and") + ", included this end (request " + bot.Code(r.ID) + ")."
	if stays := cards.FieldOf(r, inventory.LabelStays, ""); stays != "" {
		s += "\n*Not removed:* " + mrkdwn.Line(stays, mrkdwn.MaxTold)
	}
	return s
}

// ThreadOf is the message below which a connection's story goes on.
func ThreadOf(posted map[string]change.Message) (change.Message, bool) {
	for _, slot := range []string{SlotCard, SlotThread} {
		if m := posted[slot]; m.ID != "" {
			return change.Message{Channel: m.Channel, ID: m.ID}, true
		}
	}
	return change.Message{}, false
}

// ThreadOfRecord is that of the change that a record is by. A worker may have been quicker than the card; then the request
// knows it, as long as it is kept.
func ThreadOfRecord(ctx context.Context, requests interface {
	Get(ctx context.Context, id string) (*change.Request, error)
}, k change.StoredRecord,
) (change.Message, bool) {
	if m, ok := ThreadOf(k.Posted); ok {
		return m, true
	}
	r, err := requests.Get(ctx, k.Request)
	if err != nil {
		return change.Message{}, false
	}
	return ThreadOf(r.Messages)
}
