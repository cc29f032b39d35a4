package doctor

import (
	"context"
	"errors"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// What is known of the database outside of it shows that it is empty, or was restored from a backup: the audit that was
// shipped, a checkpoint that was kept, and the cards in Slack. Each finding is unknown where it can't be compared now.

const restoredMend = "it is empty, or was restored from a backup: docs/operations.md, Backup and restore; doctor --restored lists what to look at"

// OlderThanShipped looks whether the database has the newest entry of the audit that was shipped from it.
func OlderThanShipped(ctx context.Context, s interface {
	HasAudit(ctx context.Context, id string) (bool, error)
}, newest func(context.Context) (id string, err error),
) Finding {
	const check = "shipped"
	id, err := newest(ctx)
	there := id == ""
	if err == nil && !there {
		there, err = s.HasAudit(ctx, id)
	}
	a := area{name: areaRedis}
	switch {
	case err != nil:
		a.unknown(check, "try again once both respond", "it can't be compared with the audit that was shipped from it: %v", err)
	case !there:
		a.bad(check, restoredMend, "it is older than the audit that was shipped from it: the entry %s is missing", id)
	default:
		a.ok(check, "it contains everything that was shipped from its audit")
	}
	return a.findings[0]
}

// OlderThanCheckpoint looks whether the audit has got as far as a checkpoint of it that was kept elsewhere, and agrees with it.
func OlderThanCheckpoint(ctx context.Context, s interface {
	AuditHead(ctx context.Context) (entries int64, hash string, err error)
	AuditAgrees(ctx context.Context, entries int64, hash string) (agrees bool, err error)
}, newest func() (c change.Checkpoint, found bool, err error),
) Finding {
	const check = "checkpoint"
	a := area{name: areaRedis}
	c, found, err := newest()
	if err != nil {
		a.unknown(check, "look at audit.checkpoint.file and audit.checkpoint.key", "it can't be compared with the newest checkpoint: %v", err)
		return a.findings[0]
	}
	if !found {
		a.ok(check, "no checkpoint has been kept here yet")
		return a.findings[0]
	}
	of := "the checkpoint of " + c.At.UTC().Format(time.RFC3339)
	entries, _, err := s.AuditHead(ctx)
	agrees := false
	if err == nil && entries >= c.Entries {
		agrees, err = s.AuditAgrees(ctx, c.Entries, c.Hash)
	}
	switch {
	case err != nil:
		a.unknown(check, "try again once Redis responds", "it can't be compared with %s: %v", of, err)
	case entries < c.Entries:
		a.bad(check, restoredMend, "it is older than %s: that has %d entries of the audit, the database %d", of, c.Entries, entries)
	case !agrees:
		a.bad(check, restoredMend, "its audit differs from what %s saw at %d entries", of, c.Entries)
	default:
		a.ok(check, "it agrees with %s", of)
	}
	return a.findings[0]
}

// CardsOptions are what the cards in Slack are compared with. All are required.
type CardsOptions struct {
	Slack interface {
		FindPosted(ctx context.Context, channel, thread string, since, until time.Time, match func(bot.Metadata) bool) (bot.Posted, bool, error)
		Metadata(ctx context.Context, p bot.Posted, thread string) (bot.Metadata, bool, error)
	}
	Store interface {
		Get(ctx context.Context, id string) (*change.Request, error)
		PendingRequests(ctx context.Context, limit int) ([]*change.Request, error)
	}
	Channel string
	CardOf  func(bot.Metadata) (request, state string, ok bool)
	Last    func(context.Context) (time.Time, error) // when the newest entry of the audit was written; zero: there is none
}

// comparedCards is of how many requests that wait for approvals the cards are compared: Slack lets so many be read at once.
const comparedCards = 5

// OlderThanCards looks for a card that knows more than the database: among those that were posted after the newest entry
// of its audit, and among those of requests that wait for approvals in it.
func OlderThanCards(ctx context.Context, o CardsOptions) Finding {
	const check = "cards"
	a := area{name: areaRedis}
	newer, err := o.newerCard(ctx)
	switch {
	case newer != "":
		a.bad(check, restoredMend, "it is older than a card in Slack: request %s", newer)
	case err != nil:
		a.unknown(check, "look through the channel for newer cards", "it can't be compared with the cards in Slack: %v", err)
	default:
		a.ok(check, "it matches the newest cards in Slack")
	}
	return a.findings[0]
}

// newerCard says what it found; empty: nothing.
func (o CardsOptions) newerCard(ctx context.Context) (string, error) {
	last, err := o.Last(ctx)
	if err != nil {
		return "", err
	}
	since := time.Unix(0, 0)
	if !last.IsZero() {
		since = last.Add(-restoredSkew)
	}
	newer := ""
	var unread error
	_, found, err := o.Slack.FindPosted(ctx, o.Channel, "", since, time.Time{}, func(m bot.Metadata) bool {
		say, err := o.knowsMore(ctx, m)
		newer, unread = say, errors.Join(unread, err)
		return say != ""
	})
	if err = errors.Join(err, unread); err != nil || found {
		return newer, err
	}
	open, err := o.Store.PendingRequests(ctx, comparedCards)
	if err != nil {
		return "", err
	}
	for _, r := range open {
		m := r.Messages[cardSlot]
		if m.ID == "" {
			continue
		}
		meta, found, err := o.Slack.Metadata(ctx, bot.Posted{Channel: m.Channel, TS: m.ID}, "")
		if err != nil {
			return "", err
		}
		if !found {
			continue
		}
		if newer, err := o.knowsMore(ctx, meta); err != nil || newer != "" {
			return newer, err
		}
	}
	return "", nil
}

// knowsMore says what a card shows that the database does not know; empty: nothing. A card may well be behind.
func (o CardsOptions) knowsMore(ctx context.Context, m bot.Metadata) (string, error) {
	request, state, ok := o.CardOf(m)
	if !ok {
		return "", nil
	}
	r, err := o.Store.Get(ctx, request)
	switch {
	case errors.Is(err, change.ErrNotFound):
		return request + ", shown as " + state + ", is not in it", nil
	case err != nil:
		return "", err
	case change.State(state).Final() && !r.State.Final():
		return request + ", shown as " + state + ", is " + string(r.State) + " in it", nil
	}
	return "", nil
}

const areaRedis = "redis"
