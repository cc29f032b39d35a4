package store

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	tabOpen   = 8 * time.Hour // after it was opened, a home tab is kept current for this long
	tabsKept  = 300           // home tabs that are kept current at the same time
	tabGather = time.Second   // a burst of changes within it draws a tab once
)

// TabOpened remembers that user looks at the home tab, and returns the mark of what it showed last; empty if that is
// not known.
func (s *Store) TabOpened(ctx context.Context, user string) (shown string, err error) {
	a, err := s.eval(ctx, "remembering an open home tab", openedScript,
		[]string{s.keys.tabs(), s.keys.tabsDue(), s.keys.tabsShown()}, user, tabOpen.Milliseconds(), tabsKept)
	return a.value, err
}

// OpenTabs returns the users whose home tab was opened in the last 8 hours, at most 300 of them.
func (s *Store) OpenTabs(ctx context.Context) ([]string, error) {
	const doing = "listing open home tabs"
	now, err := s.rdb.Time(ctx).Result()
	if err != nil {
		return nil, fault(doing, err)
	}
	since := strconv.FormatInt(now.Add(-tabOpen).UnixMilli(), 10)
	users, err := s.rdb.ZRangeByScore(ctx, s.keys.tabs(), &redis.ZRangeBy{Min: since, Max: "+inf"}).Result()
	return users, fault(doing, err)
}

// TabsStale wants the users' home tabs drawn anew, as far as they are open, once a burst of changes is over.
func (s *Store) TabsStale(ctx context.Context, users []string) error {
	if len(users) == 0 {
		return nil
	}
	args := []any{tabGather.Milliseconds(), tabOpen.Milliseconds()}
	for _, u := range users {
		args = append(args, u)
	}
	_, err := s.eval(ctx, "marking home tabs", staleScript, []string{s.keys.tabs(), s.keys.tabsDue()}, args...)
	return err
}

// StaleTab gives the caller a home tab to draw, for as long as lease: the user, and the mark of what the tab shows. All
// replicas together are given no more than one in each stretch of pace; false: there is none just now. A tab that
// TabDrawn does not hear of is given again when the lease has ended, until nobody has opened it for 8 hours.
func (s *Store) StaleTab(ctx context.Context, lease, pace time.Duration) (user, shown string, ok bool, err error) {
	const doing = "looking for home tabs to draw"
	for {
		a, err := s.eval(ctx, doing, dueScript,
			[]string{s.keys.tabs(), s.keys.tabsDue(), s.keys.tabsShown(), s.keys.tabsPace()},
			lease.Milliseconds(), pace.Milliseconds(), tabOpen.Milliseconds())
		switch {
		case err != nil:
			return "", "", false, err
		case a.word == "ok":
			return a.value, a.more, true, nil
		case a.word == "none":
			return "", "", false, nil
		case a.word != "gone":
			return "", "", false, a.strange(doing)
		}
	}
}

// TabDrawn notes that a home tab shows what has the mark now, where it showed what had the mark was. If somebody
// else drew the tab meanwhile, or an empty mark says that it is not worth keeping, it is drawn once more.
func (s *Store) TabDrawn(ctx context.Context, user, was, now string) error {
	_, err := s.eval(ctx, "noting what a home tab shows", drawnScript,
		[]string{s.keys.tabs(), s.keys.tabsDue(), s.keys.tabsShown()},
		user, was, now, tabGather.Milliseconds(), tabOpen.Milliseconds())
	return err
}

// TabClosed forgets a home tab until it is opened again.
func (s *Store) TabClosed(ctx context.Context, user string) error {
	_, err := s.rdb.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.ZRem(ctx, s.keys.tabs(), user)
		p.ZRem(ctx, s.keys.tabsDue(), user)
		p.HDel(ctx, s.keys.tabsShown(), user)
		return nil
	})
	return fault("forgetting a home tab", err)
}
