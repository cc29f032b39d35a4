package doctor

import (
	"context"
	"errors"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// RestoredOptions are what is looked at after the database was put back from a backup. All are required.
type RestoredOptions struct {
	Slack interface {
		Metadata(ctx context.Context, p bot.Posted, thread string) (bot.Metadata, bool, error)
		FindPosted(ctx context.Context, channel, thread string, since, until time.Time, match func(bot.Metadata) bool) (bot.Posted, bool, error)
	}
	Store interface {
		Recent(ctx context.Context, limit int) ([]*change.Request, error)
		Get(ctx context.Context, id string) (*change.Request, error)
		LastAudit(ctx context.Context) (time.Time, error)
		Redraw(ctx context.Context, id string) error
	}
	Connections interface {
		List(ctx context.Context, text string) inventory.Listing
	}
	Channel string
	CardOf  func(bot.Metadata) (request, state string, ok bool)
}

const (
	restoredRecent = 5000        // requests that are looked at
	restoredSkew   = time.Minute // by which clocks may differ
)

// Restored lists what a person has to look at after the database was put back: the requests that are open in it, the cards
// in Slack that show another state, which the bot will draw again, cards that it knows nothing of, and connections that
// want to be adopted, or are gone.
func Restored(ctx context.Context, o RestoredOptions) Report {
	requests, cards, connections := area{name: "requests"}, area{name: "cards"}, area{name: "connections"}
	open, err := o.Store.Recent(ctx, restoredRecent)
	if err != nil {
		requests.unknown("open", "check Redis with doctor", "the requests can't be read: %v", err)
	}
	count := 0
	for _, r := range open {
		if !r.State.Final() {
			count++
			requests.warn(r.ID, openMends[r.State], "%s: %s, asked for by %s on %s", r.State, r.Proposal.Title, r.Requester.User, r.Created.UTC().Format(time.RFC3339))
			o.card(ctx, &cards, r)
		}
	}
	if err == nil && count == 0 {
		requests.ok("open", "none is open")
	}
	o.unknownCards(ctx, &cards)
	o.connections(ctx, &connections)
	return Report{Findings: append(append(requests.findings, cards.findings...), connections.findings...)}
}

// openMends say what an open request means once the bot runs again.
var openMends = map[change.State]string{
	change.Pending:          "withdraw it, if it was decided after the backup was made",
	change.Approved:         "it will be applied as soon as the bot runs: withdraw it if it was already applied or is no longer needed",
	change.Applying:         "the bot will continue it: each step checks the current state first",
	change.Undoing:          "the bot will continue the rollback: each step checks the current state first",
	change.WaitingForPerson: "its card says what a person has to do; what was done after the backup is asked for again, and so is a key",
	change.Stuck:            "its card names what is left; mark it as cleaned up there once that is gone",
}

// card compares the card of an open request with the state that it has in the database.
func (o RestoredOptions) card(ctx context.Context, a *area, r *change.Request) {
	var says string
	for slot, m := range r.Messages {
		if slot != cardSlot || m.ID == "" {
			continue
		}
		meta, found, err := o.Slack.Metadata(ctx, bot.Posted{Channel: m.Channel, TS: m.ID}, "")
		if err != nil {
			a.unknown(r.ID, "give the bot the scopes channels:history and groups:history, then try again", "its card can't be read: %v", err)
			return
		}
		if found {
			_, says, _ = o.CardOf(meta)
		}
	}
	switch {
	case says == string(r.State):
		a.ok(r.ID, "its card shows %s, as the database does", says)
		return
	case says == "":
		says = "nothing, or no longer exists"
	}
	if err := o.Store.Redraw(ctx, r.ID); err != nil {
		a.bad(r.ID, "try again once Redis accepts writes", "its card shows %s, the database says %s, and it can't be drawn again: %v", says, r.State, err)
		return
	}
	a.warn(r.ID, "it is updated once the bot runs", "its card shows %s, the database says %s", says, r.State)
}

const cardSlot = "card"

// unknownCards looks for cards that were posted after the last thing that the database knows.
func (o RestoredOptions) unknownCards(ctx context.Context, a *area) {
	last, err := o.Store.LastAudit(ctx)
	if err != nil {
		a.unknown("newer", "check Redis with doctor", "the time of the backup can't be read: %v", err)
		return
	}
	if last.IsZero() {
		last = time.Unix(0, 0).Add(restoredSkew)
	}
	shown := map[string]string{}
	_, _, err = o.Slack.FindPosted(ctx, o.Channel, "", last.Add(-restoredSkew), time.Time{}, func(m bot.Metadata) bool {
		if request, state, ok := o.CardOf(m); ok {
			shown[request] = state
		}
		return false
	})
	if err != nil {
		a.unknown("newer", "look through the channel for cards since then", "the channel's messages since %s can't all be read: %v", last.UTC().Format(time.RFC3339), err)
	}
	unknown := 0
	for request, state := range shown {
		if _, err := o.Store.Get(ctx, request); errors.Is(err, change.ErrNotFound) {
			unknown++
			a.warn(request, "its buttons no longer work. What it created still exists: adopt the connection; its key's name ends in -"+request,
				"the database has no request for this card, which shows %s", state)
		}
	}
	if err == nil && unknown == 0 {
		a.ok("newer", "none is newer than the database (%s)", last.UTC().Format(time.RFC3339))
	}
}

// connections lists those that the bot does not know, and those that it knows and that are gone.
func (o RestoredOptions) connections(ctx context.Context, a *area) {
	l := o.Connections.List(ctx, "")
	if l.Unmanaged != nil {
		a.unknown("records", "check Redis with doctor", "the managed connections can't be read: %v", l.Unmanaged)
		return
	}
	for _, d := range l.Down {
		a.unknown(d.System, "try again once it responds", "its deployments can't be listed: %s", d.Why)
	}
	for _, m := range l.Missing {
		a.unknown(m.Local.Name, "try again once it responds", "%s", m.Why)
	}
	recorded := 0
	for _, c := range l.Connections {
		name := c.Local.Name + " → " + c.Alias
		switch {
		case c.Unread || c.ManagedUnread:
		case c.Gone:
			a.warn(name, "request a disconnect: it removes what is left and forgets the connection", "it is recorded, but its cluster no longer has it: it was removed after the backup")
		case c.Managed == nil:
			a.warn(name, "if the bot created it after the backup, adopt it", "the bot has no record of it")
		default:
			recorded++
		}
	}
	a.ok("recorded", "%d are recorded, and there", recorded)
}
