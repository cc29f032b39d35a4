package store

import (
	"context"
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// lists are requests by what they have in common.
type lists struct{ *requests }

// Mine returns the requests that user asked for, newest first.
func (s lists) Mine(ctx context.Context, user string, limit int) ([]*change.Request, error) {
	return s.list(ctx, limit, func(from, to int64) ([]string, error) {
		return s.rdb.ZRevRange(ctx, s.keys.mine(user), from, to).Result()
	}, always)
}

// Recent returns requests of anybody, newest first.
func (s lists) Recent(ctx context.Context, limit int) ([]*change.Request, error) {
	return s.list(ctx, limit, func(from, to int64) ([]string, error) {
		members, err := s.rdb.ZRevRange(ctx, s.keys.recent(), from, to).Result()
		for i, m := range members {
			members[i], _ = parseRecent(m)
		}
		return members, err
	}, always)
}

// PendingRequests returns the requests that wait for approvals, the one first that expires first.
func (s lists) PendingRequests(ctx context.Context, limit int) ([]*change.Request, error) {
	return s.list(ctx, limit, func(from, to int64) ([]string, error) {
		return s.rdb.ZRange(ctx, s.keys.pending(), from, to).Result()
	}, func(r *change.Request) bool { return r.State == change.Pending })
}

// Reviews returns the requests that somebody approved alone and others have yet to review, the one first that is due first.
func (s lists) Reviews(ctx context.Context, limit int) ([]*change.Request, error) {
	return s.list(ctx, limit, func(from, to int64) ([]string, error) {
		return s.rdb.ZRange(ctx, s.keys.reviews(), from, to).Result()
	}, func(r *change.Request) bool { return r.Review().Open() })
}

// PendingFrom returns the requests that wait for approvals among the next limit that may expire, from a place on, and
// the place to go on from; 0: those were the last. What comes and goes meanwhile may be passed over or seen twice.
func (s lists) PendingFrom(ctx context.Context, from int64, limit int) (pending []*change.Request, next int64, err error) {
	ids, err := s.rdb.ZRange(ctx, s.keys.pending(), from, from+int64(limit)-1).Result()
	if err != nil {
		return nil, 0, fault("listing requests", err)
	}
	if len(ids) == limit {
		next = from + int64(limit)
	}
	got, err := s.load(ctx, ids...)
	if err != nil {
		return nil, 0, err
	}
	for _, l := range got {
		switch {
		case passedOver(l.err):
		case l.err != nil:
			return nil, 0, l.err
		case l.request.State == change.Pending:
			pending = append(pending, l.request)
		}
	}
	return pending, next, nil
}

func always(*change.Request) bool { return true }

// list reads an index in pages until it has limit requests that are wanted. It passes over those that are kept
// no longer, those of a newer version of the bot, and those that can't be read: one of them must not hide the others.
func (s lists) list(
	ctx context.Context, limit int, page func(from, to int64) ([]string, error), wanted func(*change.Request) bool,
) ([]*change.Request, error) {
	var all []*change.Request
	for from := int64(0); len(all) < limit; {
		ids, err := page(from, from+int64(limit)-1)
		if err != nil {
			return nil, fault("listing requests", err)
		}
		if len(ids) == 0 {
			break
		}
		from += int64(len(ids))
		got, err := s.load(ctx, ids...)
		if err != nil {
			return nil, err
		}
		for _, l := range got {
			switch {
			case passedOver(l.err):
			case l.err != nil:
				return nil, l.err
			case wanted(l.request) && len(all) < limit:
				all = append(all, l.request)
			}
		}
	}
	return all, nil
}

// Holder returns the id of the request that holds the target, if there is one.
func (s lists) Holder(ctx context.Context, target string) (id string, ok bool, err error) {
	id, err = s.rdb.Get(ctx, s.keys.target(target)).Result()
	if errors.Is(err, redis.Nil) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fault("asking who holds a target", err)
	}
	open, err := s.rdb.HExists(ctx, s.keys.open(), id).Result() // as request_create looks at it
	return id, open, fault("asking who holds a target", err)
}

// recentMember names the user beside the id, so that both indexes can be trimmed after the request is gone.
func recentMember(id, user string) string { return id + " " + user }

func parseRecent(member string) (id, user string) {
	id, user, _ = strings.Cut(member, " ")
	return id, user
}
