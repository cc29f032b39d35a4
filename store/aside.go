package store

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

//go:embed lua/request_put_aside.lua
var asideSource string

//go:embed lua/request_requeue.lua
var requeueSource string

var (
	asideScript   = redis.NewScript(lib + asideSource)
	requeueScript = redis.NewScript(lib + requeueSource)
)

// What the audit calls it.
const (
	whatAside   = "put_aside"
	whatRequeue = "requeue"
	whatResolve = "resolve"
)

// putAside takes a request that can't be read out of every index, so that it stops nobody, and tells whoever the store
// was given to be told. It does what it can: whoever met the request goes on without it either way.
func (s *Store) putAside(ctx context.Context, id, target string, why error) {
	at, err := s.Now(ctx)
	if err != nil {
		return
	}
	a, err := s.run(ctx, transition{
		doing: "putting request " + id + " aside", script: asideScript, id: id,
		entry: change.Entry{At: at, What: whatAside, Target: target, Detail: "its record can't be read"},
		keys:  []string{s.keys.pending(), s.keys.ready(), s.keys.leases(), s.keys.aside(), s.keys.waiting()},
	})
	if err == nil && a.word == "ok" {
		s.aside(ctx, id, why)
	}
}

// Aside is a request that was put aside.
type Aside struct {
	ID    string    `json:"id"`
	Since time.Time `json:"since"`
}

// PutAside returns the requests that were put aside, the oldest first, at most limit.
func (s *Store) PutAside(ctx context.Context, limit int) ([]Aside, error) {
	found, err := s.rdb.ZRangeWithScores(ctx, s.keys.aside(), 0, int64(limit)-1).Result()
	if err != nil {
		return nil, fault("listing what was put aside", err)
	}
	all := make([]Aside, 0, len(found))
	for _, z := range found {
		id, _ := z.Member.(string)
		all = append(all, Aside{ID: id, Since: fromMillis(int64(z.Score))})
	}
	return all, nil
}

// Requeue lets a request that was put aside go on in the state that it has. change.ErrConflict if it is not put aside.
func (s *Store) Requeue(ctx context.Context, id string, by change.Actor, reason string) error {
	return s.takeUp(ctx, id, change.Entry{What: whatRequeue, By: by, Detail: reason}, "")
}

// Resolve ends a request that was put aside and frees its target, because a person says that nothing of it is left.
func (s *Store) Resolve(ctx context.Context, id string, by change.Actor, reason string) error {
	return s.takeUp(ctx, id, change.Entry{What: whatResolve, By: by, Detail: reason}, change.RolledBack)
}

func (s *Store) takeUp(ctx context.Context, id string, entry change.Entry, to change.State) error {
	doing := "taking up request " + id
	seen, err := s.glance(ctx, id)
	if err != nil {
		return err
	}
	from := seen.state
	if to == "" {
		to = from
	}
	if !to.Valid() {
		return fmt.Errorf("%s: its state %q is not known to this version of the bot", doing, from)
	}
	at, err := s.Now(ctx)
	if err != nil {
		return err
	}
	entry.At, entry.From, entry.To, entry.Target = at, from, to, seen.target
	a, err := s.run(ctx, transition{
		doing: doing, script: requeueScript, id: id, version: seen.version, entry: entry,
		keys: append([]string{
			s.keys.pending(), s.keys.ready(), s.keys.leases(), s.keys.aside(), s.keys.wake(), s.keys.target(seen.target), s.keys.steps(id),
			s.keys.waiting(), s.keys.open(),
		}, s.keys.locks(seen.locked())...),
		args: []any{place(to), string(to), int(keep.Seconds())},
	})
	switch {
	case err != nil:
		return err
	case a.word == "conflict":
		return fmt.Errorf("%s: it is not put aside: %w", doing, change.ErrConflict)
	case a.word != "ok":
		return a.unexpected(doing)
	}
	return nil
}

// passedOver reports whether a list goes on without a request: one that is kept no longer, a newer version's, or one that
// can't be read.
func passedOver(err error) bool {
	return errors.Is(err, change.ErrNotFound) || errors.Is(err, change.ErrNewer) || errors.Is(err, change.ErrUnreadable)
}
