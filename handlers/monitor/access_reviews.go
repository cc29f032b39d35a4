package monitor

import (
	"context"
	"errors"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

// AccessReviewStore is what the access reviews of all replicas share; *store.Store is one.
type AccessReviewStore interface {
	Now(ctx context.Context) (time.Time, error)
	Lease(ctx context.Context, name, owner string, d time.Duration) (bool, error)
	// Kept returns who said last that connections are still needed, by the keys of their records.
	Kept(ctx context.Context, keys ...string) (map[string]change.Keep, error)
	// Keep writes that down, where before is the last time; change.ErrConflict: the connection has changed, or somebody was first.
	Keep(ctx context.Context, k change.Keep, before *change.Keep) error
	ForgetKept(ctx context.Context, key string) error
}

// AccessReviewPolicy says which connections are reviewed, and by whom; *policy.Policy does. Connections are known to it by the
// traits of their connect, and when they were last changed.
type AccessReviewPolicy interface {
	ReviewsAccess() bool
	AccessReviewOf(traits map[string][]string, since time.Time) (policy.AccessReview, error)
	MayKeep(ctx context.Context, traits map[string][]string, since time.Time, user string) error
	Keepers(ctx context.Context, traits map[string][]string, since time.Time) ([]string, error)
}

// AccessReviewOptions are what AccessReviews need.
type AccessReviewOptions struct {
	Store       AccessReviewStore
	Policy      AccessReviewPolicy
	Connections interface {
		ManagedAt(ctx context.Context, names ...link.Name) (map[link.Name]link.ManagedConnection, error)
		State(ctx context.Context, n link.Name) (link.ConnectionState, error)
	}
	Tags  []string // of deployments, that the policy asks for
	Owner string   // names this process
	Now   func() time.Time

	OnReview func(outcome string) // is called with AccessReviewAsked or AccessReviewKept; it must not block. nil: nothing
}

// What becomes of an access review.
const (
	AccessReviewAsked = "asked"
	AccessReviewKept  = "kept"
)

// AccessReviews asks people whether a connection is still needed, as often as a rule requires. It does not review what
// somebody approved alone. How often they were asked stands in the status that a check leaves, which Redis takes from one
// replica at a time: so nobody is asked twice, and a moment that was missed comes up again.
type AccessReviews struct{ o AccessReviewOptions }

// NewAccessReviews returns what asks.
func NewAccessReviews(o AccessReviewOptions) *AccessReviews {
	if o.OnReview == nil {
		o.OnReview = func(string) {}
	}
	return &AccessReviews{o}
}

const (
	accessReviewAgain = 7 * cards.Day   // after the first time; then twice, and from then on four times as long
	accessReviewPace  = 5 * time.Minute // between two messages, so that a new rule floods no channel
	accessReviewLease = "access review"
	keepAttempts      = 3
)

// OpenReview is an access review that is due.
type OpenReview struct {
	Since time.Time `json:"since"`           // what it goes back to: the approval, or when somebody kept the connection
	Asked int       `json:"asked,omitempty"` // how often people were asked
	Again time.Time `json:"again,omitzero"`  // when they are asked next
}

// same reports whether people see the same of both.
func (r *OpenReview) same(other *OpenReview) bool {
	if r == nil || other == nil {
		return r == other
	}
	return r.Since.Equal(other.Since) && r.Asked == other.Asked
}

// AccessReview is how the review of a connection stands.
type AccessReview struct {
	policy.AccessReview
	Uncovered string       // why no rule covers it; empty: one does
	Since     time.Time    // what the next one goes back to
	Kept      *change.Keep // nil: nobody has kept it since it was approved
	Due       time.Time    // zero: never
}

// Of returns how the review of a managed connection stands.
func (x *AccessReviews) Of(ctx context.Context, e link.ConnectionState) (AccessReview, error) {
	m := *e.Managed
	since, kept, err := x.since(ctx, m)
	if err != nil {
		return AccessReview{}, err
	}
	r := AccessReview{Since: since}
	if kept != nil && since.Equal(kept.At) {
		r.Kept = kept
	}
	r.AccessReview, err = x.o.Policy.AccessReviewOf(x.traits(e), m.Record.At)
	if refused, ok := errors.AsType[*change.NotAllowedError](err); ok {
		r.Uncovered, err = refused.Why, nil
	}
	if r.Every > 0 {
		r.Due = since.Add(r.Every)
	}
	return r, err
}

// traits are those of the connect that would make a connection as it is.
func (x *AccessReviews) traits(e link.ConnectionState) map[string][]string {
	return link.TraitsOfState(e, "connect", e.Params(), x.o.Tags)
}

// since is what the review of a connection goes back to, and the last time that somebody kept it. A rotation is no approval of
// what a connection allows.
func (x *AccessReviews) since(ctx context.Context, m link.ManagedConnection) (time.Time, *change.Keep, error) {
	key := inventory.RecordKey(m.Name())
	all, err := x.o.Store.Kept(ctx, key)
	if err != nil {
		return time.Time{}, nil, err
	}
	since := m.ApprovedAt()
	k, ok := all[key]
	if !ok {
		return since, nil, nil
	}
	if k.First == m.First() && k.At.After(since) { // else it was about one that has ended, or before it was approved anew
		since = k.At
	}
	return since, &k, nil
}

// Due returns the review of a connection that is due, and who is asked, if they are now; nil: none is. was is what the check
// before left, and shared the clock of all replicas: one that is ahead asks nobody early.
func (x *AccessReviews) Due(ctx context.Context, e link.ConnectionState, was *OpenReview, shared time.Time) (open *OpenReview, due time.Time, ask []string, err error) {
	m, now := *e.Managed, x.o.Now()
	if !shared.IsZero() && shared.Before(now) {
		now = shared
	}
	if !x.o.Policy.ReviewsAccess() || m.EndsSoon(now) { // what ends soon is asked about already
		return nil, due, nil, nil
	}
	r, err := x.Of(ctx, e)
	if err != nil || r.Due.IsZero() || now.Before(r.Due) {
		return nil, due, nil, err
	}
	open = &OpenReview{Since: r.Since}
	if was != nil && was.Since.Equal(r.Since) {
		open.Asked, open.Again = was.Asked, was.Again
	}
	wait, longest := open.Again.Sub(now), askAgain(r.Every, open.Asked)
	if open.Asked > 0 && wait > 0 && wait <= longest { // longer only where a clock was ahead
		return open, r.Due, nil, nil
	}
	ours, err := x.o.Store.Lease(ctx, accessReviewLease, x.o.Owner, pace(r.Every))
	if err != nil || !ours {
		return open, r.Due, nil, err
	}
	open.Asked++
	open.Again = now.Add(askAgain(r.Every, open.Asked)).UTC()
	x.o.OnReview(AccessReviewAsked)
	ask, err = x.o.Policy.Keepers(ctx, x.traits(e), m.Record.At)
	return open, r.Due, append([]string{m.Maker(), m.Record.By.User}, ask...), err
}

// askAgain is how long after that many times people are asked once more.
func askAgain(every time.Duration, asked int) time.Duration {
	return min(accessReviewAgain, every/4) << min(max(asked-1, 0), 2)
}

// pace is shorter where reviews come so often that they could not all be asked for.
func pace(every time.Duration) time.Duration {
	return max(min(accessReviewPace, every/1000), time.Millisecond)
}

// Answered reports whether a review that goes back to since is due no more, because somebody kept the connection, or people
// approved it anew.
func (x *AccessReviews) Answered(ctx context.Context, m link.ManagedConnection, since time.Time) (bool, *change.Keep, error) {
	now, kept, err := x.since(ctx, m)
	if err != nil || now.UnixMilli() <= since.UnixMilli() { // as a message knows it
		return false, nil, err
	}
	if kept != nil && !kept.At.Equal(now) {
		kept = nil
	}
	return true, kept, nil
}

// Forget forgets who kept a connection that is no more.
func (x *AccessReviews) Forget(ctx context.Context, key string) error {
	return x.o.Store.ForgetKept(ctx, key)
}
