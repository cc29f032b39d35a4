package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// follows are what people say about following connections.
type follows struct{ *db }

// Beside the names of connections, which all have slashes, the hash holds its schema under fieldSchema.

// Follow writes down what user says about following a connection: "on", "off", or nothing, which forgets it. false: the
// user has said something about most connections already. Errors: change.ErrNewer, change.ErrUnavailable.
func (s follows) Follow(ctx context.Context, user, connection, say string, most int) (bool, error) {
	const doing = "noting what somebody follows"
	a, err := s.eval(ctx, doing, followSetScript, []string{s.keys.follows(user), s.keys.followers(connection)}, change.Schema, connection, say, most, user)
	switch {
	case err != nil:
		return false, err
	case a.word == "ok", a.word == "full":
		return a.word == "ok", nil
	}
	return false, a.unexpected(doing)
}

// Follows returns what user said about following connections, by their names.
func (s follows) Follows(ctx context.Context, user string) (map[string]string, error) {
	const doing = "reading what somebody follows"
	said, err := s.rdb.HGetAll(ctx, s.keys.follows(user)).Result()
	if err != nil {
		return nil, fault(doing, err)
	}
	if n, _ := strconv.Atoi(said[fieldSchema]); n > change.Schema {
		return nil, fmt.Errorf("%s: %w", doing, change.ErrNewer)
	}
	delete(said, fieldSchema)
	return said, nil
}

// Followers returns who said that they follow a connection, sorted.
func (s follows) Followers(ctx context.Context, connection string) ([]string, error) {
	all, err := s.rdb.SMembers(ctx, s.keys.followers(connection)).Result()
	slices.Sort(all)
	return all, fault("reading who follows a connection", err)
}

// Followings returns what each of the users said about following one connection; who said nothing is left out.
func (s follows) Followings(ctx context.Context, connection string, users []string) (map[string]string, error) {
	got := make([]*redis.StringCmd, len(users))
	_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, u := range users {
			got[i] = p.HGet(ctx, s.keys.follows(u), connection)
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, fault("reading who follows a connection", err)
	}
	all := map[string]string{}
	for i, u := range users {
		if said := got[i].Val(); said != "" {
			all[u] = said
		}
	}
	return all, nil
}
