package store

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// sealed are the texts that are kept encrypted for requests.
type sealed struct{ *db }

// PutSealed keeps a sealed text for a request, in place of any before it. Redis forgets it after keep.
func (s sealed) PutSealed(ctx context.Context, request, sealed string, keep time.Duration) error {
	return fault("keeping a sealed text", s.rdb.Set(ctx, s.keys.sealed(request), sealed, keep).Err())
}

// Sealed returns the sealed text of a request, if it is still there.
func (s sealed) Sealed(ctx context.Context, request string) (sealed string, ok bool, err error) {
	sealed, err = s.rdb.Get(ctx, s.keys.sealed(request)).Result()
	if errors.Is(err, redis.Nil) {
		return "", false, nil
	}
	return sealed, err == nil, fault("reading a sealed text", err)
}

// DeleteSealed forgets the sealed text of a request; it forgives one that is gone.
func (s sealed) DeleteSealed(ctx context.Context, request string) error {
	return fault("forgetting a sealed text", s.rdb.Del(ctx, s.keys.sealed(request)).Err())
}
