package store

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	homeOpenFor = 8 * time.Hour // after it was opened, a home tab is kept current for this long
	homesKept   = 300           // home tabs that are kept current at the same time
	homeGather  = time.Second   // a burst of changes within it draws a tab once
)

// homeTabs are the home tabs that people look at.
type homeTabs struct{ *db }

// HomeOpened remembers that user looks at the home tab, and returns the mark of what it showed last; empty if that is
// not known.
func (s homeTabs) HomeOpened(ctx context.Context, user string) (shown string, err error) {
	a, err := s.eval(ctx, "remembering an open home tab", homeOpenScript,
		[]string{s.keys.homes(), s.keys.homesDue(), s.keys.homesShown()}, user, homeOpenFor.Milliseconds(), homesKept)
	return a.value, err
}

// OpenHomes returns the users whose home tab was opened in the last 8 hours, at most 300 of them.
func (s homeTabs) OpenHomes(ctx context.Context) ([]string, error) {
	const doing = "listing open home tabs"
	now, err := s.rdb.Time(ctx).Result()
	if err != nil {
		return nil, fault(doing, err)
	}
	since := strconv.FormatInt(now.Add(-homeOpenFor).UnixMilli(), 10)
	users, err := s.rdb.ZRangeByScore(ctx, s.keys.homes(), &redis.ZRangeBy{Min: since, Max: "+inf"}).Result()
	return users, fault(doing, err)
}

// MarkHomesDirty asks for the users' home tabs to be drawn anew, as far as they are open, once a burst of changes is over.
func (s homeTabs) MarkHomesDirty(ctx context.Context, users []string) error {
	if len(users) == 0 {
		return nil
	}
	args := []any{homeGather.Milliseconds(), homeOpenFor.Milliseconds()}
	for _, u := range users {
		args = append(args, u)
	}
	_, err := s.eval(ctx, "marking home tabs", homesDirtyScript, []string{s.keys.homes(), s.keys.homesDue()}, args...)
	return err
}

// NextDirtyHome gives the caller a home tab to draw, for as long as lease: the user, and the mark of what the tab shows. All
// replicas together are given no more than one in each stretch of pace; false: there is none just now. A tab that
// HomeRendered does not hear of is given again when the lease has ended, until nobody has opened it for 8 hours.
func (s homeTabs) NextDirtyHome(ctx context.Context, lease, pace time.Duration) (user, shown string, ok bool, err error) {
	const doing = "looking for home tabs to draw"
	for {
		a, err := s.eval(ctx, doing, homeNextScript,
			[]string{s.keys.homes(), s.keys.homesDue(), s.keys.homesShown(), s.keys.homesPace()},
			lease.Milliseconds(), pace.Milliseconds(), homeOpenFor.Milliseconds())
		switch {
		case err != nil:
			return "", "", false, err
		case a.word == "ok":
			return a.value, a.more, true, nil
		case a.word == "none":
			return "", "", false, nil
		case a.word != "gone":
			return "", "", false, a.unexpected(doing)
		}
	}
}

// HomeRendered notes that a home tab shows what has the mark now, where it showed what had the mark was. If somebody
// else drew the tab meanwhile, or an empty mark says that it is not worth keeping, it is drawn once more.
func (s homeTabs) HomeRendered(ctx context.Context, user, was, now string) error {
	_, err := s.eval(ctx, "noting what a home tab shows", homeRenderedScript,
		[]string{s.keys.homes(), s.keys.homesDue(), s.keys.homesShown()},
		user, was, now, homeGather.Milliseconds(), homeOpenFor.Milliseconds())
	return err
}

// HomeClosed forgets a home tab until it is opened again.
func (s homeTabs) HomeClosed(ctx context.Context, user string) error {
	_, err := s.rdb.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.ZRem(ctx, s.keys.homes(), user)
		p.ZRem(ctx, s.keys.homesDue(), user)
		p.HDel(ctx, s.keys.homesShown(), user)
		return nil
	})
	return fault("forgetting a home tab", err)
}
