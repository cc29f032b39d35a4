package monitor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// NotKeptError says that a connection is not what somebody saw any more, so that nothing was kept.
type NotKeptError struct {
	Gone bool         // the bot does not manage it any more
	Kept *change.Keep // who was first; nil: it was changed since
}

func (e *NotKeptError) Error() string {
	switch {
	case e.Gone:
		return "the bot does not manage the connection any more"
	case e.Kept != nil:
		return fmt.Sprintf("%s has kept the connection already", e.Kept.By.User)
	}
	return "the connection was changed since"
}

// Keep notes that somebody says that a connection is still needed, of which they saw that its review goes back to seen. Its
// owner may, and who may approve under the rule that covers it. The error is a *NotKeptError, a *change.NotAllowedError, or says
// what could not be read.
func (x *AccessReviews) Keep(ctx context.Context, n link.Name, seen time.Time, by change.Actor) (AccessReview, error) {
	for range keepAttempts {
		if r, err := x.keep(ctx, n, seen, by); !errors.Is(err, change.ErrConflict) {
			return r, err
		}
	}
	return AccessReview{}, change.ErrConflict
}

func (x *AccessReviews) keep(ctx context.Context, n link.Name, seen time.Time, by change.Actor) (AccessReview, error) {
	managed, err := x.o.Connections.ManagedAt(ctx, n)
	if err != nil {
		return AccessReview{}, err
	}
	m, ok := managed[n]
	if !ok {
		return AccessReview{}, &NotKeptError{Gone: true}
	}
	since, before, err := x.since(ctx, m)
	if err != nil {
		return AccessReview{}, err
	}
	e, unread := x.o.Connections.State(ctx, n)
	e.Managed = &m
	if err := x.mayKeep(ctx, e, by.User, unread); err != nil {
		return AccessReview{}, err
	}
	if since.UnixMilli() != seen.UnixMilli() {
		gone := &NotKeptError{}
		if before != nil && before.At.Equal(since) {
			gone.Kept = before
		}
		return AccessReview{}, gone
	}
	at, err := x.moment(ctx, since)
	if err != nil {
		return AccessReview{}, err
	}
	r := AccessReview{Since: at}
	if unread == nil {
		r.AccessReview, _ = x.o.Policy.AccessReviewOf(x.traits(e), m.Record.At) // no rule may cover it
	}
	k := change.Keep{Key: inventory.RecordKey(n), First: m.First(), Request: m.Record.Request, By: by, At: at, Rule: r.Rule}
	if err := x.o.Store.Keep(ctx, k, before); err != nil {
		return AccessReview{}, err
	}
	x.o.OnReview(AccessReviewKept)
	r.Kept = &k
	if r.Every > 0 {
		r.Due = at.Add(r.Every)
	}
	return r, nil
}

// mayKeep returns nil for the owner of a connection, and for those who may approve under the rule that covers it.
func (x *AccessReviews) mayKeep(ctx context.Context, e link.ConnectionState, user string, unread error) error {
	switch m := *e.Managed; {
	case user == m.Maker() || user == m.Record.By.User:
		return nil
	case unread != nil: // which rule that is, is not known
		return unread
	default:
		return x.o.Policy.MayKeep(ctx, x.traits(e), m.Record.At, user)
	}
}

// moment is when somebody keeps a connection: after what the review goes back to, and not by a clock that is ahead, which would
// put the next one off.
func (x *AccessReviews) moment(ctx context.Context, since time.Time) (time.Time, error) {
	now, err := x.o.Store.Now(ctx)
	if own := x.o.Now(); own.Before(now) {
		now = own
	}
	if now = now.UTC().Truncate(time.Millisecond); !now.After(since) {
		now = since.UTC().Truncate(time.Millisecond).Add(time.Millisecond)
	}
	return now, err
}
