package elastic

import (
	"context"
	"time"
)

type recentKey struct{}

// AllowRecent lets reads under ctx be answered with what the same read brought no longer than maxAge ago. Answers of the
// connection itself are never taken from memory; see the adapters. 0 takes the permission back.
func AllowRecent(ctx context.Context, maxAge time.Duration) context.Context {
	return context.WithValue(ctx, recentKey{}, maxAge)
}

// RecentAllowed returns the age that AllowRecent set; 0: everything is to be read now.
func RecentAllowed(ctx context.Context) time.Duration {
	maxAge, _ := ctx.Value(recentKey{}).(time.Duration)
	return maxAge
}
