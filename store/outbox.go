package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// outbox is what of the requests has yet to be shown.
type outbox struct{ *requests }

// Unannounced returns ids of requests whose present version has not been shown in Slack, the one first that has
// waited longest since it changed or was last tried.
func (s outbox) Unannounced(ctx context.Context, limit int) ([]string, error) {
	if limit <= 0 {
		return nil, nil
	}
	ids, err := s.rdb.ZRange(ctx, s.keys.unannounced(), 0, int64(limit)-1).Result()
	return ids, fault("looking for what has not been shown", err)
}

// ClaimNotification gives owner the right to redraw a request until the lease ends by Redis's clock, or Announced
// ends it. ok is false if somebody else has it, or if the present version has been shown; of a request that was put aside, or
// ended so, notify.Asides tells. Errors:
// change.ErrNotFound, change.ErrNewer, change.ErrUnavailable.
func (s outbox) ClaimNotification(ctx context.Context, id, owner string, lease time.Duration) (r *change.Request, ok bool, err error) {
	doing := "claiming to tell of request " + id
	a, err := s.eval(ctx, doing, notificationClaimScript,
		[]string{s.keys.req(id), s.keys.unannounced(), s.keys.aside()}, id, change.Schema, owner, lease.Milliseconds())
	if err != nil {
		return nil, false, err
	}
	switch a.word {
	case "ok":
		r, err = s.Get(ctx, id)
		return r, err == nil, err
	case "busy", "shown":
		return nil, false, nil
	default:
		return nil, false, a.unexpected(doing)
	}
}

// NoteMessage remembers what was posted, or is about to be, under a slot of the request's. The version stays. The error
// is change.ErrFenced once owner's lease from ClaimNotification has ended: the one who tells the request now has the word.
func (s outbox) NoteMessage(ctx context.Context, id, owner, slot string, m change.Message) error {
	doing := "noting a message of request " + id
	raw, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	_, err = s.evalReplicated(ctx, doing, messageRecordScript, []string{s.keys.req(id)}, change.Schema, owner, fieldMessage+slot, string(raw))
	return err
}

// Announced notes that the request has been shown as it was at version, and ends owner's right to redraw it. The
// version last shown only goes up; while it is behind, the request stays among those that lag. The error is
// change.ErrFenced once owner's lease has ended: what it has drawn may have been drawn over.
func (s outbox) Announced(ctx context.Context, id string, version int64, owner string) error {
	_, err := s.eval(ctx, "noting what was shown of request "+id, notificationFinishScript,
		[]string{s.keys.req(id), s.keys.unannounced()}, id, change.Schema, version, owner)
	return err
}

// Redraw has a request told again as it is, whatever was shown of it before. Errors: change.ErrNotFound, change.ErrNewer.
func (s outbox) Redraw(ctx context.Context, id string) error {
	_, err := s.eval(ctx, "having request "+id+" told again", requestRedrawScript, []string{s.keys.req(id), s.keys.unannounced()}, id, change.Schema)
	return err
}
