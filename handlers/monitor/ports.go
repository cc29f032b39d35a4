package monitor

import (
	"context"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

// HealthChecker says how managed connections are; *diagnose.Checker is one.
type HealthChecker interface {
	Health(ctx context.Context, m link.ManagedConnection, expiresWithin time.Duration) (diagnose.HealthResult, error)
	// ManagedAt returns those of the names that are managed.
	ManagedAt(ctx context.Context, names ...link.Name) (map[link.Name]link.ManagedConnection, error)
	// ManagedBy returns connections that user made or changed last, at most limit.
	ManagedBy(ctx context.Context, user string, limit int) (map[link.Name]link.ManagedConnection, error)
	CountManaged(ctx context.Context) (int, error)
}

// Store is what the monitors of all replicas share; *store.Store is one.
type Store interface {
	CheckQueue
	StatusStore
	// Lease lets owner alone do something for d; false: somebody does.
	Lease(ctx context.Context, name, owner string, d time.Duration) (bool, error)
	EndLease(ctx context.Context, name, owner string) error
	Notes(ctx context.Context, part string) (map[string]string, error)
	Note(ctx context.Context, part, key, text string) error
	// Followers returns who said that they follow a connection.
	Followers(ctx context.Context, connection string) ([]string, error)
	// Holder is the request that holds a target; Get is that request.
	Holder(ctx context.Context, target string) (id string, ok bool, err error)
	Get(ctx context.Context, id string) (*change.Request, error)
}

// CheckQueue is when which connection is to be checked.
type CheckQueue interface {
	QueuedChecks(ctx context.Context, queue string) (int, error)
	// ClaimChecks hands out due checks to one replica at a time, those first that have waited longest.
	ClaimChecks(ctx context.Context, queue string, limit int, lease time.Duration) ([]change.Check, error)
	// ClaimCheck hands out the check of one connection, due or not; false: there is none of it.
	ClaimCheck(ctx context.Context, queue, key string, lease time.Duration) (change.Check, bool, error)
	// FinishCheck writes what was found; change.ErrFenced: the connection has changed since the claim, which counts no more.
	FinishCheck(ctx context.Context, c change.Check, r change.CheckResult) error
	OldestCheck(ctx context.Context) (time.Time, error)
}

// KeyRotations asks for the rotation of keys by itself; *Rotations does.
type KeyRotations interface {
	// Ask asks for the rotation of a connection's key if that is due.
	Ask(ctx context.Context, m link.ManagedConnection, expires time.Time) error
	// Silent reports whether nobody need be warned of the key's end.
	Silent(ctx context.Context, m link.ManagedConnection) (bool, error)
	Forget(ctx context.Context, key string) error
}

// ConnectionEndings has connections removed at their end; *Endings does.
type ConnectionEndings interface {
	// Ask does it if the end has come, also by the clock that all replicas share, and returns when to look again; 0: at any time.
	Ask(ctx context.Context, m link.ManagedConnection, shared time.Time) (time.Duration, error)
	Forget(ctx context.Context, key string) error
}

// ConnectionReviews has people say whether connections are still needed; *AccessReviews does.
type ConnectionReviews interface {
	// Due returns the review of a connection that is due, since when, and who is asked, if they are now. was is what the check
	// before left.
	Due(ctx context.Context, e link.ConnectionState, was *OpenReview, shared time.Time) (open *OpenReview, due time.Time, ask []string, err error)
	// Answered reports whether a review that goes back to since is due no more, and who kept the connection; nil: it was approved anew.
	Answered(ctx context.Context, m link.ManagedConnection, since time.Time) (bool, *change.Keep, error)
	Forget(ctx context.Context, key string) error
}

// StatusStore keeps what the last check of each connection found, by the key of its record.
type StatusStore interface {
	Statuses(ctx context.Context, keys ...string) (map[string]string, error)
	// StatusKeys returns the keys of those with a facet that begins with prefix, in the order of the facets, at most
	// limit; 0: all.
	StatusKeys(ctx context.Context, prefix string, limit int) ([]string, error)
	// CountStatuses counts those that have each of the facets.
	CountStatuses(ctx context.Context, facets ...string) ([]int, error)
	// StatusRevision goes up with every result that is news.
	StatusRevision(ctx context.Context) (int64, error)
}
