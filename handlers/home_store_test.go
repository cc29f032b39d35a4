package handlers

import (
	"context"
	"maps"
	"slices"
	"time"
)

// shelf remembers home tabs and what people follow, for tests: a tab that is wanted is due at once, and a lease ends
// when it is told to.
type shelf struct {
	open  map[string]bool
	shown map[string]string
	due   map[string]bool
	lent  map[string]bool
	said  map[string]map[string]string
	down  error
}

func newShelf() *shelf {
	return &shelf{
		open: map[string]bool{}, shown: map[string]string{}, due: map[string]bool{}, lent: map[string]bool{},
		said: map[string]map[string]string{},
	}
}

func (s *shelf) HomeOpened(_ context.Context, user string) (string, error) {
	s.open[user] = true
	return s.shown[user], s.down
}

func (s *shelf) OpenHomes(context.Context) ([]string, error) {
	return slices.Sorted(maps.Keys(s.open)), s.down
}

func (s *shelf) MarkHomesDirty(_ context.Context, users []string) error {
	for _, u := range users {
		if s.open[u] {
			s.due[u] = true
		}
	}
	return s.down
}

func (s *shelf) NextDirtyHome(context.Context, time.Duration, time.Duration) (user, shown string, ok bool, err error) {
	for _, u := range slices.Sorted(maps.Keys(s.due)) {
		if !s.lent[u] {
			delete(s.due, u)
			s.lent[u] = true
			return u, s.shown[u], true, s.down
		}
	}
	return "", "", false, s.down
}

func (s *shelf) HomeRendered(_ context.Context, user, was, now string) error {
	delete(s.lent, user)
	if now == "" || s.shown[user] != was {
		delete(s.shown, user)
		s.due[user] = true
		return s.down
	}
	s.shown[user] = now
	return s.down
}

func (s *shelf) HomeClosed(_ context.Context, user string) error {
	for _, m := range []map[string]bool{s.open, s.due, s.lent} {
		delete(m, user)
	}
	delete(s.shown, user)
	return s.down
}

// endLeases gives again what was given and not drawn.
func (s *shelf) endLeases() {
	maps.Copy(s.due, s.lent)
	clear(s.lent)
}

func (s *shelf) Follow(_ context.Context, user, connection, say string, most int) (bool, error) {
	if s.down != nil {
		return false, s.down
	}
	if s.said[user] == nil {
		s.said[user] = map[string]string{}
	}
	mine := s.said[user]
	if _, ok := mine[connection]; !ok && say != "" && len(mine) >= most {
		return false, nil
	}
	mine[connection] = say
	if say == "" {
		delete(mine, connection)
	}
	return true, nil
}

func (s *shelf) Follows(_ context.Context, user string) (map[string]string, error) {
	return maps.Clone(s.said[user]), s.down
}

func (s *shelf) Followings(_ context.Context, connection string, users []string) (map[string]string, error) {
	all := map[string]string{}
	for _, u := range users {
		if what := s.said[u][connection]; what != "" {
			all[u] = what
		}
	}
	return all, s.down
}
